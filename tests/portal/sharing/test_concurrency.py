"""Guessing and opening at once, in transactions that really commit."""

from audit.actors import UnknownActor
from audit.models import Action, AuditEvent
from portal.sharing.models import Closing, ShareLink
from portal.sharing.services import open_share_link, revoke_share_link
from tests.portal.grants.factories import actor_for
from tests.portal.sharing.factories import make_link, wrong_pin

SOMEBODY = UnknownActor()


def opening(made, pin):
    return lambda: open_share_link(actor=SOMEBODY, link_id=made.link.pk, pin=pin)


def test_many_guesses_at_once_are_five_and_no_more(at_once):
    made = make_link()
    answers = at_once(*[opening(made, wrong_pin(made.pin)) for _ in range(12)])
    tried = [answer for answer in answers if answer is not None]
    assert sorted(answer.tries_left for answer in tried) == [0, 1, 2, 3, 4]
    assert all(answer.opened is None for answer in tried)
    link = ShareLink.objects.get()
    assert (link.failed, link.closed_reason) == (5, Closing.WRONG_PIN)
    assert AuditEvent.objects.filter(action=Action.SHARE_LINK_PIN_WRONG).count() == 5
    assert AuditEvent.objects.filter(action=Action.SHARE_LINK_CLOSED).count() == 1


def test_many_openings_at_once_are_as_many_as_were_allowed(at_once):
    made = make_link(max_uses=3)
    answers = at_once(*[opening(made, made.pin) for _ in range(8)])
    assert sum(answer is not None for answer in answers) == 3
    assert ShareLink.objects.get().uses == 3


def test_revoking_while_others_open_and_guess_waits_for_nobody_for_ever(at_once):
    for _ in range(3):
        made = make_link()
        maker = made.link.created_by

        def revoke(made=made, maker=maker):
            revoke_share_link(actor=actor_for(maker), revoker=maker, link_id=made.link.pk)

        at_once(opening(made, made.pin), *[opening(made, wrong_pin(made.pin)) for _ in range(5)], revoke, revoke)
        assert ShareLink.objects.get(pk=made.link.pk).closed_at is not None
