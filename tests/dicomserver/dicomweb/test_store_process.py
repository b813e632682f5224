"""STOW-RS over real sockets: granian, its workers, senders that vanish, fall silent or send 300 MB at once."""

import hashlib
import http.client
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from dicomserver.access.peers import add_peer, remove_peer
from dicomserver.archive import Archive
from dicomserver.dicomweb.views.store import MAX_AT_ONCE
from dicomserver.identity import Identity
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.storing import BOUNDARY, CONTENT_TYPE, multipart, part10
from tests.dicomserver.dicomweb.test_process import WebProcess
from tests.dicomserver.objects import encode, files_below, small_ct, stored_data_set

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


class StoringWeb:
    """The web process, and what it takes to store there."""

    def __init__(self, process: WebProcess, token: str) -> None:
        self.process = process
        self.url = f"{process.url}/dicomweb/studies"
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": CONTENT_TYPE}

    def post(self, body: object, **headers: str) -> requests.Response:
        return requests.post(self.url, data=body, headers=self.headers | headers, timeout=60)  # type: ignore[arg-type]

    def connect(self, *headers: str) -> socket.socket:
        """A connection on which the head of a request was sent."""
        address = urlsplit(self.url)
        connection = socket.create_connection((address.hostname, address.port or 80), timeout=20)
        lines = ["POST /dicomweb/studies HTTP/1.1", "Host: 127.0.0.1", *headers]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection

    def workers(self) -> list[int]:
        pid = self.process.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def web(home: Path, archive: Archive, enrolled: Identity) -> Iterator[StoringWeb]:
    token = add_peer("gateway", has_token=True, ae_title="GATEWAY", services=["store"]).token
    process = WebProcess(home)
    try:
        process.wait_until_ready()
        yield StoringWeb(process, token)
    finally:
        if process.process.poll() is None:
            process.stop()


def stored_bytes(archive: Archive) -> dict[str, bytes]:
    return {one.sop_instance_uid: stored_data_set(archive.path_of(one.relative_path)) for one in Instance.objects.all()}


def wait_until_nothing_is_received(archive: Archive) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not files_below(archive.incoming):
            return
        time.sleep(0.05)
    pytest.fail(f"left behind: {files_below(archive.incoming)}")


def test_senders_at_once_have_everything_stored_byte_by_byte_and_may_then_be_refused(
    web: StoringWeb, archive: Archive
) -> None:
    data_sets = [small_ct(PixelData=bytes([number]) * 32) for number in range(80)]

    def send(part: int) -> int:
        return web.post(multipart(map(part10, data_sets[part::8]))).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [200] * 8
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds) for ds in data_sets}
    assert set(Instance.objects.values_list("calling_ae_title", flat=True)) == {"GATEWAY"}
    remove_peer("gateway")
    time.sleep(2.5)
    assert [web.post(multipart([part10(small_ct())])).status_code for _ in range(4)] == [401] * 4


def test_a_body_may_come_in_chunks_but_a_single_instance_needs_its_length(web: StoringWeb, archive: Archive) -> None:
    ds = small_ct()
    body = multipart([part10(ds)])
    assert web.post(iter([body[:100], body[100:700], body[700:]])).status_code == 200
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds)}
    single = web.post(iter([part10(small_ct())]), **{"Content-Type": "application/dicom"})
    assert (single.status_code, single.json()["code"]) == (411, "request_invalid")
    empty = web.post(b"")
    assert (empty.status_code, empty.json()["code"]) == (400, "request_invalid")


def test_who_asks_for_leave_to_send_gets_it_or_the_refusal_at_once(web: StoringWeb, archive: Archive) -> None:
    ds = small_ct()
    body = multipart([part10(ds)])
    expectation = (f"Content-Length: {len(body)}", "Expect: 100-continue")
    with web.connect(*expectation) as connection:
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds)}
    web.headers["Authorization"] = "Bearer stow_wrong"
    with web.connect(*expectation) as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 401 Unauthorized\r\n")


def test_who_sends_much_before_listening_still_hears_the_refusal(web: StoringWeb) -> None:
    body = bytes(50_000_000)
    assert web.post(body).status_code == 400
    assert web.post(body, Accept="text/html").status_code == 406


