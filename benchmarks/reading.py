"""Reading: frames, a whole series, metadata and searches, from us with a viewer token and from Orthanc without one."""

from __future__ import annotations

import gzip
import http.client
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from pydicom import dcmread

from benchmarks.data import StudyFiles
from benchmarks.plans import ORTHANC, OURS, Benchmark, Contestant, Group, RoundVoid, Row
from benchmarks.processes import wait_until
from benchmarks.readers.http_load import Measured, Requests, UnexpectedAnswer, client_limit, fetch, load
from benchmarks.senders import storescu
from benchmarks.servers import Orthanc, OurServer
from benchmarks.workplace import Workplace

LOAD_SECONDS = 4.0
WARM_SECONDS = 1.0
CONNECTIONS = {"1 connection": 1, "8 connections": 8, "32 connections": 32}
SERIES_CONNECTIONS = 8
FRAME_BY_FRAME = "frame by frame"
BUNDLE_FRAMES = 32
FORM = "application/x-www-form-urlencoded"
FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
JSON = "application/dicom+json"
SEARCHES = 100
REPEATS = 20
LIMIT_SECONDS = 2.0
# Complete soon, so that what is prepared for a complete study is there.
QUIET = {"STUDY_QUIET_SECONDS": "3"}


@dataclass(frozen=True)
class Readable:
    """A series that a running server serves."""

    port: int
    root: str
    token: Callable[[], str] | None
    study: StudyFiles
    sop_instance_uids: tuple[str, ...]

    @property
    def study_path(self) -> str:
        """Where the study is."""
        return f"{self.root}/studies/{self.study.study_instance_uid}"

    @property
    def series_path(self) -> str:
        """Where its one series is."""
        return f"{self.study_path}/series/{self.study.series_instance_uids[0]}"

    def requests(self, paths: Sequence[str], accept: str, **headers: str) -> Requests:
        """Requests for the paths, with a fresh token where one is needed."""
        fields = {"Accept": accept, **headers}
        if self.token:
            fields["Authorization"] = f"Bearer {self.token()}"
        return Requests(self.port, tuple(paths), tuple(fields.items()))

    def frames(self) -> Requests:
        """Every frame of the series, in an order of chance."""
        paths = [f"{self.series_path}/instances/{uid}/frames/1" for uid in self.sop_instance_uids]
        random.Random(555).shuffle(paths)  # noqa: S311 - the same order for both servers
        return self.requests(paths, FRAMES)


Measure = Callable[[Readable, Group], Mapping[str, float]]


class Reading(Contestant):
    """What is the same for both servers: the series is sent, the first answer checked, then the group measured."""

    def __init__(self, workplace: Workplace, measured: Measure, checked: Callable[[Readable], None]) -> None:
        self.workplace, self.measured, self.checked = workplace, measured, checked
        self.study = workplace.set("ct555").studies[0]
        read = partial(dcmread, specific_tags=["SOPInstanceUID"], stop_before_pixels=True)
        self.sop_instance_uids = tuple(str(read(path).SOPInstanceUID) for path in self.study.files)

    def take(self, group: Group, port: int, ae_title: str, readable: Readable) -> Mapping[str, float]:
        """Send the series, and measure when the server has come to rest."""
        storescu.send(self.study.files, port, ae_title)
        self.wait()
        try:
            values = dict(self.measured(readable, group))
            self.checked(readable)
        except UnexpectedAnswer as error:
            raise RoundVoid(str(error)) from error
        return values

    def wait(self) -> None:
        """Wait until the server has done what it does with a received study."""


