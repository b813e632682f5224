"""Orthanc and dcmtk's dcmqrscp as remote archives: searched at once, fetched from by C-MOVE, stopped in the middle."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.demonstration import Demonstration, Server, wait_until
from tests.interop.archives import (
    BY_GET,
    Archive,
    Desk,
    dcmqrscp_archive,
    name_of_its_own,
    orthanc_archive,
    write_study,
)

pytestmark = pytest.mark.timeout(240)
MANY = 800


@pytest.fixture
def server(demonstration: Demonstration) -> Server:
    """The server that looks elsewhere."""
    return demonstration.server("A")


@pytest.fixture
def desk(demonstration: Demonstration, server: Server) -> Desk:
    """Its radiologist."""
    return Desk(demonstration, server)


@pytest.fixture
def orthanc(demonstration: Demonstration, server: Server, tmp_path: Path) -> Iterator[Archive]:
    """An Orthanc."""
    with orthanc_archive(demonstration, server, tmp_path) as archive:
        yield archive


@pytest.fixture
def dcmqrscp(demonstration: Demonstration, server: Server, tmp_path: Path) -> Iterator[Archive]:
    """A dcmqrscp."""
    with dcmqrscp_archive(demonstration, server, tmp_path) as archive:
        yield archive


def test_both_are_searched_at_once_and_a_study_is_fetched_from_each(
    demonstration: Demonstration, desk: Desk, orthanc: Archive, dcmqrscp: Archive, tmp_path: Path
) -> None:
    family = name_of_its_own()
    in_orthanc = write_study(tmp_path / "one", family, 5)
    in_dcmqrscp = write_study(tmp_path / "two", family, 3)
    in_both = write_study(tmp_path / "three", family, 2)
    orthanc.store(tmp_path / "one")
    dcmqrscp.store(tmp_path / "two")
    for archive in (orthanc, dcmqrscp):
        archive.store(tmp_path / "three")
    search = desk.search(patient_name=family)
    states = {row["name"]: (row["state"], row["studies"]) for row in search["archives"]}
    assert states[orthanc.name] == states[dcmqrscp.name] == ("answered", 2)
    places = {
        study["study_instance_uid"]: [place["name"] for place in study["archives"]] for study in search["studies"]
    }
    assert places == {
        in_orthanc: [orthanc.name],
        in_dcmqrscp: [dcmqrscp.name],
        in_both: sorted([orthanc.name, dcmqrscp.name]),
    }
    orders = [
        desk.fetch(search, in_orthanc, orthanc.name),
        desk.fetch(search, in_dcmqrscp, dcmqrscp.name),
    ]
    ended = [desk.fetched(order) for order in orders]
    assert [(one["state"], one["arrived"], one["detail"]) for one in ended] == [("done", 5, ""), ("done", 3, "")]
    held = {
        study["study_instance_uid"]: study["held"] for study in desk.ask("GET", f"searches/{search['id']}")["studies"]
    }
    assert held == {in_orthanc: 5, in_dcmqrscp: 3, in_both: 0}
    reader = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(reader, in_orthanc) == 5, 90, "it is in the worklist")
    wait_until(lambda: demonstration.instances_seen(reader, in_dcmqrscp) == 3, 90, "it is in the worklist")


def test_names_in_other_letters_are_found_in_both(
    desk: Desk, orthanc: Archive, dcmqrscp: Archive, tmp_path: Path
) -> None:
    family = "Щукин" + name_of_its_own()
    uid = write_study(tmp_path / "one", family, 1, SpecificCharacterSet="ISO_IR 192")
    for archive in (orthanc, dcmqrscp):
        archive.store(tmp_path / "one")
    search = desk.search(patient_name=family, archives=[orthanc.name, dcmqrscp.name])
    found = {study["study_instance_uid"]: study for study in search["studies"]}
    assert found[uid]["patient_name"] == f"{family}^Wanda"
    assert [place["name"] for place in found[uid]["archives"]] == sorted([orthanc.name, dcmqrscp.name])


def test_a_retrieval_is_stopped_in_the_middle(server: Server, desk: Desk, orthanc: Archive, tmp_path: Path) -> None:
    family = name_of_its_own()
    uid = write_study(tmp_path / "many", family, MANY)
    orthanc.store(tmp_path / "many")
    search = desk.search(patient_name=family, archives=[orthanc.name])
    assert search["studies"][0]["missing"] == MANY
    order = desk.fetch(search, uid, orthanc.name)
    # Orthanc holds its breath in the middle, and breathes again when it has been told to stop.
    pid = int(subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=True).stdout)
    while not list((server.home / "archive").glob(f"*/*/*/{uid}")):
        time.sleep(0.01)
    os.kill(pid, signal.SIGSTOP)
    try:
        desk.when(f"retrievals/{order['id']}", lambda now: now["arrived"] > 0)
        desk.ask("DELETE", f"retrievals/{order['id']}")
        assert desk.ask("GET", f"retrievals/{order['id']}")["is_stopping"]
        desk.when(f"retrievals/{order['id']}", lambda now: now["is_stop_told"])
    finally:
        os.kill(pid, signal.SIGCONT)
    ended = desk.fetched(order)
    assert (ended["state"], ended["expected"]) == ("stopped", MANY)
    assert 0 < ended["arrived"] < MANY
    again = desk.fetched(desk.ask("POST", f"retrievals/{order['id']}/again"))
    assert (again["state"], again["held_before"] + again["arrived"]) == ("done", MANY)


@pytest.mark.parametrize("tool", ["orthanc", "dcmqrscp"])
def test_a_study_is_fetched_by_c_get_from_an_archive_that_cannot_reach_us(
    demonstration: Demonstration, server: Server, desk: Desk, tmp_path: Path, tool: str
) -> None:
    make = orthanc_archive if tool == "orthanc" else dcmqrscp_archive
    family = name_of_its_own()
    uid = write_study(tmp_path / "one", family, 7)
    with make(demonstration, server, tmp_path, *BY_GET) as archive:
        archive.store(tmp_path / "one")
        search = desk.search(patient_name=family, archives=[archive.name])
        ended = desk.fetched(desk.fetch(search, uid, archive.name))
    assert (ended["state"], ended["arrived"], ended["failed"], ended["detail"]) == ("done", 7, 0, "")
    sources = {
        dcmread(path, stop_before_pixels=True).file_meta.SendingApplicationEntityTitle for path in files(server, uid)
    }
    assert sources == {archive.ae_title}
    reader = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(reader, uid) == 7, 90, "it is in the worklist")


def test_an_archive_that_does_not_know_us_is_asked_by_c_get_by_itself(
    demonstration: Demonstration, server: Server, desk: Desk, tmp_path: Path
) -> None:
    family = name_of_its_own()
    uid = write_study(tmp_path / "one", family, 2)
    with dcmqrscp_archive(demonstration, server, tmp_path, knows_us=False) as archive:
        archive.store(tmp_path / "one")
        search = desk.search(patient_name=family, archives=[archive.name])
        ended = desk.fetched(desk.fetch(search, uid, archive.name))
    assert (ended["state"], ended["arrived"], ended["detail"]) == ("done", 2, "")


def test_a_retrieval_by_c_get_is_stopped_in_the_middle(
    demonstration: Demonstration, server: Server, desk: Desk, tmp_path: Path
) -> None:
    family = name_of_its_own()
    uid = write_study(tmp_path / "many", family, MANY)
    with orthanc_archive(demonstration, server, tmp_path, *BY_GET) as archive:
        archive.store(tmp_path / "many")
        search = desk.search(patient_name=family, archives=[archive.name])
        order = desk.fetch(search, uid, archive.name)
        pid = int(subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=True).stdout)
        while not list((server.home / "archive").glob(f"*/*/*/{uid}")):
            time.sleep(0.01)
        os.kill(pid, signal.SIGSTOP)
        try:
            desk.ask("DELETE", f"retrievals/{order['id']}")
            desk.when(f"retrievals/{order['id']}", lambda now: now["is_stop_told"])
        finally:
            os.kill(pid, signal.SIGCONT)
        ended = desk.fetched(order)
        assert ended["state"] == "stopped"
        assert 0 < ended["arrived"] < MANY
        again = desk.fetched(desk.ask("POST", f"retrievals/{order['id']}/again"))
    assert (again["state"], again["held_before"] + again["arrived"]) == ("done", MANY)


def files(server: Server, study_instance_uid: str) -> list[Path]:
    """The stored files of a study."""
    return list((server.home / "archive").glob(f"*/*/*/{study_instance_uid}/*/*.dcm"))


def test_an_archive_that_is_down_says_so_while_the_other_answers(
    demonstration: Demonstration, server: Server, desk: Desk, orthanc: Archive, tmp_path: Path
) -> None:
    family = name_of_its_own()
    uid = write_study(tmp_path / "one", family, 1)
    orthanc.store(tmp_path / "one")
    with dcmqrscp_archive(demonstration, server, tmp_path / "gone") as gone:
        pass
    # Known again, though it does not run any more.
    where = ["--host", "127.0.0.1", "--port", str(gone.port)]
    demonstration.manage(
        server, "add_peer", gone.name, "--ae-title", gone.ae_title, *where, "--services", "store", "--archive"
    )
    try:
        search = desk.search(patient_name=family, archives=[orthanc.name, gone.name])
    finally:
        demonstration.manage(server, "remove_peer", gone.name)
    states = {row["name"]: (row["state"], row["detail"]) for row in search["archives"]}
    assert states[orthanc.name] == ("answered", "")
    assert states[gone.name] == ("failed", "It cannot be reached, or does not answer.")
    assert [study["study_instance_uid"] for study in search["studies"]] == [uid]
