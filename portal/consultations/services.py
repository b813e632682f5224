"""Asks consultants, takes their answers, and closes the access that came with the question."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_consultation_answered, record_grant_made, record_grant_revoked
from portal.accounts.models import User
from portal.consultations import letters
from portal.consultations.errors import (
    AnswerMissing,
    AskedOneself,
    Closed,
    ConsentMissing,
    DeadlineOutOfReach,
    DifferentPatients,
    MoreThanInviterHas,
    NoStudies,
    NotYours,
    PixelsNotChecked,
    QuestionNamesPatient,
    ServerCannotDeidentify,
    ShareNotAllowed,
)
from portal.consultations.identity import names_patient
from portal.consultations.models import ClosedReason, Consultation, ConsultedStudy, State
from portal.consultations.selectors import (
    asked_of,
    asks_for,
    consultant_at,
    consultation_to_change,
    is_address_of,
    may_ask,
    needing_a_look,
    people_asked,
    running_grants_of,
)
from portal.grants.audited import audited_study
from portal.grants.decisions import Decision, Reach
from portal.grants.models import Grant, GrantKind, Permission
from portal.grants.policy import explain
from portal.grants.selectors import person_to_change
from portal.grants.services import revoke_tokens
from portal.invitations.models import State as InvitationState
from portal.invitations.selectors import state_of
from portal.invitations.services import withdraw as withdraw_invitation
from portal.studies.models import Study
from wire.deidentification import Option

LONGEST: Final = timedelta(days=60)
STUDIES_AT_MOST: Final = 20
LONGEST_ANSWER: Final = 20_000
GIVEN: Final = (Permission.VIEW, Permission.REPORT)
OFFERED_OPTIONS: Final = (Option.RETAIN_PATIENT_CHARACTERISTICS, Option.SHIFT_DATES)


@dataclass(frozen=True)
class Question:
    """What is asked of whom, until when, and how much the consultant learns of the patient."""

    email: str
    text: str
    deadline: datetime
    without_identity: bool = True
    options: tuple[Option, ...] = ()
    consultant_name: str = ""
    consent: str = ""
    pixels_checked: bool = False


@transaction.atomic
def ask(*, actor: Actor, inviter: User, studies: Sequence[Study], question: Question) -> Consultation:
    """Ask a consultant about studies of one patient: one grant a study until the deadline, and a letter with a link.

    `studies` are holdings that the policy opened to the inviter. The answer is the same whether or not the address is
    known here. Raises ConsultationRefused, and InvitationRefused or TooManyLetters of `portal.invitations`.
    """
    person_to_change(inviter.pk)
    now = timezone.now()
    email = question.email.strip().lower()
    _check_request(inviter, studies, question, email, now)
    decisions = [_check_right(inviter, study, question.deadline, now) for study in studies]
    institution = asks_for(inviter, studies[0], now)
    if institution is None:
        raise ShareNotAllowed
    _check_identity(studies, question)
    known = consultant_at(email)
    consultation = Consultation(
        id=uuid4(),
        inviter=inviter,
        institution=institution,
        email=email,
        consultant_name=question.consultant_name.strip(),
        consultant=known,
        question=question.text.strip(),
        deadline=question.deadline,
        without_identity=question.without_identity,
        options=[option.value for option in question.options] if question.without_identity else [],
        consent="" if question.without_identity else question.consent.strip(),
        pixels_checked=question.pixels_checked,
        asked_at=now,
    )
    consultation.invitation = letters.send_question(actor, consultation, number_of_studies=len(studies))
    consultation.save()
    _give_access(actor, consultation, studies, decisions)
    return consultation


@transaction.atomic
def answer(*, actor: Actor, consultant: User, consultation_id: UUID, text: str) -> Consultation:
    """Take the consultant's answer, which closes their access. Raises NotYours, Closed or AnswerMissing."""
    consultation = _to_answer(consultant, consultation_id)
    words = text.strip()[:LONGEST_ANSWER]
    if not words:
        raise AnswerMissing
    now = timezone.now()
    consultation.answer, consultation.draft = words, ""
    consultation.answered_at = now
    consultation.consultant = consultant
    consultation.consultant_name = consultation.consultant_name or consultant.full_name
    for grant in consultation.grants.select_related("study__server__institution", "study__patient").order_by("pk"):
        if grant.study is not None:
            record_consultation_answered(
                actor=actor,
                study=audited_study(grant.study),
                consultation_id=str(consultation.pk),
                person_id=str(consultation.inviter.subject),
                person_name=consultation.inviter.full_name,
            )
    _close(actor, consultant, consultation, ClosedReason.ANSWERED, now)
    letters.send_answered(consultation)
    return consultation


@transaction.atomic
def keep_draft(*, consultant: User, consultation_id: UUID, text: str) -> Consultation:
    """Keep what the consultant has written so far. Raises NotYours or Closed."""
    consultation = _to_answer(consultant, consultation_id)
    consultation.draft = text[:LONGEST_ANSWER]
    consultation.save(update_fields=["draft"])
    return consultation


