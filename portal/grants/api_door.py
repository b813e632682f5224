"""The door of addresses for programs that are about a study: the audit names it where it exists."""

from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from portal.accounts.api_door import AuditedDoor
from portal.grants.guards import record_denied


class StudyDoor(AuditedDoor):
    """Signed in, or 401; what the policy hides is 404. Either leaves one audit event."""

    def record_denied(self, study_instance_uid: str | None = None) -> None:
        """Write who tried; without a UID the study is that of the address."""
        uid = self.kwargs.get("study_instance_uid", "") if study_instance_uid is None else study_instance_uid
        record_denied(self.request, uid, tried=self.tried)

    def refuse(self, request: Request, study_instance_uid: str = "") -> NotFound:
        """Write who tried to reach what is not theirs; the answer to give is returned."""
        record_denied(request, study_instance_uid, tried=self.tried)
        return NotFound()
