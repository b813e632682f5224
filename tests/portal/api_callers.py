"""A hospital whose people call the API in tests: a person of each role, and something for each of them to see."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from audit.models import Action
from audit.records import record
from audit.subjects import AuditedStudy
from portal.accounts.models import User
from portal.accounts.services import create_api_token
from portal.consultations.services import answer
from portal.grants.models import GrantKind, Permission
from portal.grants.rulings import rule_on_description
from portal.institutions.models import Role
from portal.invitations.tokens import digest_of
from portal.studies.models import Study
from tests.portal.access.factories import REASON, AccessRequestFactory
from tests.portal.accounts.factories import PASSWORD
from tests.portal.consultations.factories import asked, consultant_person, marked_study
from tests.portal.grants.factories import (
    GrantFactory,
    MembershipFactory,
    actor_for,
    make_patient_study,
    national_patient,
    patient_person,
)
from tests.portal.institutions.factories import InstitutionFactory
from tests.portal.invitations.factories import InvitationFactory
from tests.portal.orders.factories import order_body, place
from tests.portal.sharing.factories import make_link
from tests.portal.single_sign_on.factories import make_provider
from tests.viewer.marks.factories import make_mark, mark_body

SOMEBODY: Final = "somebody@onko.example"
_CSRF_TOKEN: Final = "c" * 32
_MADE_APART: Final = frozenset({Role.PATIENT, Role.CONSULTANT})


@dataclass(frozen=True)
class Caller:
    """Who asks, by which headers and cookies. `own` are the parts of addresses that lead to what is theirs alone."""

    name: str
    headers: dict[str, str]
    own: dict[str, Any] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hospital:
    """Who calls, the parts of addresses under which there is something, and bodies that can be acted on."""

    callers: tuple[Caller, ...]
    addresses: dict[str, Any]
    bodies: dict[str, Any]
    queries: dict[str, dict[str, str]] = field(default_factory=dict)
    """What an operation must be told in its address."""


def make_hospital() -> Hospital:
    """One institution with a study, everything that can be open on it, and a person of each role."""
    study = marked_study(patient=national_patient())
    institution = study.server.institution
    people = {
        role: MembershipFactory(role=role, institution=institution).user for role in Role if role not in _MADE_APART
    }
    people[Role.PATIENT] = patient_person(institution=institution)
    people[Role.CONSULTANT] = consultant_person(institution=institution)
    reader = people[Role.RADIOLOGIST]
    doctor = MembershipFactory(role=Role.REFERRING_DOCTOR, institution=institution)
    _give(study, people)
    _ask_and_answer(study, reader, people[Role.CONSULTANT])
    _note_a_look(study, reader)
    addresses = {
        "study_instance_uid": study.study_instance_uid,
        "grant_id": GrantFactory(study=study, user=people[Role.REFERRING_DOCTOR], granted_by=reader).pk,
        "request_id": AccessRequestFactory(study=study, requester=people[Role.REFERRING_DOCTOR]).pk,
        "identity_pk": people[Role.PATIENT].national_identity.pk,
        "patient_pk": _dispute(study, people),
        "id": make_provider(institution).pk,
        "consultation_id": asked(reader, study).pk,
        "code": institution.code,
        "invitation_id": InvitationFactory(institution=institution, token_digest=digest_of("i" * 43)).pk,
        "person_id": doctor.user.subject,
        "membership_id": doctor.pk,
        "mark_id": make_mark(study, reader).mark_id,
        "server_id": study.server_id,
        "order_id": place(reader, study.server).pk,
        "link_id": make_link(maker=reader, study=study).link.pk,
    }
    callers = (*(_by_token(role, user) for role, user in people.items()), _by_browser(reader), Caller("nobody", {}))
    queries = {"annotations_take_away": {"version": "1"}}
    return Hospital(callers, addresses, _bodies(study, doctor.user), queries)


def _bodies(study: Study, doctor: User) -> dict[str, Any]:
    """A whole body for each operation that takes one."""
    seen, hidden = {"study_instance_uid": study.study_instance_uid}, make_patient_study()
    unseen = {"study_instance_uid": hidden.study_instance_uid, "reason": REASON}
    soon = (timezone.now() + timedelta(days=3)).isoformat()
    institution = study.server.institution.code
    client = {"client_id": "portal", "client_secret": "s" * 32}
    provider = {"name": "Codru", "issuer": "https://sso.codru.example", **client}
    return {
        "access_requests_create": {**unseen, "valid_until": soon},
        "access_requests_approve": {},
        "access_requests_decline": {"reason": REASON},
        "annotations_keep": mark_body(version=1),
        "break_glass": unseen,
        "consultations_create": {
            "email": SOMEBODY,
            "studies": [seen],
            "question": "Would you biopsy?",
            "deadline": soon,
            "pixels_checked": True,
        },
        "consultations_answer": {"answer": "A metastasis."},
        "errands_create": {"errand": "find_elsewhere"},
        "grants_create": {**seen, "grantee": doctor.username, "valid_until": soon},
        "identity_conflicts_rule": {"is_the_bearer": True, "reason": REASON},
        "identity_providers_create": {**provider, "institution": institution, "domains": ["codru.example"]},
        "identity_providers_update": {"name": "Codru"},
        "institutions_update": {"time_zone": "Europe/Chisinau"},
        "invitations_create": {"email": SOMEBODY, "role": Role.RADIOLOGIST, "institution": institution},
        "my_tokens_create": {"name": "worklist of the ward"},
        "people_memberships_create": {"role": Role.RADIOLOGIST, "institution": institution},
        "taken_out_create": {"how": "pdf", "images": 12, "series_instance_uid": "1.2.3.1"},
        "viewer_hangings_update": {"modality": "CT", "body_part": "CHEST", "layout": {"rows": 2, "columns": 2}},
        "viewer_preferences_update": {"mouse": {"left": "window"}, "single_letter_keys": True},
        "orders_create": order_body(),
        "orders_update": {"requested_procedure_description": "CT abdomen"},
        "share_links_create": {**seen, "label": "for Dr. Rusu", "valid_until": soon},
    }


def _give(study: Study, people: dict[Role, User]) -> None:
    """Grants of each kind and for each kind of receiver, one of them revoked."""
    reader, doctor, elsewhere = people[Role.RADIOLOGIST], people[Role.REFERRING_DOCTOR], InstitutionFactory()
    GrantFactory(study=study, user=people[Role.CONSULTANT], granted_by=reader, permissions=list(Permission.values))
    GrantFactory(study=None, patient=study.patient, user=doctor, granted_by=reader)
    GrantFactory(study=study, kind=GrantKind.BREAK_GLASS, user=doctor, reason=REASON)
    GrantFactory(study=study, granted_by=reader, revoked_at=timezone.now(), revoked_by=reader)
    GrantFactory(study=study, granted_by=reader, user=None, role=Role.RADIOLOGIST, role_institution=elsewhere)
    GrantFactory(study=study, granted_by=reader, user=None, email=SOMEBODY)


def _ask_and_answer(study: Study, reader: User, consultant: User) -> None:
    consultation = asked(reader, study)
    answer(actor=actor_for(consultant), consultant=consultant, consultation_id=consultation.pk, text="A metastasis.")


def _dispute(study: Study, people: dict[Role, User]) -> int:
    """Others under the patient's national ID, here and elsewhere, each with somebody's word; here's key is returned."""
    keys = []
    for server, number in ((study.server, "77-02"), (None, "77-03")):
        patient = national_patient(patient_id=number, patient_birth_date="19990101", patient_name="Rusu^I")
        other = make_patient_study(server, patient=patient)
        administrator = people[Role.INSTITUTION_ADMINISTRATOR]
        if server is None:
            there = other.server.institution
            administrator = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=there).user
        rule_on_description(
            actor=actor_for(administrator),
            administrator=administrator,
            identity=people[Role.PATIENT].national_identity,
            patient_pk=other.patient_id,
            is_the_bearer=False,
            reason=REASON,
        )
        keys.append(other.patient_id)
    return keys[0]


def _note_a_look(study: Study, reader: User) -> None:
    """What the patient reads of, and the auditor."""
    subject = AuditedStudy(
        study_instance_uid=study.study_instance_uid,
        server_id=str(study.server_id),
        institution=study.server.institution.short_name,
        patient_identifiers=tuple(study.patient.identifiers.values_list("identifier", flat=True)),
        summary="CT",
    )
    record(action=Action.STUDY_OPENED, actor=actor_for(reader), study=subject)


def _by_token(role: Role, user: User) -> Caller:
    details, token = create_api_token(
        actor=actor_for(user), person=user, name=f"of a {role}", lifetime=timedelta(days=1), is_read_only=False
    )
    return Caller(role, {"Authorization": f"Token {token}"}, {"token_id": details.pk})


def _by_browser(user: User) -> Caller:
    """The person in a browser, where they signed in by their password."""
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    cookies = {name: morsel.value for name, morsel in client.cookies.items()} | {"dicom_network_csrf": _CSRF_TOKEN}
    return Caller(
        "browser", {"X-CSRFToken": _CSRF_TOKEN}, {"session_id": UserSession.objects.get(user=user).pk}, cookies
    )
