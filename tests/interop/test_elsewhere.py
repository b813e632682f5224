"""Orthanc and dcmtk's dcmqrscp as remote archives: searched at once, fetched from by C-MOVE, stopped in the middle."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.demonstration import Demonstration, Server, free_port, wait_until
from tests.interop.archives import (
    BY_GET,
    Archive,
    Desk,
    dcmqrscp_archive,
    known_archive,
    name_of_its_own,
    orthanc_archive,
    until_something_came,
    write_study,
)
from tests.interop.machines import new_ae_title

pytestmark = pytest.mark.timeout(240)
MANY = 800


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    """The server that looks elsewhere."""
    return demonstration.server("A")


@pytest.fixture(scope="module")
def desk(demonstration: Demonstration, server: Server) -> Desk:
    """Its radiologist."""
    return Desk(demonstration, server)


@pytest.fixture(scope="module")
def archives(
    demonstration: Demonstration, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Archive]]:
    """All that the tests look in: they run as long as the tests do, and are made known together."""
    folder = tmp_path_factory.mktemp("archives")
    made = {
        "orthanc": orthanc_archive(demonstration, server, folder / "1"),
        "dcmqrscp": dcmqrscp_archive(demonstration, server, folder / "2"),
        "orthanc by get": orthanc_archive(demonstration, server, folder / "3", *BY_GET),
        "dcmqrscp by get": dcmqrscp_archive(demonstration, server, folder / "4", *BY_GET),
        "dcmqrscp that does not know us": dcmqrscp_archive(demonstration, server, folder / "5", knows_us=False),
        "gone": known_archive(demonstration, server, new_ae_title("GONE"), free_port()),
    }
    with ExitStack() as running:
        known = {name: running.enter_context(archive) for name, archive in made.items()}
        demonstration.wait_for_peers()
        yield known


@pytest.fixture
def orthanc(archives: dict[str, Archive]) -> Archive:
    """An Orthanc."""
    return archives["orthanc"]


@pytest.fixture
def dcmqrscp(archives: dict[str, Archive]) -> Archive:
    """A dcmqrscp."""
    return archives["dcmqrscp"]


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
    until_something_came(server, uid)
    # In the middle, and it breathes again when it has been told to stop.
    with orthanc.holding_its_breath():
        desk.when(f"retrievals/{order['id']}", lambda now: now["arrived"] > 0)
        desk.ask("DELETE", f"retrievals/{order['id']}")
        assert desk.ask("GET", f"retrievals/{order['id']}")["is_stopping"]
        desk.when(f"retrievals/{order['id']}", lambda now: now["is_stop_told"])
    ended = desk.fetched(order)
    assert (ended["state"], ended["expected"]) == ("stopped", MANY)
    assert 0 < ended["arrived"] < MANY
    again = desk.fetched(desk.ask("POST", f"retrievals/{order['id']}/again"))
    assert (again["state"], again["held_before"] + again["arrived"]) == ("done", MANY)


@pytest.mark.parametrize("tool", ["orthanc", "dcmqrscp"])
def test_a_study_is_fetched_by_c_get_from_an_archive_that_cannot_reach_us(
    demonstration: Demonstration, server: Server, desk: Desk, archives: dict[str, Archive], tmp_path: Path, tool: str
) -> None:
    family, archive = name_of_its_own(), archives[f"{tool} by get"]
    uid = write_study(tmp_path / "one", family, 7)
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
    desk: Desk, archives: dict[str, Archive], tmp_path: Path
) -> None:
    family, archive = name_of_its_own(), archives["dcmqrscp that does not know us"]
    uid = write_study(tmp_path / "one", family, 2)
    archive.store(tmp_path / "one")
    search = desk.search(patient_name=family, archives=[archive.name])
    ended = desk.fetched(desk.fetch(search, uid, archive.name))
    assert (ended["state"], ended["arrived"], ended["detail"]) == ("done", 2, "")


def test_a_retrieval_by_c_get_is_stopped_in_the_middle(
    server: Server, desk: Desk, archives: dict[str, Archive], tmp_path: Path
) -> None:
    family, archive = name_of_its_own(), archives["orthanc by get"]
    uid = write_study(tmp_path / "many", family, MANY)
    archive.store(tmp_path / "many")
    search = desk.search(patient_name=family, archives=[archive.name])
    order = desk.fetch(search, uid, archive.name)
    until_something_came(server, uid)
    with archive.holding_its_breath():
        desk.ask("DELETE", f"retrievals/{order['id']}")
        desk.when(f"retrievals/{order['id']}", lambda now: now["is_stop_told"])
    ended = desk.fetched(order)
    assert ended["state"] == "stopped"
    assert 0 < ended["arrived"] < MANY
    again = desk.fetched(desk.ask("POST", f"retrievals/{order['id']}/again"))
    assert (again["state"], again["held_before"] + again["arrived"]) == ("done", MANY)


def files(server: Server, study_instance_uid: str) -> list[Path]:
    """The stored files of a study."""
    return list((server.home / "archive").glob(f"*/*/*/{study_instance_uid}/*/*.dcm"))


def test_an_archive_that_is_down_says_so_while_the_other_answers(
    desk: Desk, archives: dict[str, Archive], orthanc: Archive, tmp_path: Path
) -> None:
    family, gone = name_of_its_own(), archives["gone"]
    uid = write_study(tmp_path / "one", family, 1)
    orthanc.store(tmp_path / "one")
    search = desk.search(patient_name=family, archives=[orthanc.name, gone.name])
    states = {row["name"]: (row["state"], row["detail"]) for row in search["archives"]}
    assert states[orthanc.name] == ("answered", "")
    assert states[gone.name] == ("failed", "It cannot be reached, or does not answer.")
    assert [study["study_instance_uid"] for study in search["studies"]] == [uid]
