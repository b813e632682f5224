"""Who acts: a person, a DICOM Server or the system itself; nothing is recorded without one."""

from dataclasses import dataclass
from typing import Final, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

SYSTEM_ROLE: Final = "system"
SERVER_ROLE: Final = "dicom_server"
NOBODY_ROLE: Final = "not_signed_in"


@dataclass(frozen=True)
class Actor:
    """Whoever acts, as they were called at that time. Roles are codes, institutions short names."""

    actor_id: str
    name: str
    role: str
    institution: str = ""
    remote_address: str = ""
    request_id: str = ""


class SystemActor(Actor):
    """A task of the portal itself, by its name: `SystemActor("intake")`."""

    def __init__(self, name: str, *, request_id: str = "") -> None:
        super().__init__(actor_id=f"system:{name}", name=name, role=SYSTEM_ROLE, request_id=request_id)


class ServerActor(Actor):
    """A DICOM Server that acts for itself, such as when it enrols."""

    def __init__(
        self, server_id: str, name: str, institution: str, *, remote_address: str = "", request_id: str = ""
    ) -> None:
        super().__init__(
            actor_id=f"server:{server_id}",
            name=name,
            role=SERVER_ROLE,
            institution=institution,
            remote_address=remote_address,
            request_id=request_id,
        )


class UnknownActor(Actor):
    """Somebody who is not signed in, or whom a token does not name."""

    def __init__(self, *, actor_id: str = "", remote_address: str = "", request_id: str = "") -> None:
        super().__init__(
            actor_id=actor_id, name="", role=NOBODY_ROLE, remote_address=remote_address, request_id=request_id
        )


def actor_of(request: HttpRequest) -> Actor:
    """Whoever sends `request`, by the function that the setting AUDIT_ACTOR_OF names."""
    return cast("Actor", import_string(settings.AUDIT_ACTOR_OF)(request))
