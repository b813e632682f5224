"""C-FIND and C-MOVE at other machines."""

import time
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt

from dicomserver.scu import ConnectionLost, PeerFailed, RetrieveProgress, Timeouts, find, move
from dicomserver.scu.finding import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from dicomserver.scu.moving import STUDY_ROOT_MOVE
from tests.dicomserver.objects import EXPLICIT, IMPLICIT
from tests.dicomserver.scu.machines import QUICK, machine


def answer_named(name: str, charset: str = "ISO_IR 192") -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = charset
    ds.PatientName = name
    return ds


def keys(**values: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_matches_come_with_their_text_in_unicode(syntax: str) -> None:
    asked: list[Dataset] = []

    def handle(event: evt.Event) -> Any:
        asked.append(event.identifier)
        yield 0xFF00, answer_named("Петров^Иван", "ISO_IR 144")
        yield 0xFF01, answer_named("Țurcanu^Ștefan")

    with machine((STUDY_ROOT_FIND, [syntax]), handlers=[(evt.EVT_C_FIND, handle)]) as place:
        found = [str(ds.PatientName) for ds in find(place, keys(PatientName="P*"), timeouts=QUICK)]
    assert found == ["Петров^Иван", "Țurcanu^Ștefan"]
    assert (asked[0].QueryRetrieveLevel, asked[0].PatientName) == ("STUDY", "P*")


def test_patients_are_asked_for_in_the_patient_root() -> None:
    with machine((PATIENT_ROOT_FIND, [IMPLICIT]), handlers=[(evt.EVT_C_FIND, lambda event: iter(()))]) as place:
        assert list(find(place, keys(PatientID="1"), "PATIENT", timeouts=QUICK)) == []


def test_a_failure_is_told_with_the_machines_words() -> None:
    status = keys(Status=0xA700, ErrorComment="Too many")

    def handle(event: evt.Event) -> Any:
        yield 0xFF00, answer_named("A")
        yield status, None

    with machine((STUDY_ROOT_FIND, [IMPLICIT]), handlers=[(evt.EVT_C_FIND, handle)]) as place:
        matches = find(place, keys(), timeouts=QUICK)
        assert str(next(matches).PatientName) == "A"
        with pytest.raises(PeerFailed) as failed:
            next(matches)
    assert (failed.value.status, failed.value.comment) == (0xA700, "Too many")


def test_closing_the_search_cancels_it() -> None:
    cancelled: list[bool] = []

    def handle(event: evt.Event) -> Any:
        # Some are on their way already; then it waits to hear that nobody wants more.
        for number in range(100):
            yield 0xFF00, answer_named(str(number))
        deadline = time.monotonic() + 20
        # pynetdicom says it once.
        while not (is_cancelled := event.is_cancelled) and time.monotonic() < deadline:
            time.sleep(0.01)
        cancelled.append(is_cancelled)
        yield 0xFE00, None

    with machine((STUDY_ROOT_FIND, [IMPLICIT]), handlers=[(evt.EVT_C_FIND, handle)]) as place:
        matches = find(place, keys(), timeouts=Timeouts(connect=5, association=5, response=25))
        next(matches)
        matches.close()
    assert cancelled == [True]


def test_a_machine_that_falls_silent_is_left_in_bounded_time() -> None:
    import threading

    is_over = threading.Event()

    def handle(event: evt.Event) -> Any:
        yield 0xFF00, answer_named("A")
        is_over.wait(20)

    with machine((STUDY_ROOT_FIND, [IMPLICIT]), handlers=[(evt.EVT_C_FIND, handle)]) as place:
        matches = find(place, keys(), timeouts=QUICK)
        next(matches)
        with pytest.raises(ConnectionLost):
            next(matches)
        is_over.set()


def test_progress_of_a_move_is_told_to_its_end() -> None:
    def handle(event: evt.Event) -> Any:
        yield "127.0.0.1", place.port
        yield 0

    with machine((STUDY_ROOT_MOVE, [IMPLICIT]), handlers=[(evt.EVT_C_MOVE, handle)]) as place:
        told = list(move(place, keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2"), "SOMEBODY", timeouts=QUICK))
    assert told == [RetrieveProgress(None, 0, 0, 0, 0x0000)]


def test_a_destination_that_the_machine_does_not_know_is_a_final_answer() -> None:
    def handle(event: evt.Event) -> Any:
        yield None, None

    with machine((STUDY_ROOT_MOVE, [IMPLICIT]), handlers=[(evt.EVT_C_MOVE, handle)]) as place:
        identifier = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2")
        (told,) = move(place, identifier, "NOBODY", timeouts=QUICK)
    assert (told.status, told.is_final) == (0xA801, True)
