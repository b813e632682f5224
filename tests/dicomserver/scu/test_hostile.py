"""Archives that answer with garbage, with too much, for ever, or hang up: a clear end, in bounded time and memory."""

import struct
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dicomserver.scu import (
    ConnectionLost,
    Incoming,
    Interrupted,
    RetrieveProgress,
    StoreAnswer,
    find,
    get,
    getting,
    move,
)
from dicomserver.scu.data_sets import IMPLICIT_LITTLE, encoded
from dicomserver.scu.finding import STUDY_ROOT_FIND
from dicomserver.scu.getting import STUDY_ROOT_GET
from dicomserver.scu.moving import STUDY_ROOT_MOVE
from tests.dicomserver.objects import CT
from tests.dicomserver.scu.hostile import FIND, GET, MOVE, PENDING, STORE, Partner, answer, hostile_machine, message
from tests.dicomserver.scu.machines import QUICK

MR = "1.2.840.10008.5.1.4.1.1.4"
STORAGE = [(CT, [IMPLICIT_LITTLE]), (MR, [IMPLICIT_LITTLE])]
MATCH = encoded(Dataset(), IMPLICIT_LITTLE) or b"\x08\x00\x16\x00\x00\x00\x00\x00"


def study() -> Dataset:
    ds = Dataset()
    ds.QueryRetrieveLevel = "STUDY"
    ds.StudyInstanceUID = "1.2"
    return ds


class Kept:
    """What came of one instance."""

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self.size = self.largest = 0
        self.state = "coming"

    def write(self, piece: memoryview) -> None:
        self.size += len(piece)
        self.largest = max(self.largest, len(piece))

    def finish(self) -> StoreAnswer:
        self.state = "kept"
        return StoreAnswer(0)

    def discard(self) -> None:
        self.state = "discarded"


class Keepers(list[Kept]):
    def keep(self, incoming: Incoming) -> Kept:
        self.append(Kept(incoming))
        return self[-1]


def find_context(partner: Partner) -> int:
    return partner.contexts[STUDY_ROOT_FIND]


def pending(partner: Partner, data: bytes) -> bytes:
    return message(find_context(partner), answer(FIND, PENDING, AffectedSOPClassUID=STUDY_ROOT_FIND), data)


def garbage(partner: Partner) -> None:
    # A sequence of undefined length, and no item in it.
    partner.says(pending(partner, b"\x08\x00\x99\x11\xff\xff\xff\xffgarbage, garbage"))


def half_an_answer(partner: Partner) -> None:
    partner.says(pending(partner, MATCH)[:20])


def a_pdu_of_four_gigabytes(partner: Partner) -> None:
    partner.says(struct.pack(">BxL", 4, 0xFFFFFFFF) + b"x" * 1000)


def a_command_without_end(partner: Partner) -> None:
    fragment = struct.pack(">LBB", 16002, find_context(partner), 1) + b"x" * 16000
    pdu = struct.pack(">BxL", 4, len(fragment)) + fragment
    while True:
        partner.says(pdu)


def an_item_longer_than_its_pdu(partner: Partner) -> None:
    partner.says(struct.pack(">BxLLBB", 4, 6, 5000, find_context(partner), 3))


def an_item_of_nothing(partner: Partner) -> None:
    partner.says(struct.pack(">BxLLBB", 4, 6, 0, find_context(partner), 3))


def a_data_set_without_a_command(partner: Partner) -> None:
    partner.says(struct.pack(">BxLLBB", 4, 8, 4, find_context(partner), 2) + b"xx")


def a_byte_now_and_then(partner: Partner) -> None:
    for byte in pending(partner, MATCH):
        partner.says(bytes([byte]))
        time.sleep(0.5)


