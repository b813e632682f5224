"""A study that was found comes here: what has arrived counts, and every way in which it can fail says so."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone
from pydicom.dataset import Dataset, FileMetaDataset
from pynetdicom import evt
from pytest_django.fixtures import Settings

from dicomserver.access.peers import change_peer, known_peers, remove_peer
from dicomserver.elsewhere import watching
from dicomserver.elsewhere.models import Retrieval
from dicomserver.elsewhere.retrievals import (
    MAX_ATTEMPTS,
    forget_retrievals,
    resume_retrievals,
    waiting_retrievals,
)
from dicomserver.elsewhere.retrieving import retrieve
from dicomserver.elsewhere.tasks import fetch
from dicomserver.scp.server import ScpServer
from tests.dicomserver.elsewhere.desk import Desk, sending_archive, study, told, until
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import EXPLICIT, small_ct

UID = "1.2.826.0.1.3680043.10.1561.77"


def images(number: int) -> list[Dataset]:
    made = []
    for _ in range(number):
        ds = small_ct()
        ds.StudyInstanceUID = UID
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = EXPLICIT
        made.append(ds)
    return made


def sends(scp: ScpServer, datasets: list[Dataset]) -> Callable[[evt.Event], Any]:
    def handle(_event: evt.Event) -> Any:
        yield ("127.0.0.1", scp.port)
        yield len(datasets)
        for ds in datasets:
            yield 0xFF00, ds

    return handle


def ordered(desk: Desk, number: int | None = None) -> dict[str, Any]:
    found = desk.search(patient_id="1")
    order = {"search": found["id"], "study_instance_uid": UID, "archive": "north"}
    answer = desk.ask("post", "retrievals", order)
    assert answer.status_code == 201, answer.content
    return answer.json()


def now_of(desk: Desk, order: dict[str, Any]) -> dict[str, Any]:
    return desk.ask("get", f"retrievals/{order['id']}").json()


@pytest.fixture(autouse=True)
def _title(settings: Settings) -> None:
    settings.DICOM_AE_TITLE = "SERVER_A"


def test_a_study_comes_and_is_told(desk: Desk, scp: ScpServer) -> None:
    found = study(UID, NumberOfStudyRelatedInstances="3")
    with sending_archive("north", sends(scp, images(3)), found):
        order = ordered(desk)
        assert (order["state"], order["expected"], order["arrived"]) == ("waiting", 3, 0)
        assert waiting_retrievals() == [UUID(order["id"])]
        fetch(order["id"])
    done = now_of(desk, order)
    assert (done["state"], done["arrived"], done["completed"], done["failed"]) == ("done", 3, 3, 0)
    assert (done["detail"], done["patient_name"], done["is_mine"]) == ("", "Popescu^Ion", True)
    (event,) = told("study_fetched")
    assert (event["sub"], event["peer"], event["study_instance_uid"]) == ("elena", "north", UID)
    assert (event["instances"], event["reason"]) == (3, "done")
    assert desk.colleague("andrei").ask("get", "retrievals").json()["retrievals"][0]["is_mine"] is False
    assert not waiting_retrievals()


def test_what_was_here_before_counts_as_here(desk: Desk, scp: ScpServer, take_in: TakeIn) -> None:
    made = images(2)
    take_in(made[0])
    found = study(UID, NumberOfStudyRelatedInstances="2")
    with sending_archive("north", sends(scp, made), found):
        order = ordered(desk)
        fetch(order["id"])
    done = now_of(desk, order)
    assert (done["state"], done["held_before"], done["arrived"]) == ("done", 1, 1)


def test_fewer_images_than_announced_are_no_success(
    desk: Desk, scp: ScpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SETTLING_SECONDS", 0.5)
    with sending_archive("north", sends(scp, images(1)), study(UID, NumberOfStudyRelatedInstances="4")):
        order = ordered(desk)
        fetch(order["id"])
        ended = now_of(desk, order)
        assert (ended["state"], ended["arrived"]) == ("failed", 1)
        assert ended["detail"] == "The archive says that it has sent everything, but only 1 images are here."
        again = desk.ask("post", f"retrievals/{order['id']}/again")
    assert (again.status_code, again.json()["state"], again.json()["held_before"]) == (201, "waiting", 0)
    assert desk.ask("get", f"retrievals/{order['id']}").status_code == 404


def test_images_that_this_server_refuses_are_counted(desk: Desk, start_scp: Callable[..., ScpServer]) -> None:
    scp = start_scp(allowed_calling_ae_titles=("SOMEBODY",))
    with sending_archive("north", sends(scp, images(2)), study(UID, NumberOfStudyRelatedInstances="2")):
        change_peer("north", services=[])
        known_peers.forget()
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["arrived"]) == ("failed", 0)
    assert ended["detail"].endswith("this server's has to let it store.")


def test_an_archive_that_does_not_know_us_says_what_to_do(desk: Desk, settings: Settings) -> None:
    def handle(_event: evt.Event) -> Any:
        yield (None, None)

    with sending_archive("north", handle, study(UID)):
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert ended["state"] == "failed"
    assert ended["detail"].startswith("The archive does not know this server, or may not send to it.")


def test_an_archive_that_is_gone_fails_and_can_be_tried_again(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID)):
        order = ordered(desk)
    fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["detail"]) == ("failed", "It cannot be reached, or does not answer.")
    assert [event["reason"] for event in told("study_fetched")] == [ended["detail"]]


def test_an_archive_that_was_removed_meanwhile_is_not_asked(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID)):
        order = ordered(desk)
        remove_peer("north")
        known_peers.forget()
        fetch(order["id"])
    assert now_of(desk, order)["detail"] == "This server does not know the archive any more."


def test_a_retrieval_is_stopped_in_the_middle_and_what_came_stays(desk: Desk, scp: ScpServer) -> None:
    made, cancelled, may_go_on = images(50), threading.Event(), threading.Event()

    def handle(event: evt.Event) -> Any:
        yield ("127.0.0.1", scp.port)
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

    with sending_archive("north", handle, study(UID, NumberOfStudyRelatedInstances="50")):
        order = ordered(desk)
        thread = threading.Thread(target=_fetch_and_close, args=(order["id"],))
        thread.start()
        until(lambda: now_of(desk, order)["arrived"] > 0)
        assert desk.ask("delete", f"retrievals/{order['id']}").status_code == 204
        until(lambda: now_of(desk, order)["is_stop_told"])
        may_go_on.set()
        thread.join(20)
        assert cancelled.wait(5)
    ended = now_of(desk, order)
    assert ended["state"] == "stopped"
    assert 0 < ended["arrived"] < 50
    assert [event["reason"] for event in told("study_fetched")] == ["stopped"]


def _fetch_and_close(retrieval_id: str) -> None:
    try:
        fetch(retrieval_id)
    finally:
        connection.close()


def test_one_that_has_not_begun_is_stopped_at_once(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID)):
        order = ordered(desk)
        assert desk.ask("delete", f"retrievals/{order['id']}").status_code == 204
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["arrived"], ended["attempts"]) == ("stopped", 0, 0)
    assert len(told("study_fetched")) == 1


def test_a_silent_archive_is_left(desk: Desk, scp: ScpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SILENCE", timedelta(seconds=1))
    is_over = threading.Event()

    def handle(_event: evt.Event) -> Any:
        yield ("127.0.0.1", scp.port)
        yield 2
        is_over.wait(8)
        yield 0xFE00, None

    with sending_archive("north", handle, study(UID)):
        order = ordered(desk)
        thread = threading.Thread(target=_fetch_and_close, args=(order["id"],))
        thread.start()
        until(lambda: Retrieval.objects.filter(is_to_stop=False, state="running").exists())
        # The wish to stop reaches the archive, which hears it when it wakes.
        thread.join(2.5)
        is_over.set()
        thread.join(20)
    assert now_of(desk, order)["detail"] == "Nothing came from the archive for minutes."


def test_the_same_study_is_not_fetched_twice_at_once(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID)):
        first, second = ordered(desk), ordered(desk)
        assert first["id"] == second["id"]
        assert desk.ask("post", f"retrievals/{first['id']}/again").status_code == 409
        fetch(first["id"])
        fetch(first["id"])
    assert Retrieval.objects.count() == 1
    assert now_of(desk, first)["attempts"] == 1


def test_what_a_dead_process_left_is_begun_again_and_not_for_ever(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID, NumberOfStudyRelatedInstances="1")):
        order = ordered(desk)
        lost = timezone.now() - timedelta(minutes=2)
        Retrieval.objects.update(state="running", seen_at=lost, attempts=1)
        assert not waiting_retrievals()
        resume_retrievals()
        assert waiting_retrievals() == [UUID(order["id"])]
        fetch(order["id"])
    assert (now_of(desk, order)["state"], now_of(desk, order)["attempts"]) == ("done", 2)
    Retrieval.objects.update(state="running", seen_at=lost, attempts=MAX_ATTEMPTS, ended_at=None)
    resume_retrievals()
    assert now_of(desk, order)["state"] == "failed"


def test_a_worker_that_ends_leaves_it_to_another(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID)):
        order = ordered(desk)
        retrieve(UUID(order["id"]), is_stopping=lambda: True)
    assert now_of(desk, order)["state"] == "waiting"
    assert not told("study_fetched")


@pytest.mark.parametrize(
    "change",
    [{"study_instance_uid": "1.2.3.4"}, {"archive": "south"}, {"search": "00000000-0000-4000-8000-000000000000"}],
)
def test_only_what_a_search_found_there_is_fetched(desk: Desk, scp: ScpServer, change: dict[str, str]) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID)):
        found = desk.search(patient_id="1")
    order = {"search": found["id"], "study_instance_uid": UID, "archive": "north"}
    assert desk.ask("post", "retrievals", order | change).status_code == 404
    assert desk.colleague("andrei").ask("post", "retrievals", order).status_code == 404
    assert not Retrieval.objects.exists()


@pytest.mark.parametrize("body", [{}, [], {"search": "x", "study_instance_uid": "1.2", "archive": "north"}])
def test_an_order_that_names_nothing_is_refused(desk: Desk, body: Any) -> None:
    assert desk.ask("post", "retrievals", body).status_code == 400


def test_what_ended_long_ago_is_forgotten(desk: Desk, scp: ScpServer) -> None:
    with sending_archive("north", sends(scp, images(1)), study(UID, NumberOfStudyRelatedInstances="1")):
        order = ordered(desk)
        fetch(order["id"])
    forget_retrievals()
    assert Retrieval.objects.exists()
    Retrieval.objects.update(ended_at=timezone.now() - timedelta(days=15))
    forget_retrievals()
    assert not Retrieval.objects.exists()
