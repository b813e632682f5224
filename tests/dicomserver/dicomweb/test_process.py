"""The real web process: granian, its workers, real sockets; what was read is written down, also at the end."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.archive import Archive
from dicomserver.identity import Identity
from tests.dicomserver.dicomweb.reading import Located, Part, bundle_of, parts_of, path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble
from tests.dicomserver.processes import ServerProcess
from wire.deidentification import Deidentification, map_uid, seal
from wire.keys import sealing_key_text

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class WebProcess(ServerProcess):
    """`python -m dicomserver run_web` on a port of its own."""

    def __init__(self, home: Path, **changes: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__("run_web", home, DICOMWEB_PORT=str(port), DICOMWEB_WORKERS="2", **changes)

    def wait_until_ready(self) -> None:
        for _ in range(600):
            try:
                if requests.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                assert self.process.poll() is None
            time.sleep(0.1)
        pytest.fail(f"the web process did not become ready: {self.log.read_text()[-2000:]}")


@pytest.fixture
def web(home: Path, archive: Archive, enrolled: Identity) -> Iterator[WebProcess]:
    process = WebProcess(home)
    try:
        process.wait_until_ready()
        yield process
    finally:
        if process.process.poll() is None:
            process.stop()


def body(response: requests.Response) -> list[Part]:
    """What `parts_of` looks at, of a `requests` answer."""
    return parts_of(response, response.content)


def wait_for_frames(count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        session = ViewingSession.objects.first()
        if session is not None and session.frames == count:
            return
        time.sleep(0.05)
    pytest.fail(f"{ViewingSession.objects.values_list('frames', flat=True)} after {seconds} s")


def test_many_readers_at_once_get_their_frames_and_each_is_counted(
    web: WebProcess, portal: PortalDouble, take_in: TakeIn
) -> None:
    first = small_ct()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    pixels = [bytes([number]) * 32 for number in range(10)]
    instances = [take_in(small_ct(**same, PixelData=pixels[number])) for number in range(10)]
    headers = {"Authorization": f"Bearer {portal.token(first.StudyInstanceUID, permissions=('view', 'download'))}"}

    def read(worker: int) -> int:
        good = 0
        with requests.Session() as session:
            for step in range(25):
                number = (worker + step) % 10
                url = f"{web.url}{path_of(instances[number])}/frames/1"
                response = session.get(url, headers=headers, timeout=10)
                good += [part.body for part in body(response)] == [pixels[number]]
        return good

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(read, range(8))) == 200
    assert requests.get(f"{web.url}{path_of(instances[0])}/frames/1", timeout=5).status_code == 401
    wait_for_frames(200, 3)
    session = ViewingSession.objects.get()
    assert session.sent_bytes == 200 * 32
    assert ReadInstance.objects.count() == 10


def test_an_instance_larger_than_memory_for_answers_is_streamed_whole(
    web: WebProcess, portal: PortalDouble, take_in: TakeIn, archive: Archive
) -> None:
    ds = small_ct(Rows=2048, Columns=2048, NumberOfFrames=3, PixelData=os.urandom(2048 * 2048 * 2 * 3))
    instance = take_in(ds)
    headers = {"Authorization": f"Bearer {portal.token(ds.StudyInstanceUID, permissions=('view', 'download'))}"}
    whole = requests.get(f"{web.url}{path_of(instance)}", headers=headers, timeout=20)
    assert [part.body for part in body(whole)] == [archive.path_of(instance.relative_path).read_bytes()]
    frames = requests.get(f"{web.url}{path_of(instance)}/frames/3,1", headers=headers, timeout=20)
    size = 2048 * 2048 * 2
    assert [part.body for part in body(frames)] == [ds.PixelData[2 * size :], ds.PixelData[:size]]
    head = requests.head(f"{web.url}{path_of(instance)}/frames/1", headers=headers, timeout=5)
    assert (head.status_code, head.content) == (200, b"")


def test_a_browsers_preflight_passes_and_what_was_read_is_written_at_the_end(
    web: WebProcess, portal: PortalDouble, take_in: TakeIn
) -> None:
    instance = take_in(small_ct())
    url = f"{web.url}{path_of(instance)}/frames/1"
    asked = {"Origin": "http://portal.test", "Access-Control-Request-Method": "GET"}
    assert requests.options(url, headers=asked, timeout=5).headers["Access-Control-Max-Age"] == "7200"
    headers = {"Authorization": f"Bearer {portal.token(instance.series.study.study_instance_uid)}"}
    assert requests.get(url, headers=headers, timeout=5).status_code == 200
    assert web.stop() == 0
    assert ViewingSession.objects.get().frames == 1


def test_a_killed_server_takes_its_workers_with_it_and_what_they_read_is_written(
    web: WebProcess, portal: PortalDouble, take_in: TakeIn
) -> None:
    instance = take_in(small_ct())
    headers = {"Authorization": f"Bearer {portal.token(instance.series.study.study_instance_uid)}"}
    url = f"{web.url}{path_of(instance)}/frames/1"
    assert requests.get(url, headers=headers, timeout=5).status_code == 200
    web.stop(signal.SIGKILL)
    # A busy worker has LOOK_SECONDS and GRACE_SECONDS of `lifetime` to end.
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            requests.get(f"{web.url}/health/live", timeout=2)
        except requests.ConnectionError:
            break
        except requests.ReadTimeout:
            # A worker that is about to end took the connection and will not answer it.
            continue
        time.sleep(0.1)
    else:
        pytest.fail("a worker goes on without its server")
    wait_for_frames(1, 10)


def test_the_process_disguises_what_a_sealed_token_reads(
    web: WebProcess, portal: PortalDouble, take_in: TakeIn, enrolled: Identity
) -> None:
    ds = small_ct()
    take_in(ds)
    key = "7a" * 32
    asked = Deidentification(study_instance_uid=ds.StudyInstanceUID, key=key, pseudonym="Q-1")
    mapped = asked.mapped_study_instance_uid
    assert enrolled.sealing_key is not None
    sealed = seal(asked, sealing_key_text(enrolled.sealing_key), audience=str(enrolled.server_id))
    token = portal.token(mapped, permissions=("view", "download"), deidentification=sealed)
    headers = {"Authorization": f"Bearer {token}"}
    series = f"{web.url}/dicomweb/studies/{mapped}/series/{map_uid(key, ds.SeriesInstanceUID)}"
    instance = f"{series}/instances/{map_uid(key, ds.SOPInstanceUID)}"
    for address in (f"{series}/metadata", f"{instance}/frames/1", instance, f"{web.url}/dicomweb/studies"):
        response = requests.get(address, headers=headers, timeout=10)
        assert response.status_code == 200
        for secret in (ds.StudyInstanceUID, ds.SOPInstanceUID, "Popescu", "19700101"):
            assert secret.encode() not in response.content
    wait_for_frames(2, 10)
    assert ViewingSession.objects.get().study_instance_uid == ds.StudyInstanceUID
    assert requests.get(f"{series}/instances/{ds.SOPInstanceUID}", headers=headers, timeout=10).status_code == 404


def ask_for_bundle(web: WebProcess, path: str, token: str, frames: str) -> socket.socket:
    """Send the request and read nothing."""
    body = f"access_token={token}&frames={frames}".encode()
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", int(web.url.rpartition(":")[2])))
    head = f"POST {path}/frames HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return line


def test_bundles_are_streamed_and_stalled_readers_of_them_hold_nobody_up(
    web: WebProcess, portal: PortalDouble, take_in: TakeIn
) -> None:
    ds = small_ct(Rows=512, Columns=512, NumberOfFrames=12, PixelData=os.urandom(512 * 512 * 2 * 12))
    instance = take_in(ds)
    token = portal.token(ds.StudyInstanceUID)
    frames = ",".join(f"{ds.SOPInstanceUID}:{number}" for number in range(12, 0, -1))
    form = {"access_token": token, "frames": frames}
    path = path_of(instance).rpartition("/instances/")[0]
    whole = requests.post(f"{web.url}{path}/frames", data=form, timeout=20)
    assert "Content-Length" not in whole.headers
    size = 512 * 512 * 2
    expected = [ds.PixelData[number * size : (number + 1) * size] for number in range(11, -1, -1)]
    assert [part.body for part in located(whole)] == expected
    # More than all threads of both workers.
    stalled = [ask_for_bundle(web, path, token, frames) for _ in range(24)]
    try:
        time.sleep(1)
        for _ in range(8):
            small = requests.post(f"{web.url}{path}/frames", data=form | {"frames": frames.split(",")[0]}, timeout=10)
            assert [part.body for part in located(small)] == expected[:1]
            response = requests.get(f"{web.url}/health/live", timeout=10)
            assert response.status_code == 200
    finally:
        for line in stalled:
            line.close()
    # Their places are free again; what does not fit into memory meanwhile is to be asked for again.
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        again = located(requests.post(f"{web.url}{path}/frames", data=form, timeout=20))
        if [part.body for part in again] == expected:
            return
        time.sleep(0.2)
    pytest.fail("the places of readers who went away are not free")


def located(response: requests.Response) -> list[Located]:
    """What `bundle_of` looks at, of a `requests` answer."""
    return bundle_of(response, response.content)
