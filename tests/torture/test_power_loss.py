"""What is synced before what, for each way in, as strace saw it; and what a power cut leaves is complete."""

import shutil
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
from requests import RequestException, get

from tests.demonstration import wait_until
from tests.dicomserver.objects import Sendable, stored_data_set
from tests.torture.instances import made_instance
from tests.torture.laboratory import Laboratory, stored_files
from tests.torture.portal import RememberingPortal
from tests.torture.sender import CALLED_AE_TITLE
from tests.torture.server import VERIFICATION, TorturedServer
from tests.torture.storage_scu import SUCCESS, Interrupted, StorageAssociation
from tests.torture.stow import StowClient, file_head
from tests.torture.traced import TracedCommand, TracedRun

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

START_SECONDS = 40
CANNOT_UNDERSTAND = 0xC000
ASSOCIATIONS, INSTANCES = 3, 8


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A PostgreSQL and a Redis for all experiments."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    directory = tmp_path_factory.mktemp("power-loss")
    # PostgreSQL of root runs as another user, who passes through here.
    directory.chmod(0o711)
    portal = RememberingPortal()
    portal.start()
    server = TorturedServer(directory, portal.url)
    server.prepare()
    portal.stop()
    with server.stores():
        yield Laboratory(server)
    server.remove()


def test_c_store_is_answered_when_the_bytes_last_and_committed_when_the_name_lasts(laboratory: Laboratory) -> None:
    environment = laboratory.new("c-store")
    with TracedCommand(environment, "run_scp") as command:
        sent = send_by_c_store(environment)
        run = command.cut_power()
    answered = dict(answered_by_c_store(run, int(environment["DICOM_PORT"])))
    assert answered.keys() == {what.sop_instance_uid for what in sent}
    for what in sent:
        check_order(run, what, answered[what.sop_instance_uid], laboratory.database_port)
    check_after_power_cut(laboratory, environment, run, sent)


def test_conflict_and_refusal_are_answered_when_both_last(laboratory: Laboratory) -> None:
    environment = laboratory.new("set-aside")
    first, refused = made_instance(10, 0, 0).what, made_instance(10, 0, 1).what
    second = replace(first, data=first.data.replace(b"Popescu^Ion ", b"Popescu^Iona"))
    refused = replace(refused, data=refused.data[:-10])
    with TracedCommand(environment, "run_scp") as command:
        wait_until(lambda: listens(environment), START_SECONDS, "the traced receiver listens")
        with association(environment, [first, refused]) as assoc:
            assert [assoc.store(what) for what in (first, second, refused)] == [SUCCESS, SUCCESS, CANNOT_UNDERSTAND]
        wait_until(lambda: stored_files(environment).keys() == {first.sop_instance_uid}, START_SECONDS, "it is indexed")
        run = command.cut_power()
    answers = answered_by_c_store(run, int(environment["DICOM_PORT"]))
    check_order(run, second, answers[1][1], laboratory.database_port, below="quarantine/conflicts")
    check_order(run, first, answers[0][1], laboratory.database_port)
    check_order(run, refused, answers[2][1], laboratory.database_port, below="quarantine")
    file = run.file_of(refused.data)
    (kept,) = [path for path in file.named if path.is_relative_to(run.home / "quarantine")]
    (commit,) = [one for one in run.commits(laboratory.database_port) if kept.name.encode() in one.statements]
    assert run.disk.durable_since(kept) < commit.begun < commit.answered < answers[2][1]
    check_after_power_cut(laboratory, environment, run, [first], set_aside=[second, refused])


