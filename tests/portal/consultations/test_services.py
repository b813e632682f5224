"""A question opens exactly its studies until the answer or the deadline, and never more than the inviter has."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from audit.models import Action, AuditEvent
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
from portal.consultations.models import Consultation, State
from portal.consultations.services import LONGEST, answer, keep_draft, withdraw
from portal.grants.deidentified import deidentified_holdings
from portal.grants.models import Grant, GrantKind, Revocation
from portal.grants.policy import explain, visible_studies
from portal.institutions.models import Role
from portal.invitations.models import Invitation
from tests.portal.consultations.factories import (
    CONSULTANT,
    DicomServerFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    asked,
    consultant_person,
    inviter_of,
    marked_patient,
    marked_series,
    marked_study,
    radiologist_of,
)
from tests.portal.grants.factories import GrantFactory, doctor_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return marked_study()


@pytest.fixture
def inviter(study):
    return inviter_of(study)


def nothing_was_asked() -> bool:
    nothing = not any(table.objects.exists() for table in (Consultation, Grant, Invitation))
    return nothing and not AuditEvent.objects.exists() and mail.outbox == []


def test_a_question_to_a_stranger_gives_grants_to_the_address_and_invites_it(
    study, inviter, django_capture_on_commit_callbacks
):
    earlier = marked_study(study.server)
    with django_capture_on_commit_callbacks(execute=True):
        consultation = asked(inviter, study, earlier, email=f"  {CONSULTANT.upper()} ")
    assert (consultation.email, consultation.consultant) == (CONSULTANT, None)
    grants = list(consultation.grants.order_by("pk"))
    assert {grant.study for grant in grants} == {study, earlier}
    for grant in grants:
        assert (grant.kind, grant.user, grant.email) == (GrantKind.CONSULTATION, None, CONSULTANT)
        assert (grant.permissions, grant.valid_until) == (["view", "report"], consultation.deadline)
        assert grant.without_identity
        assert grant.granted_by == inviter
    assert len({(grant.deidentification_key, grant.pseudonym) for grant in grants}) == 1
    assert len(grants[0].deidentification_key) == 64
    invitation = consultation.invitation
    assert (invitation.email, invitation.role, invitation.purpose) == (CONSULTANT, Role.CONSULTANT, "consultation")
    assert invitation.leads_to == f"/questions/{consultation.pk}/"
    assert invitation.institution == study.server.institution
    (letter,) = mail.outbox
    assert letter.to == [CONSULTANT]
    assert letter.subject == f"{inviter.full_name} asks for your opinion"
    assert "2 imaging studies" in letter.body
    events = AuditEvent.objects.filter(action=Action.GRANT_MADE)
    assert {event.study_instance_uid for event in events} == {study.study_instance_uid, earlier.study_instance_uid}


def test_each_question_has_a_key_of_its_own(study, inviter):
    first, second = asked(inviter, study), asked(inviter, study)
    assert first.grants.get().deidentification_key != second.grants.get().deidentification_key


def test_a_consultant_who_is_known_is_written_to_and_not_invited_again(
    study, inviter, django_capture_on_commit_callbacks
):
    person = consultant_person()
    with django_capture_on_commit_callbacks(execute=True):
        consultation = asked(inviter, study)
    assert (consultation.consultant, consultation.invitation) == (person, None)
    grant = consultation.grants.get()
    assert (grant.user, grant.email) == (person, "")
    (letter,) = mail.outbox
    assert f"https://portal.test/questions/{consultation.pk}/" in letter.body


def test_the_studies_themselves_stay_closed_without_identity(study, inviter):
    person = consultant_person()
    asked(inviter, study)
    assert not visible_studies(person).exists()
    assert not explain(person, study).allowed
    (hidden,) = deidentified_holdings(person)
    assert hidden.study == study


def test_with_identity_exactly_the_studies_open(study, inviter):
    marked_study(study.server)
    person = consultant_person()
    asked(inviter, study, without_identity=False, consent="signed 20 November 2026")
    assert list(visible_studies(person)) == [study]
    assert explain(person, study).permissions == ("view", "report")
    assert deidentified_holdings(person) == []


def test_whoever_proves_the_address_later_is_asked(study, inviter):
    asked(inviter, study)
    assert len(deidentified_holdings(consultant_person())) == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"deadline": timedelta(seconds=-1)}, DeadlineOutOfReach),
        ({"deadline": LONGEST + timedelta(hours=1)}, DeadlineOutOfReach),
        ({"without_identity": False, "consent": "  "}, ConsentMissing),
        ({"text": "Is this Mrs. leakname?"}, QuestionNamesPatient),
        ({"text": "Compare LEAK-ID 77."}, QuestionNamesPatient),
        ({"text": "See accession leakacc1"}, QuestionNamesPatient),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_happens(study, inviter, changes, error):
    if "deadline" in changes:
        changes = {**changes, "deadline": timezone.now() + changes["deadline"]}
    with pytest.raises(error):
        asked(inviter, study, **changes)
    assert nothing_was_asked()


def test_nobody_asks_themselves(study, inviter):
    with pytest.raises(AskedOneself):
        asked(inviter, study, email=inviter.email.upper())
    assert nothing_was_asked()


@pytest.mark.parametrize("number", [0, 21])
def test_no_studies_and_too_many_are_refused(study, inviter, number):
    with pytest.raises(NoStudies):
        asked(inviter, *[study] * number)
    assert nothing_was_asked()


def test_a_study_named_twice_is_refused(study, inviter):
    with pytest.raises(NoStudies):
        asked(inviter, study, study)
    assert nothing_was_asked()


def test_a_question_is_about_one_patient(study, inviter):
    other = marked_study(study.server, patient=marked_patient(patient_id="P-2", other_patient_ids=()))
    with pytest.raises(DifferentPatients):
        asked(inviter, study, other)
    assert nothing_was_asked()


def test_a_server_that_cannot_remove_identity_is_not_asked_to(inviter):
    plain = marked_study(DicomServerFactory(sealing_key=""))
    with pytest.raises(ServerCannotDeidentify):
        asked(inviter_of(plain), plain)
    assert nothing_was_asked()


def test_images_with_writing_must_have_been_looked_at(study):
    uid = "1.2.3.4.5.77"
    scan = marked_study(study.server, study_instance_uid=uid, series=(marked_series(uid, 1, modality="US"),))
    inviter = inviter_of(scan)
    with pytest.raises(PixelsNotChecked):
        asked(inviter, scan)
    assert nothing_was_asked()
    assert asked(inviter, scan, pixels_checked=True).pixels_checked


@pytest.mark.parametrize("who", ["stranger", "other institution", "doctor", "holder of a grant without share"])
def test_only_a_radiologist_who_may_share_asks(study, who):
    person = {
        "stranger": UserFactory,
        "other institution": lambda: MembershipFactory(role=Role.RADIOLOGIST).user,
        "doctor": lambda: doctor_of(study.server.institution, "LEAKREFERRER^Irina^^Dr."),
        "holder of a grant without share": lambda: (
            GrantFactory(
                user=MembershipFactory(role=Role.RADIOLOGIST).user, study=study, permissions=["view", "report"]
            ).user
        ),
    }[who]()
    given = Grant.objects.count()
    with pytest.raises(ShareNotAllowed):
        asked(person, study)
    assert Grant.objects.count() == given
    assert not Consultation.objects.exists()


def test_nobody_asks_beyond_their_own_access(study):
    grant = GrantFactory(
        user=MembershipFactory(role=Role.RADIOLOGIST).user,
        study=study,
        permissions=["view", "report", "share"],
        valid_until=timezone.now() + timedelta(days=1),
    )
    with pytest.raises(MoreThanInviterHas):
        asked(grant.user, study)
    consultation = asked(grant.user, study, deadline=grant.valid_until)
    assert consultation.institution == grant.user.memberships.get().institution


def test_the_answer_closes_everything_and_tells_who_asked(study, inviter, django_capture_on_commit_callbacks):
    person = consultant_person()
    consultation = asked(inviter, study)
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer(actor=actor_for(person), consultant=person, consultation_id=consultation.pk, text=" A second primary. ")
    consultation.refresh_from_db()
    assert consultation.state_at(timezone.now()) == State.ANSWERED
    assert (consultation.answer, consultation.consultant, consultation.draft) == ("A second primary.", person, "")
    grant = consultation.grants.get()
    assert (grant.revoked_at is not None, grant.revoked_by) == (True, person)
    assert deidentified_holdings(person) == []
    revocation = Revocation.objects.get()
    assert (revocation.subject, revocation.server) == (person.subject, study.server)
    assert revocation.study_instance_uid == study.study_instance_uid
    (letter,) = mail.outbox
    assert letter.to == [inviter.email]
    assert "second primary" not in letter.body
    event = AuditEvent.objects.get(action=Action.CONSULTATION_ANSWERED)
    assert (event.actor_id, event.study_instance_uid) == (str(person.subject), study.study_instance_uid)
    revoked = AuditEvent.objects.get(action=Action.GRANT_REVOKED)
    assert revoked.details["reason"] == "consultation_answered"


def test_an_answer_is_given_once(study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    values = {"actor": actor_for(person), "consultant": person, "consultation_id": consultation.pk}
    with pytest.raises(AnswerMissing):
        answer(**values, text="  ")
    answer(**values, text="Yes.")
    with pytest.raises(Closed):
        answer(**values, text="No.")
    with pytest.raises(Closed):
        keep_draft(consultant=person, consultation_id=consultation.pk, text="No.")
    with pytest.raises(Closed):
        withdraw(actor=actor_for(inviter), inviter=inviter, consultation_id=consultation.pk)
    consultation.refresh_from_db()
    assert consultation.answer == "Yes."


def test_at_the_deadline_everything_ends_by_itself(study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    with time_machine.travel(consultation.deadline - timedelta(seconds=1), tick=False):
        assert len(deidentified_holdings(person)) == 1
    with time_machine.travel(consultation.deadline, tick=False):
        assert deidentified_holdings(person) == []
        assert consultation.state_at(timezone.now()) == State.OVERDUE
        with pytest.raises(Closed):
            answer(actor=actor_for(person), consultant=person, consultation_id=consultation.pk, text="Late.")
    assert not AuditEvent.objects.filter(action=Action.CONSULTATION_ANSWERED).exists()


def test_withdrawing_closes_the_access_and_the_invitation(study, inviter):
    consultation = asked(inviter, study)
    person = consultant_person()
    withdraw(actor=actor_for(inviter), inviter=inviter, consultation_id=consultation.pk)
    consultation.refresh_from_db()
    assert consultation.state_at(timezone.now()) == State.WITHDRAWN
    assert deidentified_holdings(person) == []
    assert Revocation.objects.get().subject == person.subject
    assert consultation.invitation.withdrawn_at is not None


def test_drafts_are_the_consultants_alone_and_survive(study, inviter):
    person = consultant_person()
    consultation = asked(inviter, study)
    keep_draft(consultant=person, consultation_id=consultation.pk, text="A second pri")
    consultation.refresh_from_db()
    assert (consultation.draft, consultation.answer) == ("A second pri", "")


def test_others_neither_answer_nor_withdraw(study, inviter):
    consultation = asked(inviter, study)
    stranger = radiologist_of(study.server.institution)
    other = consultant_person("somebody.else@clinic.example")
    for person in (stranger, other, inviter):
        with pytest.raises(NotYours):
            answer(actor=actor_for(person), consultant=person, consultation_id=consultation.pk, text="Mine.")
    for person in (stranger, other):
        with pytest.raises(NotYours):
            withdraw(actor=actor_for(person), inviter=person, consultation_id=consultation.pk)
    consultation.refresh_from_db()
    assert (consultation.closed_at, consultation.answer) == (None, "")
