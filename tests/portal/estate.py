"""One institution with one of everything that an address can name, for tests that walk all addresses."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import URLPattern

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.accounts.services import create_api_token
from portal.grants.models import GrantKind
from portal.institutions.models import Institution, Role
from portal.invitations.tokens import digest_of
from portal.studies.models import Study
from tests.portal.access.factories import AccessRequestFactory
from tests.portal.accounts.factories import PASSWORD
from tests.portal.consultations.factories import asked, marked_study
from tests.portal.grants.factories import (
    GrantFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.invitations.factories import InvitationFactory
from tests.portal.orders.factories import place
from tests.portal.sharing.factories import make_link
from tests.portal.single_sign_on.factories import make_provider
from tests.viewer.marks.factories import make_mark

INVITED = "i" * 43
NOWHERE = "x" * 43


@dataclass(frozen=True)
class Estate:
    """What one institution has. `reader` is its radiologist, to whom most of it belongs."""

    institution: Institution
    study: Study
    reader: User
    ids: dict[str, Any]

    def address(self, place: str) -> str:
        """The address of a pattern, about things of this institution."""

        def named(found: re.Match[str]) -> str:
            name = found[1]
            if name == "pk":
                name = "passkey" if "passkeys" in place else "provider"
            if name == "grant_id" and ("openings" in place or "break-glass" in place):
                name = "opening"
            return str(self.ids[name])

        return "/" + re.sub(r"<\w+:(\w+)>", named, place)


def make_estate() -> Estate:
    """An institution with people, a study, and everything that is open on it."""
    study = marked_study(patient=national_patient())
    institution = study.server.institution
    reader = radiologist_of(institution)
    doctor = MembershipFactory(institution=institution, role=Role.REFERRING_DOCTOR)
    # Somebody else of the same number: its bearer is in conflict.
    bearer = patient_person(institution=institution)
    stranger = national_patient(patient_id="77-02", patient_birth_date="19990101", patient_name="Rusu^Ion")
    make_patient_study(study.server, patient=stranger)
    Client().post("/accounts/login/", {"login": reader.username, "password": PASSWORD})
    session_pk = UserSession.objects.get(user=reader).pk
    passkey = {"name": "key", "credential": {}}
    ids = {
        "study_instance_uid": study.study_instance_uid,
        "grant_id": GrantFactory(study=study, granted_by=reader).pk,
        "opening": GrantFactory(study=study, kind=GrantKind.BREAK_GLASS, reason="An emergency").pk,
        "request_id": AccessRequestFactory(study=study).pk,
        "identity_pk": bearer.national_identity.pk,
        "patient_pk": study.patient_id,
        "passkey": Authenticator.objects.create(user=reader, type=Authenticator.Type.WEBAUTHN, data=passkey).pk,
        "provider": make_provider(institution).pk,
        "session_pk": session_pk,
        "session_id": session_pk,
        "token_id": make_token(reader)[0],
        "consultation_id": asked(reader, study).pk,
        "code": institution.code,
        "invitation_id": InvitationFactory(institution=institution, token_digest=digest_of(INVITED)).pk,
        "person_id": doctor.user.subject,
        "person_pk": doctor.user.pk,
        "membership_id": doctor.pk,
        "membership_pk": doctor.pk,
        "institution_pk": institution.pk,
        "mark_id": make_mark(study, reader).mark_id,
        "server_id": study.server_id,
        "order_id": place(reader, study.server).pk,
        "link_id": make_link(maker=reader, study=study).link.pk,
        "token": NOWHERE,
        "uidb36": "zz",
        "key": "x" * 20,
        "provider_id": "nowhere",
    }
    return Estate(institution, study, reader, ids)


def make_token(person: User, *, is_read_only: bool = False) -> tuple[Any, str]:
    """The id and the text of a fresh API token."""
    token, text = create_api_token(
        actor=actor_for(person),
        person=person,
        name="program",
        lifetime=timedelta(days=1),
        is_read_only=is_read_only,
        with_second_factor=True,
    )
    return token.pk, text


def person_of_all_roles() -> User:
    """Somebody who holds every role in one institution, and so gets as far as anybody."""
    person = UserFactory()
    institution = MembershipFactory(user=person, role=Role.RADIOLOGIST).institution
    for role in set(Role) - {Role.RADIOLOGIST}:
        MembershipFactory(user=person, institution=institution, role=role)
    return person


def newest() -> int:
    """The key of the last event."""
    return AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def events_after(before: int) -> list[str]:
    """What was written since."""
    return list(AuditEvent.objects.filter(pk__gt=before).order_by("pk").values_list("action", flat=True))


def is_api(pattern: URLPattern) -> bool:
    """True for a view of the REST framework."""
    return getattr(pattern.callback, "cls", None) is not None
