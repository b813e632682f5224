"""Command line of the DICOM Server: `python -m dicomserver COMMAND` is Django's, with this server's settings."""

import os
import sys

from runtime.commands import run_command


def main() -> None:
    """Run a Django command with the DICOM Server's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings first

    arguments = ["python -m dicomserver", *sys.argv[1:]]
    run_command(execute_from_command_line, arguments, migrate="python -m dicomserver migrate")


if __name__ == "__main__":
    main()
