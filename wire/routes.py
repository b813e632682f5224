"""Where the portal receives each message, and how large a body may be."""

from typing import Final

STUDY_REPORTS: Final = "/wire/v1/study-reports/"
HEARTBEATS: Final = "/wire/v1/heartbeats/"
ACCESS_EVENTS: Final = "/wire/v1/access-events/"
ENROLMENTS: Final = "/wire/v1/enrolments/"
# A server asks for what is newer than the orders that it has, and tells what became of them.
ORDERS: Final = "/wire/v1/orders/"
ORDER_REPORTS: Final = "/wire/v1/order-reports/"

MAX_BODY_BYTES: Final = 8 * 1024 * 1024
