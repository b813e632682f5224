"""Reads of DICOM Servers and of the codes with which they enrol."""

from uuid import UUID

from django.db.models import QuerySet

from portal.institutions.models import Institution
from portal.servers.models import DicomServer, EnrolmentCode


def enrolled_server(server_id: str) -> DicomServer | None:
    """The server of this ID that may speak; None for an unknown or a disabled one."""
    try:
        key = UUID(server_id)
    except ValueError:
        return None
    return DicomServer.objects.select_related("institution").filter(pk=key, disabled_at__isnull=True).first()


def servers_of(institutions: QuerySet[Institution] | None) -> QuerySet[DicomServer]:
    """The servers of some institutions, or of all for None, disabled ones left out."""
    servers = DicomServer.objects.select_related("institution").filter(disabled_at__isnull=True)
    return servers if institutions is None else servers.filter(institution__in=institutions)


def server_with_key(public_key: str) -> DicomServer | None:
    """The server that proves itself with this key."""
    return DicomServer.objects.select_related("institution").filter(public_key=public_key).first()


def locked_code(code_digest: str) -> EnrolmentCode | None:
    """The enrolment code, locked so that it is used once."""
    codes = EnrolmentCode.objects.select_for_update(of=("self",)).select_related("institution", "used_by")
    return codes.filter(code_digest=code_digest).first()
