"""Who tries to reach the study, and what each may do with it; the matrix follows from this list and the ways."""

from dataclasses import dataclass
from typing import Final

VIEW: Final = frozenset({"view"})
DOWNLOAD: Final = frozenset({"view", "download"})
NOTHING: Final = frozenset[str]()


@dataclass(frozen=True)
class Subject:
    """Somebody, described as `docs/access.md` shows them. `key` names them in the seeding."""

    key: str
    words: str
    may: frozenset[str]
    access_ends: bool = False
    """They had access while they signed in and took a pass for the images; it ended since."""
    only_images: bool = False
    """What others found in them is not theirs to read."""
    without_identity: bool = False
    """What they may do they may do with the de-identified study, under its other UID."""


SUBJECTS: Final = (
    Subject("anonymous", "Nobody, signed out", NOTHING),
    Subject("radiologist", "Radiologist of the institution", DOWNLOAD),
    Subject("other_radiologist", "Radiologist of another institution", NOTHING),
    Subject("assigned_radiologist", "Radiologist of another institution, assigned", DOWNLOAD),
    Subject("named_doctor", "Referring doctor whom the study names", DOWNLOAD),
    Subject("unnamed_doctor", "Referring doctor of the institution whom it does not name", NOTHING),
    Subject("other_doctor", "Referring doctor of another institution, of the same name", NOTHING),
    Subject("patient", "Patient, by national ID", DOWNLOAD),
    Subject("other_patient", "Another patient", NOTHING),
    Subject("patient_in_conflict", "Patient whose national ID stands for two people", NOTHING),
    Subject("consultant", "Consultant with a grant to view", VIEW),
    Subject("consultant_without_grant", "Consultant of another study", NOTHING),
    Subject("consultant_later", "Consultant whose grant begins tomorrow", NOTHING),
    Subject("without_identity", "Consultant without identity, the study itself", NOTHING),
    Subject(
        "without_identity_mapped", "Consultant without identity, the de-identified study", VIEW, without_identity=True
    ),
    Subject("granted", "Person with a grant to view and download", DOWNLOAD),
    Subject("granted_patient", "Person with a grant to the patient's history", VIEW),
    Subject("granted_by_role", "Doctor of another institution, granted to that role", VIEW),
    Subject("not_of_granted_role", "Radiologist there, when only its doctors were granted", NOTHING),
    Subject("granted_by_address", "Person whose proved e-mail address was granted", VIEW),
    Subject("unproved_address", "Person who only claims the granted address", NOTHING),
    Subject("link_holder", "Holder of a share link to view", VIEW, only_images=True),
    Subject("break_glass", "Doctor who broke the glass", VIEW),
    Subject("institution_administrator", "Administrator of the institution", NOTHING),
    Subject("other_administrator", "Administrator of another institution", NOTHING),
    Subject("system_administrator", "System administrator", NOTHING),
    Subject("auditor", "Auditor", NOTHING),
    Subject("nobody_special", "Person without a role", NOTHING),
    Subject("expired", "Person whose grant ended", NOTHING, access_ends=True),
    Subject("revoked", "Person whose grant was revoked", NOTHING, access_ends=True),
    Subject("revoked_role", "Doctor whose role's grant was revoked", NOTHING, access_ends=True),
    Subject("revoked_link", "Holder of a revoked share link", NOTHING, access_ends=True),
    Subject("closed_break_glass", "Doctor whose break-glass was closed", NOTHING, access_ends=True),
    Subject("suspended_person", "Radiologist of the institution, account suspended", NOTHING, access_ends=True),
    Subject("suspended_role", "Radiologist of the institution, role suspended", NOTHING, access_ends=True),
    Subject("ended_role", "Radiologist of the institution, role ended", NOTHING, access_ends=True),
)
