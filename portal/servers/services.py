"""Lets DICOM Servers in: codes for one enrolment each, the enrolment itself, and signs of life."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actors import Actor, ServerActor
from audit.services import record_enrolment_code_made, record_server_enrolled
from portal.institutions.models import Institution
from portal.servers.models import DicomServer, EnrolmentCode
from portal.servers.selectors import locked_code, server_with_key
from wire.enrolments import Enrolment
from wire.keys import parse_public_key, thumbprint

CODE_LIFETIME: Final = timedelta(hours=24)
# Without letters and digits that are confused when read aloud; 5 bits each.
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GROUPS: Final = 4
_GROUP_LENGTH: Final = 4


class EnrolmentCodeInvalid(Exception):
    """The code is unknown, used, or too old; which of these is not told."""


@transaction.atomic
def create_enrolment_code(
    *, actor: Actor, institution: Institution, server_name: str, lifetime: timedelta = CODE_LIFETIME
) -> tuple[EnrolmentCode, str]:
    """Return a new code and its text, which is shown once and kept nowhere: 80 bits, in groups of four."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    text = "-".join(groups)
    now = timezone.now()
    code = EnrolmentCode.objects.create(
        institution=institution,
        server_name=server_name,
        code_digest=_digest(text),
        created_by_name=actor.name[:200],
        created_at=now,
        expires_at=now + lifetime,
    )
    record_enrolment_code_made(
        actor=actor, institution=institution.short_name, server_name=server_name, expires_at=code.expires_at
    )
    return code, text


@transaction.atomic
def enrol_server(*, enrolment: Enrolment, remote_address: str = "", request_id: str = "") -> DicomServer:
    """Return the server that the code lets in; the same key with the same code gets the same answer again.

    The caller has verified that the sender holds the key. Raises EnrolmentCodeInvalid.
    """
    code = locked_code(_digest(enrolment.code))
    now = timezone.now()
    if code is None:
        raise EnrolmentCodeInvalid
    if code.used_at is not None:
        # The answer was lost on the way: its sender asks again with the same key.
        if code.used_by is None or code.used_by.disabled_at or code.used_by.public_key != enrolment.public_key:
            raise EnrolmentCodeInvalid
        return code.used_by
    if code.expires_at <= now or server_with_key(enrolment.public_key) is not None:
        raise EnrolmentCodeInvalid
    server = _new_server(code, enrolment, now)
    code.used_at = now
    code.used_by = server
    code.save(update_fields=["used_at", "used_by"])
    _record_enrolment(server, remote_address, request_id)
    return server


def _new_server(code: EnrolmentCode, enrolment: Enrolment, now: datetime) -> DicomServer:
    try:
        with transaction.atomic():
            return DicomServer.objects.create(
                institution=code.institution,
                name=code.server_name,
                ae_title=enrolment.ae_title.strip(" "),
                dicom_host=enrolment.dicom_host,
                dicom_port=enrolment.dicom_port,
                dicomweb_url=enrolment.dicomweb_url,
                public_key=enrolment.public_key,
                enrolled_at=now,
                version=enrolment.version,
            )
    except IntegrityError as error:
        # The same key enrolled with another code at the same moment.
        raise EnrolmentCodeInvalid from error


def record_contact(*, server: DicomServer, at: datetime, version: str) -> None:
    """Remember that the server spoke; an older word changes nothing."""
    DicomServer.objects.filter(pk=server.pk).exclude(last_contact_at__gte=at).update(
        last_contact_at=at, version=version
    )


def record_sealing_key(*, server: DicomServer, sealing_key: str) -> None:
    """Seal for the server with this key from now on; the caller has verified that the server announced it."""
    DicomServer.objects.filter(pk=server.pk).update(sealing_key=sealing_key)


def _record_enrolment(server: DicomServer, remote_address: str, request_id: str) -> None:
    institution = server.institution.short_name
    record_server_enrolled(
        actor=ServerActor(
            str(server.pk), server.name, institution, remote_address=remote_address, request_id=request_id
        ),
        server_id=str(server.pk),
        server_name=server.name,
        institution=institution,
        details={
            "ae_title": server.ae_title,
            "dicomweb_url": server.dicomweb_url,
            "key": thumbprint(parse_public_key(server.public_key)),
        },
    )


def _digest(code: str) -> str:
    """The digest under which a code is kept; how it was typed does not matter."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
