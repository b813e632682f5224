"""Where the portal receives each message, and how large a body may be."""

from typing import Final

STUDY_REPORTS: Final = "/wire/v1/study-reports/"
HEARTBEATS: Final = "/wire/v1/heartbeats/"
ACCESS_EVENTS: Final = "/wire/v1/access-events/"
ENROLMENTS: Final = "/wire/v1/enrolments/"

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
