"""Tells what is not an instance to be stored from its SOP Class: a DICOMDIR, a command, a query."""

from typing import Final

from pydicom.uid import UID

# PS3.4 Annex B lists storage classes, PS3.6 Table A-1 says of each UID what it is.
_STORAGE: Final = "Storage"
_NOT_OF_INSTANCES: Final = ("Storage Commitment", "Media Storage Directory")


def is_known_not_to_be_stored(sop_class_uid: str) -> bool:
    """Whether the standard knows the UID as something else than a storage SOP Class.

    Private classes, and those of later editions, are stored: an archive needs not know what it keeps.
    """
    uid = UID(sop_class_uid)
    if not sop_class_uid or uid.name == sop_class_uid:
        return False
    return _STORAGE not in uid.name or uid.name.startswith(_NOT_OF_INSTANCES)
