"""Two acts on one question at once: one of them wins, and what it closed stays closed."""

import pytest

from portal.consultations.errors import Closed
from portal.consultations.models import Consultation
from portal.consultations.services import answer, withdraw
from portal.grants.deidentified import deidentified_holdings
from portal.grants.models import Grant, Revocation
from tests.portal.consultations.factories import actor_for, asked, consultant_person, inviter_of, marked_study
from viewer.services import ViewerTokenDenied, issue_deidentified_token

pytestmark = pytest.mark.slow


def outcome(act, refused):
    try:
        return act()
    except refused:
        return None


def test_an_answer_and_a_withdrawal_do_not_both_happen(at_once):
    study = marked_study()
    person, inviter = consultant_person(), inviter_of(study)
    question = asked(inviter, study)

    def give():
        values = {"actor": actor_for(person), "consultant": person, "consultation_id": question.pk}
        return outcome(lambda: answer(**values, text="Yes."), Closed)

    def take():
        values = {"actor": actor_for(inviter), "inviter": inviter, "consultation_id": question.pk}
        return outcome(lambda: withdraw(**values), Closed)

    won = [done for done in at_once(give, take) if done is not None]
    assert len(won) == 1
    assert Consultation.objects.get().closed_reason == won[0].closed_reason
    assert Revocation.objects.count() == 1


def test_no_token_is_issued_after_the_revocation_that_it_should_fall_under(at_once):
    study = marked_study()
    person, inviter = consultant_person(), inviter_of(study)
    question = asked(inviter, study)
    (hidden,) = deidentified_holdings(person)

    def give():
        return answer(actor=actor_for(person), consultant=person, consultation_id=question.pk, text="Yes.")

    def look():
        return outcome(
            lambda: issue_deidentified_token(
                actor=actor_for(person),
                user=person,
                study_instance_uid=hidden.masked.study_instance_uid,
                server_id=None,
                session="s",
            ),
            ViewerTokenDenied,
        )

    _, token = at_once(give, look)
    revoked_at = Grant.objects.get().revoked_at
    assert Revocation.objects.get().revoked_at == revoked_at
    assert token is None or token.expires_at.timestamp() - 300 <= revoked_at.timestamp()