def something_that_is_no_dicom(partner: Partner) -> None:
    partner.says(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def an_answer_to_another_question(partner: Partner) -> None:
    partner.sends(find_context(partner), answer(MOVE, 0, AffectedSOPClassUID=STUDY_ROOT_MOVE))


def an_instance_that_nobody_asked_for(partner: Partner) -> None:
    request = {"CommandField": STORE, "MessageID": 1, "AffectedSOPClassUID": CT, "AffectedSOPInstanceUID": "1.2.3"}
    partner.sends(find_context(partner), request | {"Priority": 0}, b"x" * 5_000_000)


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (garbage, "cannot be understood"),
        (half_an_answer, "closed the connection"),
        (a_pdu_of_four_gigabytes, "sends more than any answer has"),
        (a_command_without_end, "longer than any has"),
        (an_item_longer_than_its_pdu, "cannot be understood"),
        (an_item_of_nothing, "cannot be understood"),
        (a_data_set_without_a_command, "cannot be understood"),
        (a_byte_now_and_then, "does not answer"),
        (something_that_is_no_dicom, "sends more than any answer has|out of order"),
        (an_answer_to_another_question, "answered something else"),
        (an_instance_that_nobody_asked_for, "longer than any has"),
    ],
)
def test_a_search_ends_with_a_clear_word(talk: Callable[[Partner], None], words: str) -> None:
    with hostile_machine(talk) as place, pytest.raises(ConnectionLost, match=words):
        list(find(place, Dataset(), timeouts=QUICK))


def test_a_search_that_never_ends_is_ended_by_who_asks() -> None:
    def endless(partner: Partner) -> None:
        while True:
            partner.says(pending(partner, MATCH))

    with hostile_machine(endless) as place:
        answers = find(place, Dataset(), timeouts=QUICK)
        for _ in range(50):
            next(answers)
        began = time.monotonic()
        answers.close()
        assert time.monotonic() - began < 30


def get_all(place: Any, keepers: Keepers, **options: Any) -> list[RetrieveProgress | None]:
    return list(get(place, study(), STORAGE, keepers.keep, timeouts=QUICK, **options))


def store(partner: Partner, data: bytes, *, sop_class: str = CT, context: str = CT) -> bytes:
    request = {"CommandField": STORE, "MessageID": 7, "AffectedSOPClassUID": sop_class, "Priority": 0}
    return message(partner.contexts[context], request | {"AffectedSOPInstanceUID": "1.2.3"}, data)


def got(partner: Partner, status: int = 0, **values: Any) -> None:
    said = answer(GET, status, AffectedSOPClassUID=STUDY_ROOT_GET, **values)
    partner.sends(partner.contexts[STUDY_ROOT_GET], said)


def test_an_instance_comes_in_pieces_and_is_answered_when_it_is_kept() -> None:
    answers: list[Dataset] = []

    def talk(partner: Partner) -> None:
        # The end of one message and the beginning of the next may share what is read at once.
        partner.says(store(partner, b"x" * 8_000_001 + b"x") + store(partner, b"y" * 10))
        answers.extend([partner.hears(), partner.hears()])
        got(partner, NumberOfCompletedSuboperations=2)
        partner.reads(6)

    keepers = Keepers()
    with hostile_machine(talk) as place:
        told = get_all(place, keepers)
    assert [one and one.completed for one in told] == [None, None, 2]
    assert [(one.size, one.state) for one in keepers] == [(8_000_002, "kept"), (10, "kept")]
    assert max(one.largest for one in keepers) <= 16_000
    assert [(one.MessageIDBeingRespondedTo, one.Status) for one in answers] == [(7, 0), (7, 0)]
    assert keepers[0].incoming == Incoming(CT, "1.2.3", IMPLICIT_LITTLE, True, "127.0.0.1")


def test_an_archive_that_sends_without_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getting, "MAX_SUBOPERATIONS", 5)

    def endless(partner: Partner) -> None:
        while True:
            partner.says(store(partner, b"x" * 100))

    keepers = Keepers()
    with hostile_machine(endless) as place, pytest.raises(ConnectionLost, match="more instances than any study has"):
        get_all(place, keepers)
    assert len(keepers) == 5


