"""Fills the portal in a process of its own: people and enrolment codes before it runs, grants once studies are in.

python -m demo.seed_portal people PEOPLE-FILE CODES-FILE
python -m demo.seed_portal grants
"""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main(arguments: list[str]) -> int:
    """Run one part with the portal's settings, which the environment names."""
    django.setup()
    from demo.portal_access import give_grants  # noqa: PLC0415 - models need settings first
    from demo.portal_people import seed_people  # noqa: PLC0415

    match arguments:
        case ["people", people_file, codes_file]:
            seed_people(Path(people_file), Path(codes_file))
        case ["grants"]:
            give_grants()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
