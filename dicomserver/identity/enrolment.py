"""Enrolment: the server makes its key, shows the portal a one-time code, and becomes somebody."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from dicomserver.identity.files import (
    Identity,
    IdentityBroken,
    ServerFile,
    ensure_sealing_key,
    finish_key,
    is_enrolled,
    load_identity,
    pending_key,
    write_server_file,
)
from dicomserver.identity.portal import Portal, PortalBusy, PortalRefused, PortalUnreachable
from wire import problems, routes
from wire.enrolments import Enrolment, EnrolmentAnswer
from wire.keys import public_key_text, thumbprint
from wire.messages import MessageRefused, body_of, parse


class EnrolmentFailed(Exception):
    """The server is not enrolled; the message says what to do next."""


class AlreadyEnrolled(EnrolmentFailed):
    """The server has an identity, which a second enrolment would replace."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where others reach this server, as it tells the portal."""

    ae_title: str
    dicomweb_url: str
    dicom_host: str
    dicom_port: int
    version: str


def enrol(*, home: Path, portal_url: str, code: str, endpoint: Endpoint, force: bool = False) -> Identity:
    """Enrol with the portal and return the new identity, which is on disk by then.

    Nothing of an earlier identity changes unless the portal accepts. Raises AlreadyEnrolled or EnrolmentFailed.
    """
    if is_enrolled(home) and not force:
        raise AlreadyEnrolled(
            f"This server is already enrolled ({home / 'identity'}). Enrolling again makes a new key and a new "
            "server at the portal, which then no longer believes the old one. If that is meant, add --force."
        )
    portal_url = _checked_url(portal_url)
    code = code.strip()
    private_key = _key(home, code)
    answer = _ask(portal_url, _enrolment(code, endpoint, private_key), private_key)
    server = ServerFile(
        server_id=answer.server_id,
        institution_code=answer.institution_code,
        institution_name=answer.institution_name,
        portal_url=portal_url,
        key=thumbprint(private_key),
        portal_keys=tuple(sorted(answer.portal_keys, key=lambda key: key.kid)),
    )
    write_server_file(home, server)
    finish_key(home, code)
    ensure_sealing_key(home)
    return load_identity(home)


def _key(home: Path, code: str) -> Ed25519PrivateKey:
    try:
        return pending_key(home, code)
    except (IdentityBroken, OSError) as error:
        raise EnrolmentFailed(f"The key of this server cannot be made or read: {error}") from error


def _checked_url(text: str) -> str:
    url = text.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise EnrolmentFailed(f"{text!r} is no address of a portal: give one like https://portal.example.org.")
    return url


def _enrolment(code: str, endpoint: Endpoint, private_key: Ed25519PrivateKey) -> Enrolment:
    try:
        return Enrolment(
            message_id=uuid4(),
            code=code,
            public_key=public_key_text(private_key),
            ae_title=endpoint.ae_title,
            dicomweb_url=endpoint.dicomweb_url,
            dicom_host=endpoint.dicom_host,
            dicom_port=endpoint.dicom_port,
            version=endpoint.version,
        )
    except ValidationError as error:
        fields = ", ".join(sorted({str(part["loc"][0]) for part in error.errors() if part["loc"]}))
        raise EnrolmentFailed(f"The enrolment cannot be sent: check {fields} (settings of this server).") from error


def _ask(portal_url: str, enrolment: Enrolment, private_key: Ed25519PrivateKey) -> EnrolmentAnswer:
    portal = Portal(url=portal_url, issuer=thumbprint(private_key), private_key=private_key)
    try:
        with portal:
            return parse(EnrolmentAnswer, portal.post(routes.ENROLMENTS, body_of(enrolment)))
    except PortalUnreachable as error:
        raise EnrolmentFailed(f"{error} Check the address and try again; the code is still good.") from error
    except (PortalBusy, PortalRefused) as error:
        if error.code == problems.ENROLMENT_CODE_INVALID:
            raise EnrolmentFailed(
                "The portal does not accept this code: it was mistyped, used or has expired. "
                "Ask the administrator of the portal for a new one."
            ) from error
        raise EnrolmentFailed(f"The portal did not enrol this server: {error}") from error
    except MessageRefused as error:
        raise EnrolmentFailed(f"The portal's answer makes no sense ({error.detail}); is it a portal?") from error