@pytest.mark.parametrize("cut", [300, 20_000])
def test_what_has_not_come_in_full_is_discarded(cut: int) -> None:
    keepers = Keepers()
    with (
        hostile_machine(lambda partner: partner.says(store(partner, b"x" * 100_000)[:cut])) as place,
        pytest.raises(ConnectionLost, match="closed the connection"),
    ):
        get_all(place, keepers)
    assert [one.state for one in keepers] == ["discarded"]


def test_an_instance_in_a_context_that_was_not_agreed_ends_it() -> None:
    def talk(partner: Partner) -> None:
        partner.contexts["none"] = 201
        partner.says(store(partner, b"x", context="none"))

    keepers = Keepers()
    with hostile_machine(talk) as place, pytest.raises(ConnectionLost, match="not agreed"):
        get_all(place, keepers)
    assert keepers == []


def test_an_instance_of_another_class_than_its_context_is_refused_and_the_rest_comes() -> None:
    answers: list[Dataset] = []

    def talk(partner: Partner) -> None:
        partner.says(store(partner, b"x" * 10, sop_class=MR, context=CT))
        answers.append(partner.hears())
        got(partner, NumberOfFailedSuboperations=1)
        partner.reads(6)

    keepers = Keepers()
    with hostile_machine(talk) as place:
        told = get_all(place, keepers)
    assert answers[0].Status == 0x0122
    assert [one and one.failed for one in told] == [None, 1]
    assert keepers == []


def test_a_data_set_that_changes_its_context_in_the_middle_ends_it() -> None:
    def other_context(partner: Partner) -> None:
        whole = store(partner, b"x" * 10)
        data = struct.pack(">BxLLBB", 4, 16, 12, partner.contexts[MR], 2) + b"x" * 10
        partner.says(whole[: -len(data)] + data)

    keepers = Keepers()
    with hostile_machine(other_context) as place, pytest.raises(ConnectionLost, match="cannot be understood"):
        get_all(place, keepers)
    assert [one.state for one in keepers] == ["discarded"]


class Enough(Interrupted):
    """Whoever asked wants no more."""


def enough() -> None:
    raise Enough


def test_an_archive_that_does_not_stop_is_left_and_whoever_stopped_hears_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(getting, "_CANCEL_SECONDS", 1.0)
    cancelled: list[bool] = []

    def endless(partner: Partner) -> None:
        while True:
            partner.says(store(partner, b"x" * 100))
            time.sleep(0.01)

    with hostile_machine(endless) as place, pytest.raises(Enough):
        get_all(place, Keepers(), on_wait=enough, on_cancel=lambda: cancelled.append(True))
    assert cancelled == [True]


def test_an_archive_that_stalls_within_an_instance_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getting, "_CANCEL_SECONDS", 1.0)
    heard: list[Dataset] = []

    def stalls(partner: Partner) -> None:
        partner.says(store(partner, b"x" * 100_000)[:50_000])
        heard.append(partner.hears())

    keepers = Keepers()
    with hostile_machine(stalls) as place, pytest.raises(Enough):
        get_all(place, keepers, on_wait=enough)
    assert [(one.CommandField, one.MessageIDBeingRespondedTo) for one in heard] == [(0x0FFF, 1)]
    assert [one.state for one in keepers] == ["discarded"]


def test_an_archive_that_moves_and_hangs_up_says_so() -> None:
    def talk(partner: Partner) -> None:
        said = answer(MOVE, PENDING, AffectedSOPClassUID=STUDY_ROOT_MOVE, NumberOfRemainingSuboperations=65535)
        partner.sends(partner.contexts[STUDY_ROOT_MOVE], said)

    with hostile_machine(talk) as place, pytest.raises(ConnectionLost, match="closed the connection"):
        list(move(place, study(), "HERE", timeouts=QUICK))