@transaction.atomic
def withdraw(*, actor: Actor, inviter: User, consultation_id: UUID) -> Consultation:
    """Take a question back, with all access that came with it. Raises NotYours or Closed."""
    consultation = consultation_to_change(consultation_id)
    if consultation is None or consultation.inviter_id != inviter.pk:
        raise NotYours
    now = timezone.now()
    if consultation.state_at(now) != State.OPEN:
        raise Closed
    _close(actor, inviter, consultation, ClosedReason.WITHDRAWN, now)
    invitation = consultation.invitation
    if invitation is not None and state_of(invitation) == InvitationState.PENDING:
        withdraw_invitation(actor=actor, person=inviter, invitation_id=invitation.pk)
    letters.send_withdrawn(consultation)
    return consultation


def _check_request(inviter: User, studies: Sequence[Study], question: Question, email: str, now: datetime) -> None:
    if not 0 < len(studies) <= STUDIES_AT_MOST or len({study.pk for study in studies}) != len(studies):
        raise NoStudies
    if len({study.patient_id for study in studies}) != 1:
        raise DifferentPatients
    if not now < question.deadline <= now + LONGEST:
        raise DeadlineOutOfReach
    if is_address_of(inviter, email):
        raise AskedOneself


def _check_right(inviter: User, study: Study, deadline: datetime, now: datetime) -> Decision:
    """Why the inviter may ask; nothing is given that they could not do themselves until the end."""
    decision = explain(inviter, study, now=now)
    if not may_ask(inviter, decision, now=now):
        raise ShareNotAllowed
    if not {Permission.SHARE, *GIVEN} <= set(decision.permissions_reaching(Reach.STUDY, deadline)):
        raise MoreThanInviterHas
    return decision


def _check_identity(studies: Sequence[Study], question: Question) -> None:
    if not question.without_identity:
        if not question.consent.strip():
            raise ConsentMissing
        return
    if not all(study.server.sealing_key for study in studies):
        raise ServerCannotDeidentify
    if needing_a_look(studies) and not question.pixels_checked:
        raise PixelsNotChecked
    if names_patient(question.text, studies):
        raise QuestionNamesPatient


def _give_access(
    actor: Actor, consultation: Consultation, studies: Sequence[Study], decisions: Sequence[Decision]
) -> None:
    hides = consultation.without_identity
    known = consultation.consultant
    # One key for all of them: the same patient, the same days between the studies.
    key, pseudonym = (secrets.token_hex(32), _new_pseudonym()) if hides else ("", "")
    for study, decision in zip(studies, decisions, strict=True):
        grant = Grant.objects.create(
            kind=GrantKind.CONSULTATION,
            user=known,
            email="" if known else consultation.email,
            addressed_as=consultation.email if known else "",
            study=study,
            permissions=list(GIVEN),
            valid_from=consultation.asked_at,
            valid_until=consultation.deadline,
            granted_by=consultation.inviter,
            granted_at=consultation.asked_at,
            without_identity=hides,
            deidentification_key=key,
            deidentification_options=consultation.options,
            pseudonym=pseudonym,
        )
        ConsultedStudy.objects.create(consultation=consultation, grant=grant)
        record_grant_made(
            actor=actor,
            study=audited_study(study),
            grant_id=str(grant.pk),
            person_id=str(known.subject) if known else "",
            person_name=consultation.email,
            permissions=GIVEN,
            valid_from=grant.valid_from,
            valid_until=grant.valid_until,
            reason=consultation.question,
            rule=decision.rule,
        )


def _new_pseudonym() -> str:
    return f"Q-{secrets.token_hex(3).upper()}"


def _to_answer(consultant: User, consultation_id: UUID) -> Consultation:
    consultation = consultation_to_change(consultation_id)
    if consultation is None or not asked_of(consultant).filter(pk=consultation_id).exists():
        raise NotYours
    if consultation.state_at(timezone.now()) != State.OPEN:
        raise Closed
    return consultation


def _close(actor: Actor, closer: User, consultation: Consultation, reason: ClosedReason, now: datetime) -> None:
    """End every grant of the question; servers refuse the tokens that were issued before."""
    grants = list(running_grants_of(consultation, now))
    # Tokens are issued under the same lock: one issued before has an earlier time, none comes after.
    people = people_asked(consultation)
    moment = timezone.now()
    for grant in grants:
        grant.revoked_at, grant.revoked_by = moment, closer
        grant.save(update_fields=["revoked_at", "revoked_by"])
        if grant.study is None:
            continue
        for person in people:
            revoke_tokens(person=person, studies=[grant.study], at=moment)
        record_grant_revoked(
            actor=actor,
            study=audited_study(grant.study),
            grant_id=str(grant.pk),
            person_id=str(people[0].subject) if len(people) == 1 else "",
            person_name=consultation.email,
            reason=f"consultation_{reason}",
        )
    consultation.closed_at, consultation.closed_reason = now, reason
    consultation.save()
