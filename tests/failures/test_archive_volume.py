"""The volume of the archive is full, closed or broken: refused before damage, readable all the time, back by itself."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demonstration import wait_until
from tests.failures.server import OUT_OF_RESOURCES, SUCCESS, SmallServer, make_slice
from tests.failures.volumes import MIB, Volume, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

MakeVolume = Callable[..., Volume]
StartServer = Callable[..., SmallServer]

RESERVE = 16 * MIB
SENDERS = 4


def store_some(server: SmallServer) -> None:
    """Something by each way in."""
    assert server.send(make_slice()) == (SUCCESS, "")
    assert server.post(make_slice()).status == 200
    server.assert_whole()


def send_until_refused(server: SmallServer, answers: list[tuple[int, str]], may_stop: threading.Event) -> None:
    """Send one instance after the other until some were refused."""
    refused = 0
    while refused < 3 or not may_stop.is_set():
        answer = server.send(make_slice(side=300))
        answers.append(answer)
        refused += answer[0] != SUCCESS
        assert len(answers) < 500


def refused_at_last(server: SmallServer) -> str:
    """Send until some were refused, as slots made ahead take a few; the comment of the last refusal."""
    answers = server.send_all([make_slice(side=16) for _ in range(80)])
    assert {status for status, _ in answers} == {SUCCESS, OUT_OF_RESOURCES}
    assert answers[-1][0] == OUT_OF_RESOURCES
    return answers[-1][1]


def test_other_data_fills_the_volume_to_the_reserve_while_senders_send(
    make_volume: MakeVolume, start_server: StartServer
) -> None:
    volume = make_volume()
    server = start_server(volume, ARCHIVE_RESERVE_BYTES=str(RESERVE))
    store_some(server)
    answers: list[tuple[int, str]] = []
    is_filled = threading.Event()
    senders = [threading.Thread(target=send_until_refused, args=(server, answers, is_filled)) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    wait_until(lambda: len(answers) > 10, 20, "senders send")
    volume.fill(leave=RESERVE - MIB)
    is_filled.set()
    for sender in senders:
        sender.join(30)
    full = (OUT_OF_RESOURCES, "The archive is full: no room beyond its reserve. Free some, or")
    assert {answer[0] for answer in answers} == {SUCCESS, OUT_OF_RESOURCES}
    assert {comment[:47] for status, comment in answers if status != SUCCESS} == {full[1][:47]}
    assert volume.bytes_free > RESERVE - 4 * MIB
    assert server.post(make_slice()).status == 507
    server.wait_for_check("archive", "full: ")
    assert server.metric('archive_trouble{trouble="full"}') == 1
    assert server.metric("archive_bytes_free") < server.metric("archive_bytes_reserve") == RESERVE
    server.assert_whole()
    for one in (*server.acknowledged[:2], server.acknowledged[-1]):
        server.assert_readable(one)
    volume.relieve()
    server.assert_takes_in()
    assert server.metric('archive_trouble{trouble="full"}') == 0


def test_the_volume_gets_really_full_in_the_middle_of_an_instance(
    make_volume: MakeVolume, start_server: StartServer
) -> None:
    volume = make_volume()
    server = start_server(volume, ARCHIVE_RESERVE_BYTES="0")
    store_some(server)
    answer = server.send(make_slice(side=1500), between=lambda: volume.fill(leave=0))
    assert answer == (OUT_OF_RESOURCES, "The archive is full: its disk has no room.")
    # The half that was received is gone again; somebody else takes that room too.
    volume.fill(leave=0)
    assert server.post(make_slice()).status == 507
    server.wait_for_check("archive", "full: ")
    assert volume.bytes_free < 64 * 1024
    server.assert_whole()
    for one in server.acknowledged:
        server.assert_readable(one)
    volume.relieve()
    server.assert_takes_in()


def test_too_few_inodes_are_left(make_volume: MakeVolume, start_server: StartServer) -> None:
    volume = make_volume(inodes=600)
    server = start_server(volume, ARCHIVE_RESERVE_BYTES=str(RESERVE))
    store_some(server)
    volume.use_up_inodes(leave=10)
    assert server.send(make_slice()) == (OUT_OF_RESOURCES, "The archive is full: no inodes beyond its reserve.")
    assert server.post(make_slice()).status == 507
    server.wait_for_check("archive", "no inodes: ")
    assert server.metric('archive_trouble{trouble="no_inodes"}') == 1
    server.assert_whole()
    for one in server.acknowledged:
        server.assert_readable(one)
    volume.relieve()
    server.assert_takes_in()


def test_no_inode_is_left_and_what_was_acknowledged_waits_until_there_are_some(
    make_volume: MakeVolume, start_server: StartServer
) -> None:
    volume = make_volume(inodes=600)
    server = start_server(volume, ARCHIVE_RESERVE_BYTES="0")
    store_some(server)
    volume.use_up_inodes(leave=0)
    assert refused_at_last(server) == "The archive is full: no inodes are left."
    server.wait_for_check("archive", "no inodes: ")
    for one in server.acknowledged[:2]:
        server.assert_readable(one)
    volume.relieve()
    server.assert_whole()
    server.assert_takes_in()


def set_permissions(home: Path, owner: int, folders: int, files: int) -> None:
    """Give all but the identity away."""
    for name in ("archive", "incoming", "quarantine"):
        for path in (home / name, *(home / name).rglob("*")):
            path.chmod(folders if path.is_dir() else files)
            run("chown", f"{owner}:{owner}", path)
    run("chown", f"{owner}:{owner}", home)


def test_the_folders_belong_to_somebody_else(make_volume: MakeVolume, start_server: StartServer) -> None:
    volume = make_volume()
    server = start_server(volume, ARCHIVE_RESERVE_BYTES="0")
    store_some(server)
    set_permissions(server.home, 12345, 0o555, 0o444)
    assert refused_at_last(server) == "The archive's folders give this server no permission."
    server.wait_for_check("archive", "no permission: ")
    assert server.metric('archive_trouble{trouble="no_permission"}') == 1
    for one in server.acknowledged[:2]:
        server.assert_readable(one)
    set_permissions(server.home, 0, 0o750, 0o640)
    server.assert_whole()
    server.assert_takes_in()


def test_the_volume_is_read_only_for_a_while(make_volume: MakeVolume, start_server: StartServer) -> None:
    volume = make_volume()
    server = start_server(volume, ARCHIVE_RESERVE_BYTES="0")
    store_some(server)
    volume.cover_read_only()
    assert refused_at_last(server) == "The archive is read-only."
    server.wait_for_check("archive", "read-only: ")
    assert server.metric('archive_trouble{trouble="read_only"}') == 1
    for one in server.acknowledged[:2]:
        server.assert_readable(one)
    volume.uncover()
    server.assert_whole()
    server.assert_takes_in()


def test_the_disk_breaks_in_the_middle_of_an_instance(make_volume: MakeVolume, start_server: StartServer) -> None:
    volume = make_volume()
    server = start_server(volume, ARCHIVE_RESERVE_BYTES="0")
    store_some(server)
    answer = server.send(make_slice(side=1500), between=volume.break_disk)
    assert answer == (OUT_OF_RESOURCES, "The archive is read-only.")
    assert server.post(make_slice()).status == 503
    server.wait_for_check("archive", "read-only: ")
    for one in server.acknowledged:
        server.assert_readable(one)
    server.assert_whole()
    # The kernel wants such a volume unmounted before it is used again.
    server.stop()
    volume.unmount()
    volume.mount()
    server.start()
    server.assert_whole()
    server.assert_takes_in()
