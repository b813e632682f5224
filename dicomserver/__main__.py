"""Command line of the DICOM Server: `python -m dicomserver COMMAND` is Django's, with this server's settings."""

import os
import sys


def main() -> None:
    """Run a Django command with the DICOM Server's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - settings first

    execute_from_command_line(["python -m dicomserver", *sys.argv[1:]])


if __name__ == "__main__":
    main()
