"""Fills the portal in processes of their own: tables, people and a provider before it runs, grants once studies are in.

python -m demo.seed_portal people PEOPLE-FILE CODES-FILE ISSUER SECRET-FILE CALLBACKS-FILE
python -m demo.seed_portal grants GRANTS-FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main(arguments: list[str]) -> int:
    """Run one part with the portal's settings, which the environment names."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415 - commands need settings first

    from demo.portal_access import give_grants  # noqa: PLC0415 - models need settings first
    from demo.portal_people import seed_people  # noqa: PLC0415
    from demo.portal_single_sign_on import seed_provider  # noqa: PLC0415

    match arguments:
        case ["people", people_file, codes_file, issuer, secret_file, callbacks_file]:
            call_command("migrate", interactive=False)
            if getattr(settings, "STATIC_ROOT", None) is not None:
                call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            seed_people(Path(people_file), Path(codes_file))
            seed_provider(issuer, Path(secret_file), Path(callbacks_file))
        case ["grants", grants_file]:
            give_grants(Path(grants_file))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