def test_a_sender_that_vanishes_in_mid_body_leaves_what_was_whole_and_nothing_else(
    web: StoringWeb, archive: Archive
) -> None:
    whole = small_ct()
    cut = small_ct(Rows=1024, Columns=1024, PixelData=bytes(2 * 1024 * 1024))
    body = multipart([part10(whole), part10(cut)])
    for end in (len(body) - 1_000_000, len(body) - len(f"\r\n--{BOUNDARY}--\r\n")):
        with web.connect(f"Content-Length: {len(body)}") as connection:
            connection.sendall(body[:end])
        with web.connect("Transfer-Encoding: chunked") as connection:
            connection.sendall(f"{end:x}\r\n".encode() + body[:end] + b"\r\n")
    deadline = time.monotonic() + 10
    while not Instance.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    wait_until_nothing_is_received(archive)
    assert stored_bytes(archive) == {whole.SOPInstanceUID: encode(whole)}
    assert web.post(multipart([part10(cut)])).status_code == 200
    assert stored_bytes(archive)[cut.SOPInstanceUID] == encode(cut)


def test_a_content_length_that_is_too_short_stores_nothing_of_what_it_cuts(web: StoringWeb, archive: Archive) -> None:
    body = multipart([part10(small_ct())])
    with web.connect(f"Content-Length: {len(body) - 100}") as connection:
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    wait_until_nothing_is_received(archive)
    assert Instance.objects.count() == 0


def test_silent_senders_hold_up_neither_readers_nor_for_ever_other_senders(web: StoringWeb, archive: Archive) -> None:
    body = multipart([part10(small_ct(Rows=512, Columns=512, PixelData=bytes(512 * 512 * 2)))])
    silent = [web.connect(f"Content-Length: {len(body)}") for _ in range(30)]
    for connection in silent:
        connection.sendall(body[:300_000])
    # For a moment they may hold all threads of a worker; then most are refused, and few may go on being silent.
    times = []
    for _ in range(60):
        begun = time.monotonic()
        assert requests.get(f"{web.process.url}/health/live", timeout=10).status_code == 200
        times.append(time.monotonic() - begun)
        time.sleep(0.1)
    assert max(times) < 6
    assert max(times[-20:]) < 1
    # However the two workers shared them.
    refused, _, _ = select.select(silent, [], [], 0)
    assert len(refused) >= 30 - 2 * MAX_AT_ONCE
    for connection in refused:
        answer = connection.recv(65536).lower()
        assert answer.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in answer
    for connection in silent:
        connection.close()
    wait_until_nothing_is_received(archive)
    # The threads that received learn one after the other that their senders are gone.
    deadline = time.monotonic() + 10
    while web.post(body).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [web.post(body).status_code for _ in range(4)] == [200] * 4
    assert Instance.objects.count() == 1


def test_an_instance_of_300_mb_passes_through_bounded_memory(web: StoringWeb, archive: Archive) -> None:
    frames, frame = 150, bytes(range(256)) * 8192
    ds = small_ct(Rows=1024, Columns=1024, NumberOfFrames=frames, PixelData=b"12")
    encoded = encode(ds)
    # Its pixel data come last: two bytes behind their length.
    front = encoded[:-6] + (frames * len(frame)).to_bytes(4, "little")
    ds.PixelData = b""
    head = part10(ds)
    head = head[: len(head) - len(encode(ds))] + front
    begin, end = multipart([b"|"]).split(b"|")
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(web.url).port, timeout=60)
    connection.putrequest("POST", "/dicomweb/studies")
    for name, value in (web.headers | {"Content-Length": str(len(begin + head + end) + frames * len(frame))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    digest = hashlib.sha256(front)
    connection.send(begin + head)
    for _ in range(frames):
        connection.send(frame)
        digest.update(frame)
    connection.send(end)
    assert connection.getresponse().status == 200
    connection.close()
    instance = Instance.objects.get()
    path = archive.path_of(instance.relative_path)
    assert (instance.data_set_sha256, instance.number_of_frames) == (digest.hexdigest(), frames)
    assert path.stat().st_size - instance.data_set_offset == len(front) + frames * len(frame)
    peaks = [
        int(line.split()[1])
        for worker in web.workers()
        for line in Path(f"/proc/{worker}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    assert len(peaks) == 2
    assert max(peaks) < 300_000
    path.unlink()


def test_a_full_archive_is_told_before_the_body_is_sent(home: Path, archive: Archive, enrolled: Identity) -> None:
    token = add_peer("gateway", has_token=True, services=["store"]).token
    process = WebProcess(home, ARCHIVE_RESERVE_BYTES=str(1 << 60))
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{process.url}/health/live", timeout=5).status_code == 200:
                    break
            except requests.RequestException:
                time.sleep(0.1)
        web = StoringWeb(process, token)
        with web.connect("Content-Length: 1000000", "Expect: 100-continue") as connection:
            assert connection.recv(1000).startswith(b"HTTP/1.1 507 Insufficient Storage\r\n")
        assert web.post(multipart([part10(small_ct())])).status_code == 507
    finally:
        process.stop()
    assert files_below(archive.incoming) == []
