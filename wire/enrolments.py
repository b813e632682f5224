"""Enrolment: how a new DICOM Server makes itself known, once, with a code from an administrator."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from wire.heartbeats import MAX_PORTAL_KEYS, PublicKey
from wire.keys import PublicKeyText
from wire.messages import Answer, Message
from wire.text import URL_LENGTH, ShortId, Text, Version

# No user, query, fragment, space, quote or semicolon: the URL is written into security headers.
_WEB_URL: Final = (
    r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
    r"(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?$"
)
_HOST: Final = r"^[A-Za-z0-9:]([A-Za-z0-9.:-]*[A-Za-z0-9:])?$"
# PS3.5 6.2: at most 16 characters of the default repertoire without backslash, not only spaces.
_AE_TITLE: Final = r"^ *[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])? *$"

WebUrl = Annotated[str, Field(min_length=8, max_length=URL_LENGTH, pattern=_WEB_URL)]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=_HOST)]
AeTitle = Annotated[str, Field(min_length=1, max_length=16, pattern=_AE_TITLE)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Enrolment(Message):
    """Signed with the key that it brings: `iss` of the credential is that key's thumbprint."""

    message_id: UUID
    code: ShortId
    public_key: PublicKeyText
    ae_title: AeTitle
    dicomweb_url: WebUrl
    dicom_host: Host
    dicom_port: Port
    version: Version


class EnrolmentAnswer(Answer):
    """Who the server is from now on, and whose tokens it believes."""

    server_id: UUID
    institution_code: ShortId
    institution_name: Text
    portal_keys: Annotated[tuple[PublicKey, ...], Field(max_length=MAX_PORTAL_KEYS)]
