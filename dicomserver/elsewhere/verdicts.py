"""How a retrieval ended, by what the archive says and by what is here: what has arrived counts."""

from typing import Final

from django.conf import settings

from dicomserver.elsewhere.models import Fetching, Retrieval

# PS3.4 Tables C.4-2 and C.4-3.
SUCCESS: Final = 0x0000
WARNING: Final = 0xB000
CANCELLED: Final = 0xFE00
DESTINATION_UNKNOWN: Final = 0xA801
CANNOT_SEND: Final = 0xA702


def verdict_of(row: Retrieval, status: int) -> tuple[Fetching, str]:
    """The state, and what there is to say of it, once the archive has answered with this status at last."""
    held = row.held_before + row.arrived
    if status == DESTINATION_UNKNOWN:
        return Fetching.FAILED, (
            f"The archive does not know this server, or may not send to it. Its administrator has to add "
            f"{settings.DICOM_AE_TITLE}, port {settings.DICOM_PORT}, as a destination; "
            "this server's has to let it store."
        )
    if status == CANCELLED:
        return Fetching.STOPPED, ""
    wanted = row.expected if row.expected is not None else row.completed
    if status in {SUCCESS, WARNING} and held >= max(wanted, 1) and not row.failed:
        return Fetching.DONE, ""
    if row.failed or status == CANNOT_SEND:
        return Fetching.FAILED, (
            f"{row.failed or 'Some'} of the images could not be sent here. The rest is here. Try again, or ask the "
            "archive's administrator."
        )
    if status in {SUCCESS, WARNING}:
        return Fetching.FAILED, f"The archive says that it has sent everything, but only {held} images are here."
    return Fetching.FAILED, f"The archive could not send the study (status {status:04X})."