def send_by_c_store(environment: Mapping[str, str]) -> list[Sendable]:
    """Store instances on several associations at once; returns them when all were answered with success."""
    objects = [made_instance(7, association, number).what for association in range(3) for number in range(INSTANCES)]
    statuses: list[int] = []

    def store(mine: list[Sendable]) -> None:
        with association(environment, objects) as assoc:
            statuses.extend(assoc.store(what) for what in mine)
            assoc.release()

    wait_until(lambda: listens(environment), START_SECONDS, "the traced receiver listens")
    threads = [Thread(target=store, args=(objects[first::ASSOCIATIONS],)) for first in range(ASSOCIATIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [SUCCESS] * len(objects)
    return objects


def association(environment: Mapping[str, str], objects: Sequence[Sendable]) -> StorageAssociation:
    """An association for the objects."""
    contexts = {(what.sop_class_uid, what.transfer_syntax_uid) for what in objects} or {VERIFICATION}
    address = ("127.0.0.1", int(environment["DICOM_PORT"]))
    return StorageAssociation(address, contexts, calling="SENDER", called=CALLED_AE_TITLE)


def listens(environment: Mapping[str, str]) -> bool:
    """Whether the receiver takes associations."""
    try:
        with association(environment, []) as assoc:
            assoc.release()
    except Interrupted:
        return False
    return True


def answered_by_c_store(run: TracedRun, port: int) -> list[tuple[str, int]]:
    """The SOP Instance UID of each answer, and when it began to be sent."""
    answers = [call for call in run.sends(port) if call.data[:1] == b"\x04"]
    return [(dict(elements_of(call.data[12:]))[0x1000].rstrip(b"\0").decode(), call.begun) for call in answers]


def elements_of(command_set: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a command set, which is always implicit little endian (PS3.7 6.3.1)."""
    while command_set:
        _, element, length = struct.unpack_from("<HHL", command_set)
        yield element, command_set[8 : 8 + length]
        command_set = command_set[8 + length :]


def check_order(run: TracedRun, what: Sendable, answered: int, database_port: int, below: str = "archive") -> None:
    """Bytes, then sync, then answer; final name, then sync of all its folders, then COMMIT, then the slot goes."""
    file = run.file_of(what.data)
    written = max(call.ended for call in file.writes)
    synced = min(call.ended for call in file.syncs if call.begun > written)
    assert written < synced < answered
    (slot,) = [path for path in file.named if path.is_relative_to(run.home / "incoming")]
    assert run.disk.durable_since(slot) < min(call.begun for call in file.writes) < answered
    if slot in file.unnamed:
        # It went, so the final name is durable, and its row was committed between the two.
        (placed,) = [path for path in file.named if path.is_relative_to(run.home / below)]
        relative_path = placed.relative_to(run.home / below.partition("/")[0]).as_posix()
        commits = [one for one in run.commits(database_port) if relative_path.encode() in one.statements]
        (commit,) = [one for one in commits if b"INSERT INTO" in one.statements]
        assert run.disk.durable_since(placed) < commit.begun < commit.answered < file.unnamed[slot].begun


def check_after_power_cut(
    laboratory: Laboratory,
    environment: Mapping[str, str],
    run: TracedRun,
    acknowledged: Sequence[Sendable],
    set_aside: Sequence[Sendable] = (),
) -> None:
    """Whatever the disk kept of what was not synced, a start finds everything that was acknowledged."""
    # Else the model of the disk did not understand the trace.
    assert run.disk.contents() == {
        path: path.read_bytes() for path in run.home.rglob("*") if path.is_file() and "identity" not in path.parts
    }
    for keeps_names in (False, True):
        name = f"{run.home.parent.name}-{'names-kept' if keeps_names else 'names-lost'}"
        restarted = laboratory.after_power_cut(environment, run, name, keeps_names=keeps_names)
        laboratory.recover(restarted)
        stored = stored_files(restarted)
        assert stored.keys() == {what.sop_instance_uid for what in acknowledged}
        for what in acknowledged:
            assert stored_data_set(stored[what.sop_instance_uid]) == what.data
        home = Path(restarted["DICOM_SERVER_HOME"])
        quarantined = [stored_data_set(path) for path in (home / "quarantine").rglob("*") if path.is_file()]
        assert sorted(quarantined) == sorted(what.data for what in set_aside)
        assert {path for path in (home / "archive").rglob("*") if path.is_file()} == set(stored.values())
        assert [path for path in (home / "incoming").rglob("*") if path.is_file()] == []


def test_stow_is_answered_when_the_bytes_last_and_committed_when_the_name_lasts(laboratory: Laboratory) -> None:
    environment = laboratory.new("stow-rs")
    with TracedCommand(environment, "run_web") as command:
        requests = send_by_stow(environment, laboratory.server.stow_token)
        run = command.cut_power()
    answers = [call.begun for call in run.sends(int(environment["DICOMWEB_PORT"])) if call.data[:12] == b"HTTP/1.1 200"]
    # The first ones asked whether it is up.
    answers = answers[-len(requests) :]
    for answered, objects in zip(answers, requests, strict=True):
        for what in objects:
            check_order(run, what, answered, laboratory.database_port)
    check_after_power_cut(laboratory, environment, run, [what for objects in requests for what in objects])


def send_by_stow(environment: Mapping[str, str], token: str) -> list[list[Sendable]]:
    """Store instances in several requests, one after the other; returns them when all were stored."""
    port = int(environment["DICOMWEB_PORT"])
    requests = [[made_instance(8, request, number).what for number in range(4)] for request in range(3)]

    def is_up() -> bool:
        try:
            return get(f"http://127.0.0.1:{port}/health/live", timeout=5).status_code == 200
        except RequestException:
            return False

    wait_until(is_up, START_SECONDS, "the traced web process answers")
    for objects in requests:
        answer = StowClient(port, token).store(objects)
        assert answer.status == 200
        assert answer.stored == {what.sop_instance_uid for what in objects}
    return requests


def test_import_ends_when_the_bytes_last_and_commits_when_the_name_lasts(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    environment = laboratory.new("import")
    objects = [made_instance(9, 0, number).what for number in range(INSTANCES)]
    for what in objects:
        (tmp_path / what.sop_instance_uid).write_bytes(file_head(what) + what.data)
    with TracedCommand(environment, "import_dicom", str(tmp_path)) as command:
        run = command.wait()
    said = next(call.begun for call in run.calls if call.name == "write" and b"stored: 8" in call.data)
    for what in objects:
        check_order(run, what, said, laboratory.database_port)
    check_after_power_cut(laboratory, environment, run, objects)


def test_folder_whose_maker_was_killed_before_it_lasted_lasts_before_the_commit(
    laboratory: Laboratory, tmp_path: Path
) -> None:
    environment = laboratory.new("folders")
    what = made_instance(11, 0, 0).what
    (tmp_path / "one").write_bytes(file_head(what) + what.data)
    year, month, day = f"{datetime.now(UTC):%Y %m %d}".split()
    folders = [f"archive/{year}", f"archive/{year}/{month}", f"archive/{year}/{month}/{day}"]
    with TracedCommand(environment, "import_dicom", str(tmp_path), unsynced=folders) as command:
        run = command.wait()
    said = next(call.begun for call in run.calls if call.name == "write" and b"stored: 1" in call.data)
    check_order(run, what, said, laboratory.database_port)
    check_after_power_cut(laboratory, environment, run, [what])
