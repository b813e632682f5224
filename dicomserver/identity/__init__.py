"""Who this DICOM Server is: its own key, its place in the network, and the keys of the portal that it believes."""

from dicomserver.identity.enrolment import AlreadyEnrolled, Endpoint, EnrolmentFailed, enrol
from dicomserver.identity.files import (
    Identity,
    IdentityBroken,
    IdentityError,
    IdentityReader,
    NotEnrolled,
    ensure_sealing_key,
    load_identity,
    replace_portal_keys,
)
from dicomserver.identity.portal import Portal, PortalBusy, PortalError, PortalRefused, PortalUnreachable

__all__ = [
    "AlreadyEnrolled",
    "Endpoint",
    "EnrolmentFailed",
    "Identity",
    "IdentityBroken",
    "IdentityError",
    "IdentityReader",
    "NotEnrolled",
    "Portal",
    "PortalBusy",
    "PortalError",
    "PortalRefused",
    "PortalUnreachable",
    "enrol",
    "ensure_sealing_key",
    "load_identity",
    "replace_portal_keys",
]
