"""What this server asks of other archives: the answer on the same association, on another, late, or never."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pydicom.dataset import Dataset

from dicomserver.access.callers import Caller
from dicomserver.access.models import Peer
from dicomserver.commitment import asking, tasks
from dicomserver.commitment.asking import ask, ask_archive, ask_to_keep, due_archives, take_answer
from dicomserver.commitment.models import OwnRequest
from dicomserver.commitment.signals import commitment_answered
from dicomserver.scu.commitment_data_sets import Commitment, Failed, Reference
from tests.dicomserver.commitment.partners import all_of, archive_that, none_of
from tests.dicomserver.forwarding.places import destination
from tests.dicomserver.objects import CT

pytestmark = pytest.mark.django_db

TWO = [Reference(CT, "1.2.1"), Reference(CT, "1.2.2")]
PARTNER = Caller("MACHINE", "SERVER_A", "127.0.0.1")


@pytest.fixture
def heard() -> Iterator[list[tuple[str, list[str], dict[str, int]]]]:
    told: list[tuple[str, list[str], dict[str, int]]] = []

    def hear(*, peer: Peer, committed: list[str], failed: dict[str, int], **_: Any) -> None:
        told.append((peer.name, committed, failed))

    commitment_answered.connect(hear)
    yield told
    commitment_answered.disconnect(hear)


def asked(port: int = 1) -> OwnRequest:
    return ask_to_keep(destination(port=port), TWO)


def due_now() -> None:
    OwnRequest.objects.update(next_attempt_at=timezone.now())


def test_the_answer_is_taken_on_the_same_association(heard: list[Any]) -> None:
    with archive_that(all_of) as (place, requests):
        row = asked(place.port)
        assert due_archives() == [row.peer_id]
        assert ask_archive(row.peer_id) == 1
    (request,) = requests
    assert request.TransactionUID == row.transaction_uid
    assert [item.ReferencedSOPInstanceUID for item in request.ReferencedSOPSequence] == ["1.2.1", "1.2.2"]
    assert heard == [("pacs", ["1.2.1", "1.2.2"], {})]
    row.refresh_from_db()
    assert (row.answered_at is not None, row.committed, row.failed) == (True, 2, 0)
    assert due_archives() == []


def test_what_is_not_kept_is_told_with_its_reason(heard: list[Any]) -> None:
    with archive_that(none_of) as (place, _):
        ask(asked(place.port).pk)
    assert heard == [("pacs", [], {"1.2.1": 0x0112, "1.2.2": 0x0112})]


def test_an_archive_that_says_nothing_at_once_may_call_later(heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WAIT_SECONDS", 0.1)
    with archive_that() as (place, _):
        row = asked(place.port)
        assert ask(row.pk) is True
    assert heard == []
    row.refresh_from_db()
    assert row.asked_at is not None
    assert due_archives() == []
    failed = (Failed(CT, "1.2.2", 0x0119),)
    assert take_answer(PARTNER, Commitment(row.transaction_uid, (TWO[0],), failed)) is True
    assert heard == [("pacs", ["1.2.1"], {"1.2.2": 0x0119})]
    row.refresh_from_db()
    assert row.answered_at is not None


def test_an_answer_of_somebody_else_or_about_something_else_is_not_taken(heard: list[Any]) -> None:
    row = asked()
    assert (
        take_answer(Caller("STRANGER", "SERVER_A", "127.0.0.1"), Commitment(row.transaction_uid, tuple(TWO))) is False
    )
    assert take_answer(PARTNER, Commitment("1.2.3.4", tuple(TWO))) is False
    assert heard == []
    row.refresh_from_db()
    assert row.answered_at is None


def test_an_instance_that_is_not_spoken_of_counts_as_failed_and_one_that_was_not_asked_for_not_at_all(
    heard: list[Any],
) -> None:
    row = asked()
    spoken_of = (TWO[0], Reference(CT, "9.9"))
    assert take_answer(PARTNER, Commitment(row.transaction_uid, spoken_of, (Failed(CT, "8.8", 1),))) is True
    assert heard == [("pacs", ["1.2.1"], {"1.2.2": 0x0110})]


def test_an_instance_that_is_in_both_lists_is_not_kept(heard: list[Any]) -> None:
    row = asked()
    take_answer(PARTNER, Commitment(row.transaction_uid, tuple(TWO), (Failed(*TWO[0], reason=0x0110),)))
    assert heard == [("pacs", ["1.2.2"], {"1.2.1": 0x0110})]


def test_silence_means_to_ask_anew_and_a_late_answer_counts(heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "WAIT_SECONDS", 0.1)
    with archive_that() as (place, requests):
        row = asked(place.port)
        ask(row.pk)
        due_now()
        ask(row.pk)
        transactions = [request.TransactionUID for request in requests]
    assert transactions[0] != transactions[1]
    row.refresh_from_db()
    assert row.replaced_by == transactions[1]
    assert OwnRequest.objects.get(transaction_uid=transactions[1]).asked_at is not None
    take_answer(PARTNER, Commitment(transactions[0], tuple(TWO)))
    assert heard == [("pacs", ["1.2.1", "1.2.2"], {})]


def test_an_archive_that_is_away_or_refuses_is_asked_again_later(heard: list[Any]) -> None:
    row = asked(port=1)
    pauses = []
    for _ in range(3):
        due_now()
        before = timezone.now()
        assert ask(row.pk) is False
        row.refresh_from_db()
        pauses.append((row.next_attempt_at - before).total_seconds())
    assert pauses[2] > pauses[0]
    assert row.attempts == 3
    assert row.last_error == "The machine cannot be reached: connection refused."
    with archive_that(status=0x0110) as (place, _):
        Peer.objects.update(port=place.port)
        due_now()
        assert ask(row.pk) is False
    row.refresh_from_db()
    assert row.last_error.startswith("The machine answered with a failure (0x0110)")
    assert heard == []


@pytest.mark.parametrize("answer", [(1, Dataset()), (7, Dataset()), (1, None)])
def test_an_answer_that_makes_no_sense_is_no_answer(answer: tuple[int, Dataset | None], heard: list[Any]) -> None:
    with archive_that(lambda _: answer) as (place, _):
        assert ask(asked(place.port).pk) is True
    assert heard == []
    assert OwnRequest.objects.get().answered_at is None


def test_nobody_asks_twice_at_once_and_old_requests_are_forgotten() -> None:
    row = asked()
    OwnRequest.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1))
    assert ask(row.pk) is False
    assert OwnRequest.objects.get().attempts == 0
    OwnRequest.objects.update(answered_at=timezone.now() - timedelta(days=31))
    tasks.forget_old()
    assert OwnRequest.objects.count() == 0
