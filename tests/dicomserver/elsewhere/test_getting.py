"""A study comes by C-GET, on the association that asks for it: where an archive cannot reach this server."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pydicom.dataset import Dataset
from pynetdicom import evt
from pytest_django.fixtures import Settings

from dicomserver.access.peers import PeerError, add_peer
from dicomserver.elsewhere import watching
from dicomserver.elsewhere.models import Retrieval
from dicomserver.elsewhere.tasks import fetch
from dicomserver.index.models import Instance, QuarantinedFile
from tests.dicomserver.elsewhere.desk import Desk, study, told, until
from tests.dicomserver.elsewhere.getting_archive import getting_archive
from tests.dicomserver.elsewhere.test_retrieving import UID, images, now_of, ordered
from tests.dicomserver.objects import CT, IMPLICIT, small_ct

JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"


@pytest.fixture(autouse=True)
def _title(settings: Settings, committing: None) -> None:
    settings.DICOM_AE_TITLE = "SERVER_A"


def sends(datasets: list[Dataset]) -> Any:
    def handle(event: evt.Event) -> Any:
        yield len(datasets)
        for ds in datasets:
            if event.is_cancelled:
                yield 0xFE00, None
                return
            yield 0xFF00, ds

    return handle


def test_a_study_comes_on_the_association_that_asks_for_it(desk: Desk) -> None:
    with getting_archive("north", sends(images(3)), study(UID, NumberOfStudyRelatedInstances="3")):
        order = ordered(desk)
        fetch(order["id"])
    done = now_of(desk, order)
    assert (done["state"], done["arrived"], done["completed"], done["failed"]) == ("done", 3, 3, 0)
    (event,) = told("study_fetched")
    assert (event["peer"], event["instances"], event["reason"]) == ("north", 3, "done")
    for instance in Instance.objects.all():
        assert (instance.calling_ae_title, instance.called_ae_title) == ("MACHINE", "SERVER_A")
        assert instance.transfer_syntax_uid == IMPLICIT


def test_what_is_stored_compressed_comes_as_it_is_stored(desk: Desk) -> None:
    made = images(1)
    made[0].file_meta.TransferSyntaxUID = JPEG_LOSSLESS
    found = study(UID, ModalitiesInStudy="CT")
    with getting_archive("north", sends(made), found, stores=((CT, [JPEG_LOSSLESS]),)):
        order = ordered(desk)
        fetch(order["id"])
    assert now_of(desk, order)["state"] == "done", now_of(desk, order)
    assert Instance.objects.get().transfer_syntax_uid == JPEG_LOSSLESS


@pytest.mark.parametrize(
    ("says", "levels"),
    [
        ({"SOPClassesInStudy": CT}, ["STUDY", "STUDY"]),
        ({"ModalitiesInStudy": "CT"}, ["STUDY", "STUDY"]),
        ({}, ["STUDY", "STUDY", "SERIES"]),
    ],
)
def test_an_archive_is_asked_what_the_study_holds_as_far_as_it_must_be(
    desk: Desk, says: dict[str, str], levels: list[str]
) -> None:
    with getting_archive("north", sends(images(1)), study(UID, **says)) as (_, seen):
        order = ordered(desk)
        fetch(order["id"])
    assert now_of(desk, order)["state"] == "done"
    assert [level for _, level in seen] == levels


def test_an_archive_that_does_not_know_this_server_is_asked_by_c_get_by_itself(desk: Desk) -> None:
    def unknown(_event: evt.Event) -> Any:
        yield (None, None)

    with getting_archive("north", sends(images(2)), study(UID), handle_move=unknown, retrieve_by="move"):
        order = ordered(desk)
        fetch(order["id"])
    done = now_of(desk, order)
    assert (done["state"], done["arrived"], done["detail"]) == ("done", 2, "")


def test_an_archive_without_c_get_says_so(desk: Desk) -> None:
    with getting_archive("north", sends(images(1)), study(UID), stores=()):
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["arrived"]) == ("failed", 0)
    assert ended["detail"] == (
        "It does not let this server in: it does not send studies on the association that asks for them (C-GET)."
    )


def test_images_of_another_study_are_not_let_in(desk: Desk) -> None:
    stranger = small_ct()
    stranger.file_meta = images(1)[0].file_meta
    with getting_archive("north", sends([*images(1), stranger]), study(UID)):
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["arrived"], ended["failed"]) == ("failed", 1, 1)
    assert [one.series.study.study_instance_uid for one in Instance.objects.select_related("series__study")] == [UID]


def test_an_image_that_cannot_be_understood_is_set_aside_and_the_rest_comes(desk: Desk) -> None:
    broken = images(1)[0]
    del broken.SeriesInstanceUID
    with getting_archive("north", sends([broken, *images(2)]), study(UID)):
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["arrived"], ended["failed"]) == ("failed", 2, 1)
    assert ended["detail"].startswith("1 of the images could not be sent here. The rest is here.")
    assert QuarantinedFile.objects.count() == 1


def test_without_room_nothing_is_taken(desk: Desk, settings: Settings) -> None:
    with getting_archive("north", sends(images(2)), study(UID)):
        order = ordered(desk)
        settings.ARCHIVE_RESERVE_BYTES = 2**62
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["arrived"], ended["failed"]) == ("failed", 0, 2)


def fetch_in_thread(retrieval_id: str) -> threading.Thread:
    def run() -> None:
        try:
            fetch(retrieval_id)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_it_is_stopped_in_the_middle_and_what_came_stays(desk: Desk) -> None:
    cancelled, may_go_on = threading.Event(), threading.Event()
    made = images(50)

    def handle(event: evt.Event) -> Any:
        yield len(made)
        for number, ds in enumerate(made):
            if number == 3:
                # Nothing more comes until the wish to stop was told.
                may_go_on.wait(20)
            if event.is_cancelled:
                cancelled.set()
                yield 0xFE00, None
                return
            yield 0xFF00, ds

    with getting_archive("north", handle, study(UID, NumberOfStudyRelatedInstances="50")):
        order = ordered(desk)
        thread = fetch_in_thread(order["id"])
        until(lambda: now_of(desk, order)["arrived"] > 0)
        assert desk.ask("delete", f"retrievals/{order['id']}").status_code == 204
        assert now_of(desk, order)["is_stopping"]
        until(lambda: now_of(desk, order)["is_stop_told"])
        may_go_on.set()
        thread.join(30)
    assert cancelled.is_set()
    ended = now_of(desk, order)
    assert (ended["state"], ended["is_stopping"]) == ("stopped", False)
    assert 3 <= ended["arrived"] < 50
    assert [event["reason"] for event in told("study_fetched")] == ["stopped"]


def test_a_silent_archive_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SILENCE", timedelta(seconds=1))
    is_over = threading.Event()

    def handle(_event: evt.Event) -> Any:
        yield 2
        is_over.wait(20)
        yield 0xFE00, None

    with getting_archive("north", handle, study(UID)):
        order = ordered(desk)
        thread = fetch_in_thread(order["id"])
        until(lambda: Retrieval.objects.filter(stop_told_at__isnull=False).exists())
        is_over.set()
        thread.join(30)
    assert now_of(desk, order)["detail"] == "Nothing came from the archive for minutes."


def test_an_archive_that_hangs_up_in_the_middle_fails_and_what_came_stays(desk: Desk) -> None:
    made = images(3)

    def handle(event: evt.Event) -> Any:
        yield 3
        yield 0xFF00, made[0]
        event.assoc.abort()
        yield 0xFF00, made[1]

    with getting_archive("north", handle, study(UID, NumberOfStudyRelatedInstances="3")):
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["detail"]) == ("failed", "It cannot be reached, or does not answer.")
    assert ended["arrived"] == 1


def test_a_peer_is_retrieved_from_in_one_of_two_ways() -> None:
    with pytest.raises(PeerError, match="Studies are retrieved by move or get"):
        add_peer("north", ae_title="N", host="127.0.0.1", retrieve_by="mail")
