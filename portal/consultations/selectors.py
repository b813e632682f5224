"""What there is to read about questions to consultants: one's own, a study's, and what is open by them."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from portal.accounts.models import User
from portal.consultations.identity import may_show_identity
from portal.consultations.models import Consultation, State
from portal.grants.decisions import Decision
from portal.grants.deidentified import masked_by, with_what_masks_need
from portal.grants.models import Grant, Permission
from portal.grants.people import Anyone
from portal.grants.policy import Sight
from portal.grants.running import running_at, running_in
from portal.institutions.models import Institution, Role
from portal.institutions.selectors import running_memberships
from portal.studies.models import Study

STUDIES_OFFERED: Final = 50


def asked_of(user: User) -> QuerySet[Consultation]:
    """The questions to this person, by their account or by an address that they proved."""
    proved = EmailAddress.objects.filter(user=user, verified=True).values(address=Lower("email"))
    return _with_people(Consultation.objects.filter(Q(consultant=user) | Q(consultant__isnull=True, email__in=proved)))


def asked_by(user: User) -> QuerySet[Consultation]:
    """The questions that this person asked."""
    return _with_people(Consultation.objects.filter(inviter=user))


def known_to(user: Anyone) -> QuerySet[Consultation]:
    """The questions that a person asked or is asked; nobody else knows of them."""
    if not isinstance(user, User) or not user.is_active:
        return Consultation.objects.none()
    own = Q(pk__in=asked_of(user).values("pk")) | Q(inviter=user)
    return _with_people(Consultation.objects.filter(own))


def open_first(questions: Iterable[Consultation], now: datetime) -> list[Consultation]:
    """The open ones by their deadline, then the others, the newest on top."""
    found = list(questions)
    still_open = [one for one in found if one.state_at(now) == State.OPEN]
    others = [one for one in found if one.state_at(now) != State.OPEN]
    return [*sorted(still_open, key=lambda one: one.deadline), *sorted(others, key=lambda one: one.asked_at)[::-1]]


def answers_on(study: Study) -> QuerySet[Consultation]:
    """The answered questions about a holding, newest first; for who may view it with the patient's identity."""
    return _on(study).filter(answered_at__isnull=False).order_by("-answered_at", "-pk")


def open_on(study: Study, *, now: datetime | None = None) -> QuerySet[Consultation]:
    """The questions about a holding that wait for their answer."""
    waiting = _on(study).filter(closed_at__isnull=True, deadline__gt=now or timezone.now())
    return waiting.order_by("deadline", "pk")


def studies_open_by(consultation: Consultation, *, now: datetime | None = None) -> list[Study]:
    """What the consultant may look at now: masked copies where the question is without identity."""
    running = consultation.grants.filter(running_at(now or timezone.now()), permissions__contains=[Permission.VIEW])
    grants = with_what_masks_need(running.filter(study__isnull=False)).order_by("pk")
    if consultation.without_identity:
        return _latest_first(one.masked for one in masked_by(grants))
    return _latest_first(grant.study for grant in grants if grant.study is not None)


def studies_asked_about(sight: Sight, consultation: Consultation) -> list[Study]:
    """The studies of a question as far as the person may see them."""
    found = sight.studies.filter(pk__in=consultation.grants.values("study"))
    return _latest_first(found.select_related("server__institution", "patient__institution"))


def studies_to_offer(sight: Sight, study: Study) -> list[Study]:
    """The patient's studies about which somebody who may share `study` can ask with it; `study` comes first."""
    others = sight.studies.filter(patient_id=study.patient_id).exclude(pk=study.pk)
    found = others.select_related("server__institution", "patient__institution").prefetch_related(
        "series", "patient__identifiers"
    )
    return [study, *found.order_by(F("study_date").desc(nulls_last=True), "-pk")[:STUDIES_OFFERED]]


def may_ask(user: User, decision: Decision, *, now: datetime | None = None) -> bool:
    """True for a radiologist who may share the study."""
    if Permission.SHARE not in decision.permissions:
        return False
    return running_in(user, now or timezone.now(), Role.RADIOLOGIST).exists()


def asks_for(inviter: User, study: Study, now: datetime) -> Institution | None:
    """The institution in whose name a radiologist asks: the study's, else their first; None for no radiologist."""
    held = [one.institution for one in running_in(inviter, now, Role.RADIOLOGIST)]
    own = [one for one in held if one.pk == study.server.institution_id]
    return next(iter([*own, *held]), None)


def consultant_at(email: str) -> User | None:
    """The active consultant who proved this address; None for others, who are invited first."""
    proved = EmailAddress.objects.filter(email__iexact=email, verified=True, user__is_active=True)
    people: list[User] = [one.user for one in proved.select_related("user")[:2]]
    if len(people) != 1 or not running_memberships(people[0]).filter(role=Role.CONSULTANT).exists():
        return None
    return people[0]


def is_address_of(user: User, email: str) -> bool:
    """True where the address is the person's own."""
    proved = EmailAddress.objects.filter(user=user, email__iexact=email, verified=True).exists()
    return proved or user.email.lower() == email


def people_asked(consultation: Consultation) -> list[User]:
    """Whoever the access of a question opens to, locked in their order."""
    proved = EmailAddress.objects.filter(email__iexact=consultation.email, verified=True).values("user")
    asked = Q(pk=consultation.consultant_id) if consultation.consultant_id else Q(pk__in=proved)
    return list(User.objects.select_for_update().filter(asked).order_by("pk"))


def consultation_to_change(consultation_id: UUID) -> Consultation | None:
    """The question with its row locked until the transaction ends."""
    rows = Consultation.objects.select_for_update(of=("self",)).select_related("inviter", "invitation", "institution")
    return rows.filter(pk=consultation_id).first()


def running_grants_of(consultation: Consultation, now: datetime) -> QuerySet[Grant]:
    """The grants of a question that nobody took back and that have not ended, locked."""
    running = Grant.objects.filter(consulted__consultation=consultation, revoked_at__isnull=True, valid_until__gt=now)
    return running.select_for_update(of=("self",)).select_related("study__server__institution").order_by("pk")


def needing_a_look(studies: Iterable[Study]) -> list[Study]:
    """The studies in whose pixels a name may be written."""
    return [study for study in studies if may_show_identity(study)]


def _on(study: Study) -> QuerySet[Consultation]:
    return _with_people(Consultation.objects.filter(grants__study_id=study.pk))


def _with_people(questions: QuerySet[Consultation]) -> QuerySet[Consultation]:
    return questions.select_related("inviter", "consultant", "institution")


def _latest_first(studies: Iterable[Study]) -> list[Study]:
    return sorted(studies, key=lambda study: study.study_date or date.min, reverse=True)
