"""Several archives are asked at once; what one does not say keeps nobody from what the others do."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pynetdicom import evt

from dicomserver.elsewhere import asking
from dicomserver.elsewhere.models import AskedArchive, Match, Search
from dicomserver.elsewhere.searching import forget_searches
from tests.dicomserver.dicomweb.reading import refused_events
from tests.dicomserver.elsewhere.desk import Desk, archive, known_as, study, told
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import EXPLICIT, IMPLICIT, small_ct
from tests.dicomserver.scu.machines import Machine, listener_that_says


def states(search: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["state"] for row in search["archives"]}


def test_a_study_of_two_archives_is_one_and_says_what_is_here(desk: Desk, take_in: TakeIn) -> None:
    held = take_in(small_ct()).series.study.study_instance_uid
    with (
        archive(
            "north",
            study(held, NumberOfStudyRelatedInstances="5"),
            study("1.2.3", StudyDate="20260401", ModalitiesInStudy=["MR", "CT"], NumberOfStudyRelatedInstances=40),
        ) as north,
        archive("south", study("1.2.3", StudyDate="20260401", AccessionNumber="A-1", PatientID="7")) as south,
    ):
        found = desk.search(patient_name="Popescu Ion")
    assert states(found) == {"north": "answered", "south": "answered"}
    assert [row["studies"] for row in found["archives"]] == [2, 1]
    first, second = found["studies"]
    assert (first["study_instance_uid"], second["study_instance_uid"]) == ("1.2.3", held)
    assert first["archives"] == [{"name": "north", "instances": 40}, {"name": "south", "instances": None}]
    assert (first["held"], first["missing"]) == (0, 40)
    assert (first["patient_name"], first["patient_id"], first["accession_number"]) == ("Popescu^Ion", "7", "A-1")
    assert (second["held"], second["missing"]) == (1, 4)
    assert north[0].PatientName == south[0].PatientName == "Popescu^Ion*"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize(
    ("name", "charset"),
    [
        ("Петров^Иван", "ISO_IR 144"),
        ("Țurcanu^Ștefan", "ISO_IR 192"),
        ("Müller^Jörg", "ISO_IR 100"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ["", "ISO 2022 IR 87"]),
    ],
)
def test_names_are_asked_for_and_answered_in_their_characters(desk: Desk, name: str, charset: Any, syntax: str) -> None:
    with archive("north", study("1.2.3", name, charset), syntax=syntax) as asked:
        found = desk.search(patient_name=name.split("=", maxsplit=1)[0])
    assert found["studies"][0]["patient_name"] == name
    assert asked[0].PatientName == f"{name.split('=', maxsplit=1)[0]}*"
    assert asked[0].get("SpecificCharacterSet") == (None if name.isascii() or "=" in name else "ISO_IR 192")


def test_every_word_reaches_the_archive(desk: Desk) -> None:
    with archive("north") as asked:
        found = desk.search(
            patient_id="NC-1",
            accession_number="A1",
            study_date_from="2026-01-02",
            study_date_to="2026-03-04",
            modalities=["CT", "MR"],
        )
    assert found["studies"] == []
    keys = asked[0]
    assert (keys.QueryRetrieveLevel, keys.PatientID, keys.AccessionNumber) == ("STUDY", "NC-1", "A1")
    assert (keys.StudyDate, list(keys.ModalitiesInStudy)) == ("20260102-20260304", ["CT", "MR"])
    assert "NumberOfStudyRelatedInstances" in keys


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"study_date_from": "2026-01-02"}, "20260102-"),
        ({"study_date_to": "2026-01-02"}, "-20260102"),
        ({"study_date_from": "2026-01-02", "study_date_to": "2026-01-02"}, "20260102"),
    ],
)
def test_dates_are_asked_for_as_ranges(desk: Desk, given: dict[str, str], expected: str) -> None:
    with archive("north") as asked:
        desk.search(**given)
    assert asked[0].StudyDate == expected


def test_what_an_archive_answers_beside_the_modality_is_left_out(desk: Desk) -> None:
    with archive(
        "north", study("1.2.1", ModalitiesInStudy="MR"), study("1.2.2", ModalitiesInStudy="CT"), study("1.2.3")
    ):
        found = desk.search(patient_id="1", modalities=["CT"])
    assert {one["study_instance_uid"] for one in found["studies"]} == {"1.2.2", "1.2.3"}


def test_an_archive_that_is_down_says_so_and_the_others_answer(desk: Desk) -> None:
    known_as("gone", Machine(1))
    with (
        archive("north", study("1.2.3")),
        archive("broken", study("1.2.4"), 0xA700),
        listener_that_says(b"HTTP/1.1 400 Bad Request\r\n\r\n") as stranger,
        listener_that_says(None) as silent,
    ):
        known_as("stranger", stranger)
        known_as("silent", silent)
        found = desk.search(patient_id="1")
    assert states(found) == {
        "broken": "failed",
        "gone": "failed",
        "north": "answered",
        "silent": "failed",
        "stranger": "failed",
    }
    details = {row["name"]: row["detail"] for row in found["archives"]}
    assert details["gone"] == details["silent"] == "It cannot be reached, or does not answer."
    assert details["broken"] == "It could not do what it was asked for (status A700)."
    # What it said before it failed is shown.
    assert {one["study_instance_uid"] for one in found["studies"]} == {"1.2.3", "1.2.4"}


def test_an_archive_that_knows_too_much_is_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MAX_MATCHES", 30)
    cancelled = threading.Event()

    def handle(event: evt.Event) -> Any:
        for number in range(100_000):
            if event.is_cancelled:
                cancelled.set()
                yield 0xFE00, None
                return
            yield 0xFF00, study(f"1.2.{number}")

    with archive("north", handle=handle):
        found = desk.search(patient_id="1")
    assert states(found) == {"north": "limited"}
    assert len(found["studies"]) == 30
    assert cancelled.wait(5)


def test_an_archive_that_answers_for_ever_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomserver.elsewhere.searching.LONGEST", timedelta(seconds=1))

    def handle(event: evt.Event) -> Any:
        # The same study again and again, and no ear for a wish to stop.
        while event.assoc.is_established:
            yield 0xFF00, study("1.2.3")

    with archive("north", handle=handle), archive("south", study("1.2.4")):
        found = desk.search(patient_id="1")
        desk.wait_for_threads()
        found = desk.ended(found["id"])
    assert states(found) == {"north": "failed", "south": "answered"}
    assert {one["study_instance_uid"] for one in found["studies"]} == {"1.2.3", "1.2.4"}


def test_answers_that_are_no_studies_break_nothing(desk: Desk) -> None:
    bad = [study("../../etc"), study(""), study("1.2.3", "x" * 5000, NumberOfStudyRelatedInstances="99999999999")]
    with archive("north", *bad, study("1.2.4", PatientBirthDate="never", StudyDate="\u00e4")):
        found = desk.search(patient_id="1")
    assert {one["study_instance_uid"] for one in found["studies"]} == {"1.2.3", "1.2.4"}
    long = next(one for one in found["studies"] if one["study_instance_uid"] == "1.2.3")
    assert (len(long["patient_name"]), long["archives"][0]["instances"]) == (200, None)


def test_only_the_archives_that_were_chosen_are_asked(desk: Desk) -> None:
    with archive("north") as north, archive("south") as south:
        found = desk.search(patient_id="1", archives=["south"])
    assert (list(states(found)), len(north), len(south)) == (["south"], 0, 1)


def test_the_audit_hears_who_looked_for_whom_where(desk: Desk) -> None:
    with archive("north"), archive("south"):
        desk.search(patient_name="Popescu Ion", patient_id="NC-1", study_date_from="2026-01-02", modalities=["CT"])
    (event,) = told("elsewhere_searched")
    assert (event["sub"], event["remote_address"], event["study_instance_uid"]) == ("elena", "127.0.0.1", None)
    assert event["search"] == {
        "archives": ["north", "south"],
        "patient_name": "Popescu Ion",
        "patient_id": "NC-1",
        "study_date_from": "2026-01-02",
        "modalities": ["CT"],
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"modalities": ["CT"]},
        {"patient_name": "*"},
        {"patient_name": "^ ?"},
        {"patient_id": "x" * 65},
        {"accession_number": "x" * 17},
        {"study_date_from": "2026-02-30"},
        {"study_date_from": "2026-02-02", "study_date_to": "2026-02-01"},
        {"patient_id": "1", "modalities": ["ct\\mr"]},
        {"patient_id": "1", "modalities": ["CT"] * 17},
        {"patient_id": "1", "everything": True},
        {"study_instance_uid": "1.2.*"},
        {"patient_id": 1},
        [],
        "no JSON",
    ],
)
def test_a_search_for_everything_or_nothing_is_refused(desk: Desk, body: Any) -> None:
    answer = desk.ask("post", "searches", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request_invalid")
    assert "Traceback" not in answer.content.decode()
    assert not Search.objects.exists()
    assert not told("elsewhere_searched")


def test_archives_that_are_not_known_are_not_asked(desk: Desk) -> None:
    none = desk.ask("post", "searches", {"patient_id": "1"})
    assert (none.status_code, none.json()["detail"]) == (404, "This server knows no other archive yet.")
    with archive("north"):
        other = desk.ask("post", "searches", {"patient_id": "1", "archives": ["north", "moon"]})
    assert (other.status_code, other.json()["code"]) == (404, "not_found")
    assert not Search.objects.exists()


def test_nobody_sees_or_stops_anothers_search(desk: Desk) -> None:
    with archive("north"):
        found = desk.search(patient_id="1")
    other = desk.colleague("andrei")
    for method in ("get", "delete"):
        assert other.ask(method, f"searches/{found['id']}").status_code == 404
    assert desk.ask("delete", f"searches/{found['id']}").status_code == 204


def test_a_search_that_is_stopped_asks_no_further(desk: Desk) -> None:
    is_over = threading.Event()

    def handle(event: evt.Event) -> Any:
        yield 0xFF00, study("1.2.3")
        while event.assoc.is_established and not is_over.is_set():
            yield 0xFF00, study("1.2.4")

    with archive("north", handle=handle):
        begun = desk.ask("post", "searches", {"patient_id": "1"}).json()
        assert desk.ask("delete", f"searches/{begun['id']}").status_code == 204
        desk.wait_for_threads()
        is_over.set()
    assert states(desk.ended(begun["id"])) == {"north": "stopped"}


def test_too_many_searches_at_once_are_refused(desk: Desk) -> None:
    with archive("north"):
        search = Search.objects.create(sub=desk.sub)
        for number in range(5):
            search = Search.objects.create(sub=desk.sub)
            due = timezone.now() + timedelta(seconds=30)
            AskedArchive.objects.create(search=search, archive=f"a{number}", state="asking", due_at=due)
        answer = desk.ask("post", "searches", {"patient_id": "1"})
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
        assert desk.colleague("andrei").ask("post", "searches", {"patient_id": "1"}).status_code == 201
        desk.wait_for_threads()


def test_an_archive_whose_asker_died_counts_as_silent(desk: Desk) -> None:
    search = Search.objects.create(sub=desk.sub)
    gone = timezone.now() - timedelta(seconds=1)
    AskedArchive.objects.create(search=search, archive="north", state="asking", due_at=gone)
    found = desk.ended(str(search.pk))
    assert states(found) == {"north": "failed"}


def test_what_was_found_is_forgotten(desk: Desk) -> None:
    with archive("north", study("1.2.3")):
        old, new = desk.search(patient_id="1"), desk.search(patient_id="1")
    Search.objects.filter(pk=old["id"]).update(created_at=timezone.now() - timedelta(hours=13))
    forget_searches()
    assert desk.ask("get", f"searches/{old['id']}").status_code == 404
    assert desk.ask("get", f"searches/{new['id']}").status_code == 200
    assert Match.objects.count() == 1


def test_archives_are_listed_and_say_whether_they_answer(desk: Desk) -> None:
    known_as("gone", Machine(1))
    with archive("north"):
        listed = desk.ask("get", "archives").json()["archives"]
        here = desk.ask("get", "archives/north").json()
        gone = desk.ask("get", "archives/gone").json()
    assert listed == [{"name": "gone", "ae_title": "MACHINE"}, {"name": "north", "ae_title": "MACHINE"}]
    assert here["answers"] is True
    assert (gone["answers"], gone["detail"]) == (False, "It cannot be reached, or does not answer.")
    assert desk.ask("get", "archives/moon").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "archives"),
        ("get", "archives/north"),
        ("post", "searches"),
        ("get", "searches/00000000-0000-4000-8000-000000000000"),
        ("get", "retrievals"),
        ("post", "retrievals"),
        ("get", "retrievals/00000000-0000-4000-8000-000000000000"),
        ("post", "retrievals/00000000-0000-4000-8000-000000000000/again"),
    ],
)
def test_every_address_needs_the_errand(desk: Desk, method: str, path: str) -> None:
    for errand in ("upload",):
        answer = desk.ask(method, path, {} if method == "post" else None, errand=errand)
        assert (answer.status_code, answer.json()["code"]) == (403, "token_without_permission")
    assert [event["reason"] for event in refused_events()] == ["token_without_permission"]