class OurReading(Reading):
    """Our server, with viewer tokens."""

    name = OURS

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Read from a server of its own."""
        with OurServer(self.workplace, place, QUIET) as server:
            uid = self.study.study_instance_uid
            self.server = server
            readable = Readable(
                server.web_port, "/dicomweb", lambda: server.viewer_token(uid), self.study, self.sop_instance_uids
            )
            return self.take(group, server.dicom_port, server.ae_title, readable)

    def wait(self) -> None:
        """Every row is there."""
        uids = [self.study.study_instance_uid]
        wait_until(lambda: self.server.rows(uids) == len(self.study.files), "The index of what was sent")


class FrameByFrame(OurReading):
    """Our server, asked for each frame alone."""

    name = FRAME_BY_FRAME


class OrthancReading(Reading):
    """Orthanc with its DICOMweb plugin, both with their default configuration."""

    name = ORTHANC

    def missing(self) -> str | None:
        """Orthanc and its plugin are needed."""
        return Orthanc.missing(dicomweb=True)

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:
        """Read from a server of its own."""
        with Orthanc(place) as server:
            readable = Readable(server.web_port, "/dicom-web", None, self.study, self.sop_instance_uids)
            return self.take(group, server.dicom_port, server.ae_title, readable)


def ask(readable: Readable, path: str, accept: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """One answer in full. Raises UnexpectedAnswer."""
    connection = http.client.HTTPConnection("127.0.0.1", readable.port, timeout=120)
    try:
        connection.request("GET", path, headers=dict(readable.requests([], accept, **headers).headers))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise UnexpectedAnswer(f"{answer.status} to {path}: {content[:200]!r}")
    if answer.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return answer, content


def ask_json(readable: Readable, path: str, **headers: str) -> Any:
    """The value of an answer in DICOM JSON."""
    return json.loads(ask(readable, path, JSON, **headers)[1])


def check_frames(readable: Readable) -> None:
    """Some frames are those of the files, byte by byte. Raises UnexpectedAnswer."""
    for index in (0, 277, 554):
        ds = dcmread(readable.study.files[index])
        path = f"{readable.series_path}/instances/{ds.SOPInstanceUID}/frames/1"
        if ds.PixelData not in ask(readable, path, FRAMES)[1]:
            raise UnexpectedAnswer(f"Frame {index + 1} is not that of the file.")


def check_metadata(readable: Readable) -> None:
    """The metadata tell of every instance, the attributes of one of them in full. Raises UnexpectedAnswer."""
    found = ask_json(readable, f"{readable.series_path}/metadata")
    uids = {one["00080018"]["Value"][0] for one in found}
    if uids != set(readable.sop_instance_uids) or len(found) != len(uids):
        raise UnexpectedAnswer(f"The metadata tell of {len(uids)} instances.")
    told = next(one for one in found if one["00080018"]["Value"][0] == readable.sop_instance_uids[0])
    ds = dcmread(readable.study.files[0], stop_before_pixels=True)
    # Orthanc leaves out some elements without a value.
    expected = {f"{element.tag:08X}" for element in ds if not element.is_empty}
    if missing := expected - set(told):
        raise UnexpectedAnswer(f"The metadata lack {sorted(missing)[:5]}.")


def check_searches(readable: Readable) -> None:
    """The searches find one study and each instance. Raises UnexpectedAnswer."""
    studies, instances = (ask_json(readable, path) for path in searches(readable).values())
    if [one["0020000D"]["Value"][0] for one in studies] != [readable.study.study_instance_uid]:
        raise UnexpectedAnswer(f"The search found {len(studies)} studies.")
    if {one["00080018"]["Value"][0] for one in instances} != set(readable.sop_instance_uids):
        raise UnexpectedAnswer(f"The search found {len(instances)} instances.")


def frames(readable: Readable, _group: Group) -> Mapping[str, float]:
    """Frames a second over 1, 8 and 32 connections."""
    values = {}
    for name, connections in CONNECTIONS.items():
        load(readable.frames(), connections=connections, seconds=WARM_SECONDS)
        values[name] = load(readable.frames(), connections=connections, seconds=LOAD_SECONDS).per_second
    return values


def whole_series(readable: Readable, group: Group) -> Mapping[str, float]:
    """Seconds until every frame of the series was read once; the median of three times."""
    measured = [load(readable.frames(), connections=SERIES_CONNECTIONS) for _ in range(4)]
    if any(one.answers != len(readable.sop_instance_uids) for one in measured):
        raise UnexpectedAnswer("Not every frame came.")
    return {group.rows[0].name: median(one.seconds for one in measured[1:])}


def series_by_bundles(readable: Readable, group: Group) -> Mapping[str, float]:
    """Seconds until every frame of the series came in bundles, by connections; the median of three times."""
    uids = readable.sop_instance_uids
    shares = [uids[start : start + BUNDLE_FRAMES] for start in range(0, len(uids), BUNDLE_FRAMES)]
    token = readable.token() if readable.token else ""
    bodies = tuple(
        urlencode({"access_token": token, "frames": ",".join(f"{uid}:1" for uid in share)}) for share in shares
    )
    paths = (f"{readable.series_path}/frames",) * len(bodies)
    asked = Requests(readable.port, paths, (("Content-Type", FORM),), bodies=bodies)
    return _whole_series(asked, group, expected_bytes=sum(path.stat().st_size for path in readable.study.files))


def series_by_frames(readable: Readable, group: Group) -> Mapping[str, float]:
    """The same, each frame by a request of its own."""
    return _whole_series(readable.frames(), group)


def _whole_series(asked: Requests, group: Group, *, expected_bytes: int = 0) -> Mapping[str, float]:
    values = {}
    for row in group.rows:
        connections = int(row.name.split()[0])
        measured = [load(asked, connections=connections) for _ in range(4)]
        # The headers of files are smaller than half of them.
        if any(one.answers != len(asked.paths) or one.body_bytes < expected_bytes / 2 for one in measured):
            raise UnexpectedAnswer("Not every frame came.")
        values[row.name] = median(one.seconds for one in measured[1:])
    return values


FIRST, PREPARED, GZIPPED = "first request", "again", "again, gzip"


def metadata(readable: Readable, _group: Group) -> Mapping[str, float]:
    """Milliseconds for the metadata of the series: at once after it came, again, and as browsers ask for it."""
    plain = readable.requests([f"{readable.series_path}/metadata"], JSON)
    zipped = readable.requests(plain.paths, JSON, **{"Accept-Encoding": "gzip"})
    first = milliseconds(fetch(plain))
    fetch(zipped)
    return {FIRST: first, PREPARED: repeated(plain, REPEATS), GZIPPED: repeated(zipped, REPEATS)}


def searches(readable: Readable) -> dict[str, str]:
    """The searches that are measured: a study by its UID, and all instances of it."""
    return {
        "studies": f"{readable.root}/studies?StudyInstanceUID={readable.study.study_instance_uid}",
        "instances": f"{readable.study_path}/instances",
    }


def search(readable: Readable, _group: Group) -> Mapping[str, float]:
    """Milliseconds a search."""
    values = {}
    for name, path in searches(readable).items():
        asked = readable.requests([path], JSON)
        fetch(replace(asked, paths=(path,) * 5))
        values[name] = repeated(asked, SEARCHES if name == "studies" else REPEATS)
    return values


def milliseconds(measured: Measured) -> float:
    """Time of one answer."""
    return measured.seconds / measured.answers * 1000


def repeated(requests: Requests, count: int) -> float:
    """Milliseconds of one answer in the middle of `count`, asked one after the other over one connection each."""
    return median(milliseconds(fetch(requests)) for _ in range(count))


def limit_remark(workplace: Workplace) -> str:
    """What the client itself reaches with ready bytes as large as a frame of the set."""
    size = workplace.set("ct555").studies[0].files[0].stat().st_size
    limits = [client_limit(size, connections=count, seconds=LIMIT_SECONDS) for count in CONNECTIONS.values()]
    return f"The client's own limit: {', '.join(f'{one.per_second:.0f}' for one in limits)} answers/s of {size} bytes."


def benchmark(
    name: str, title: str, rows: Sequence[Row], measured: Measure, checked: Callable[[Readable], None],
    workplace: Workplace,
) -> Benchmark:  # fmt: skip
    """A benchmark of reading: all its rows in one turn."""
    contestants = [OurReading(workplace, measured, checked), OrthancReading(workplace, measured, checked)]
    remarks = (limit_remark(workplace),) if measured is frames else ()
    size = workplace.set("ct555").bytes
    return Benchmark(name, title, (Group(name, tuple(rows)),), contestants, footprint=size, remarks=remarks)


def bundles(workplace: Workplace) -> Benchmark:
    """Bundles beside single frames of the same server."""
    rows = [Row(f"{count} at once", "s", target=1.3, against=FRAME_BY_FRAME) for count in (1, 4, 8)]
    contestants = [
        OurReading(workplace, series_by_bundles, check_frames),
        FrameByFrame(workplace, series_by_frames, check_frames),
    ]
    title = f"A series of 555 frames, each once, in bundles of {BUNDLE_FRAMES}"
    group = Group("bundles", tuple(rows))
    return Benchmark("bundles", title, (group,), contestants, footprint=workplace.set("ct555").bytes)


READING: dict[str, Callable[[Workplace], Benchmark]] = {
    "bundles": bundles,
    "frames": partial(
        benchmark, "frames", "Frames in an order of chance, of a series of 555 (512 x 512), kept connections",
        [Row(name, "1/s", target=target, more_is_better=True)
         for name, target in zip(CONNECTIONS, (3.0, 5.0, 7.0), strict=True)],
        frames, check_frames,
    ),
    "series": partial(
        benchmark, "series", "A series of 555 frames, each once",
        [Row("8 connections", "s", target=3.0)], whole_series, check_frames,
    ),
    "metadata": partial(
        benchmark, "metadata", "Metadata of a series of 555",
        [Row(FIRST, "ms"), Row(PREPARED, "ms", target=100.0), Row(GZIPPED, "ms")],
        metadata, check_metadata,
    ),
    "qido": partial(
        benchmark, "qido", "QIDO-RS: a study by its UID, and all its 555 instances",
        [Row("studies", "ms", target=10.0), Row("instances", "ms", target=10.0)],
        search, check_searches,
    ),
}  # fmt: skip
