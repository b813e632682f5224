#!/usr/bin/env python
"""Command line of the portal (the DICOM Server's is `python -m dicomserver`)."""

import os
import sys

from runtime.commands import run_command


def main() -> None:
    """Run a Django command with the portal's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.development")
    from django.core.management import execute_from_command_line

    run_command(execute_from_command_line, sys.argv, migrate="python manage.py migrate")


if __name__ == "__main__":
    main()
