"""A study UID in an address: whatever is no UID is no address of ours. `STUDY` stands for it in URL patterns."""

from typing import Final

from django.urls import register_converter

from wire.uids import parse_uid


class StudyInstanceUidConverter:
    """Path converter `study_uid`: a UID of PS3.5 9.1."""

    regex = "[0-9.]{1,64}"

    def to_python(self, value: str) -> str:
        """Return the UID; ValueError, which is no match, for anything else."""
        return parse_uid(value)

    def to_url(self, value: str) -> str:
        """Return the UID as it stands in the address."""
        return value


register_converter(StudyInstanceUidConverter, "study_uid")
STUDY: Final = "<study_uid:study_instance_uid>"
