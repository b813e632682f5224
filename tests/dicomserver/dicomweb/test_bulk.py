"""Bulk data wherever it lies: within sequences, documents and videos as what they are, in ranges."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pytest_django.fixtures import Settings

from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise, disguised
from tests.dicomserver.dicomweb.reading import WebReader, body_of, parts_of, path_of, references_of
from tests.dicomserver.dicomweb.test_frames import syntax_of, with_uids
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, SHARED_DATA, small_ct

__all__ = ["disguised"]

ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
PDF = "1.2.840.10008.5.1.4.1.1.104.1"
VIDEO_ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
MPEG2, MPEG4, HEVC = (f"1.2.840.10008.1.2.4.{number}" for number in (100, 102, 107))
OCTETS = "application/octet-stream"
FOLDERS = ("enhanced", "luts", "objects", "us-color", "xa-cine")
SAMPLES = np.arange(400_000, dtype="<i2")


def files() -> list[str]:
    found = (path for folder in FOLDERS for path in sorted((SHARED_DATA / folder).rglob("*.dcm")))
    return [str(path.relative_to(SHARED_DATA)) for path in found]


def fetch(reader: WebReader, url: str, **headers: str) -> Any:
    return reader.get(url.removeprefix("http://testserver"), **headers)


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    settings.DICOMWEB_PUBLIC_URL = "http://testserver/dicomweb"


def references(reader: WebReader, instance: Instance) -> dict[str, str]:
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    return references_of(metadata)


def members_of(json_object: dict[str, Any], of: str = "") -> set[str]:
    """The path of every element."""
    found = set()
    for tag, element in json_object.items():
        found.add(of + tag)
        for number, item in enumerate(element.get("Value", []) if element["vr"] == "SQ" else [], start=1):
            found |= members_of(item or {}, f"{of}{tag}/{number}/")
    return found


def elements_of(ds: Dataset, of: str = "") -> set[str]:
    """The path of every standard element, as pydicom reads them."""
    found = set()
    for element in ds:
        path = f"{of}{int(element.tag):08X}"
        if element.tag.is_private or element.tag.group in {0x0002, 0xFFFC} or not element.tag.element:
            continue
        found.add(path)
        for number, item in enumerate(element.value if element.VR == "SQ" else [], start=1):
            found |= elements_of(item, f"{path}/{number}/")
    return found


@pytest.mark.parametrize("name", files())
def test_metadata_lack_nothing_and_every_reference_resolves(
    reader: WebReader, take_in: TakeIn, shared_data: Path, name: str
) -> None:
    path = shared_data / name
    ds = dcmread(path, force=True)
    instance = take_in(path) if "StudyInstanceUID" in ds else take_in(with_uids(path), syntax_of(ds))
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    assert elements_of(ds) - members_of(metadata) == set()
    for url in references_of(metadata).values():
        response = fetch(reader, url)
        assert response.status_code == 200
        assert sum(len(part.body) for part in parts_of(response)) > 0


def with_waveform(**changes: Any) -> Dataset:
    """An ECG whose samples are too many for the metadata."""
    group = Dataset()
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    group.NumberOfWaveformChannels = 8
    group.add_new(0x54001010, "OW", SAMPLES.tobytes())
    empty = Dataset()
    empty.MultiplexGroupLabel = "first"
    ds = small_ct(SOPClassUID=ECG, PixelData=None, Rows=None, Columns=None, **changes)
    ds.WaveformSequence = Sequence([empty, group])
    return ds


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
@pytest.mark.parametrize("undefined_length", [False, True])
def test_a_long_waveform_is_found_by_its_path(
    reader: WebReader, take_in: TakeIn, syntax: str, undefined_length: bool
) -> None:
    ds = with_waveform()
    ds["WaveformSequence"].is_undefined_length = undefined_length
    if syntax == BIG_ENDIAN:
        ds.WaveformSequence[1][0x54001010].value = SAMPLES.astype(">i2").tobytes()
    instance = take_in(ds, syntax)
    found = references(reader, instance)
    assert found == {"54000100/2/54001010": f"http://testserver{path_of(instance)}/bulkdata/54000100/2/54001010"}
    response = fetch(reader, found["54000100/2/54001010"], Accept=OCTETS)
    assert response.headers["Content-Type"] == f"{OCTETS}; transfer-syntax={EXPLICIT}"
    assert body_of(response) == SAMPLES.tobytes()
    lower = reader.get(f"{path_of(instance)}/bulkdata/54000100/2/54001010".lower(), Accept=OCTETS)
    assert body_of(lower) == SAMPLES.tobytes()


@pytest.mark.parametrize(
    "path",
    [
        "54000100",
        "54000100/1/54001010",
        "54000100/3/54001010",
        "54000100/2/54001011",
        "54000100/2/00100010",
        "54000100/2/5400100",
        "54000100/0/54001010",
        "54000100/2",
        "54000100//54001010",
        "00100010/1/00100010",
        "00100010",
        "7FE00010",
    ],
)
def test_what_is_no_binary_value_is_not_there(reader: WebReader, take_in: TakeIn, path: str) -> None:
    response = reader.get(f"{path_of(take_in(with_waveform()))}/bulkdata/{path}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_text_that_looks_like_a_reference_stays_text(reader: WebReader, take_in: TakeIn) -> None:
    text = '"BulkDataURI":"path:00100010'
    instance = take_in(small_ct(StudyDescription=text))
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    assert metadata["00081030"]["Value"] == [text]


def test_words_in_metadata_are_little_endian(reader: WebReader, take_in: TakeIn) -> None:
    import base64

    lut = Dataset()
    lut.add_new(0x00283002, "US", [4, 0, 16])
    lut.add_new(0x00283006, "OW", np.arange(4, dtype=">u2").tobytes())
    instance = take_in(small_ct(VOILUTSequence=Sequence([lut]), PixelData=bytes(32)), BIG_ENDIAN)
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    inline = metadata["00283010"]["Value"][0]["00283006"]["InlineBinary"]
    assert base64.b64decode(inline) == np.arange(4, dtype="<u2").tobytes()


def test_overlay_planes_are_found(reader: WebReader, take_in: TakeIn) -> None:
    small, large = bytes(range(256)), bytes(300_000)
    ds = small_ct()
    ds.add_new(0x60003000, "OW", small)
    ds.add_new(0x60023000, "OW", large)
    instance = take_in(ds)
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    assert "InlineBinary" in metadata["60003000"]
    assert set(references_of(metadata)) == {"60023000", "7FE00010"}
    for tag, value in (("60003000", small), ("60023000", large)):
        assert body_of(reader.get(f"{path_of(instance)}/bulkdata/{tag}", Accept=OCTETS)) == value


def document(content: bytes, *, told: bool = True, mime: str = "application/pdf") -> Dataset:
    ds = small_ct(SOPClassUID=PDF, PixelData=None, Rows=None, Columns=None)
    ds.MIMETypeOfEncapsulatedDocument = mime
    ds.add_new(0x00420011, "OB", content + b"\0" * (len(content) % 2))
    if told:
        ds.EncapsulatedDocumentLength = len(content)
    return ds


@pytest.mark.parametrize("length", [1001, 1000, 300_001])
def test_a_document_comes_as_what_it_is(reader: WebReader, take_in: TakeIn, length: int) -> None:
    content = b"%PDF-1.7 ".ljust(length, b"x")
    path = f"{path_of(take_in(document(content)))}/bulkdata/00420011"
    for accept in ("application/pdf", "application/pdf, */*;q=0.1"):
        response = reader.get(path, Accept=accept)
        assert (response.headers["Content-Type"], body_of(response)) == ("application/pdf", content)
    octets = reader.get(path, Accept=OCTETS)
    assert (octets.headers["Content-Type"], body_of(octets)) == (f"{OCTETS}; transfer-syntax={EXPLICIT}", content)
    (part,) = parts_of(reader.get(path))
    assert (part.content_type, part.body) == ("application/pdf", content)
    assert reader.get(path, Accept="image/jpeg").status_code == 406


@pytest.mark.parametrize("mime", ["text/html", "image/svg+xml", "", "application/pdf\r\nX: y"])
def test_a_document_that_a_browser_would_run_comes_as_bytes(reader: WebReader, take_in: TakeIn, mime: str) -> None:
    path = f"{path_of(take_in(document(b'<script>', mime=mime)))}/bulkdata/00420011"
    response = reader.get(path, Accept=OCTETS)
    assert response.headers["Content-Type"].startswith(OCTETS)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert reader.get(path, Accept="text/html").status_code == 406


def video(stream: bytes, fragments: int = 1, frames: int = 120) -> Dataset:
    """A video of so many pictures, its stream in so many fragments."""
    size = len(stream) // fragments
    pieces = [stream[index * size : (index + 1) * size] for index in range(fragments)]
    ds = small_ct(SOPClassUID=VIDEO_ENDOSCOPIC, NumberOfFrames=frames, Rows=1080, Columns=1920)
    ds.PixelData = encapsulate(pieces)
    ds["PixelData"].is_undefined_length = True
    return ds


@pytest.mark.parametrize(
    ("syntax", "start", "media_type"),
    [
        (MPEG2, b"\x00\x00\x01\xba", "video/mpeg"),
        (MPEG4, b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (MPEG4, b"\x47\x40\x00\x10", "video/mp2t"),
        (HEVC, b"\x00\x00\x00\x01", "video/H265"),
        (HEVC, b"\x00\x00\x00\x18ftypisom", "video/mp4"),
    ],
)
@pytest.mark.parametrize("fragments", [1, 3])
def test_a_video_is_one_stream(
    reader: WebReader, take_in: TakeIn, syntax: str, start: bytes, media_type: str, fragments: int
) -> None:
    stream = start + bytes(range(256)) * 6
    stream = stream[: len(stream) // 6 * 6]
    instance = take_in(video(stream, fragments), syntax)
    path = references(reader, instance)["7FE00010"]
    response = fetch(reader, path, Accept="video/*")
    assert response.headers["Content-Type"] == f"{media_type}; transfer-syntax={syntax}"
    assert (body_of(response), response.headers["Accept-Ranges"]) == (stream, "bytes")
    assert body_of(fetch(reader, path, Accept=OCTETS)) == stream
    (part,) = parts_of(fetch(reader, path))
    assert part.body == stream
    ranged = fetch(reader, path, Accept="video/*", Range="bytes=2-700")
    assert (ranged.status_code, body_of(ranged)) == (206, stream[2:701])
    assert ranged.headers["Content-Range"] == f"bytes 2-700/{len(stream)}"


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-", 206, (0, 1000)),
        ("bytes=990-2000", 206, (990, 1000)),
        ("bytes=-10", 206, (990, 1000)),
        ("bytes=-5000", 206, (0, 1000)),
        ("bytes=1000-", 416, None),
        ("bytes=9-8", 416, None),
        ("bytes=0-1,5-6", 200, (0, 1000)),
        ("lines=0-1", 200, (0, 1000)),
        ("bytes=a-b", 200, (0, 1000)),
    ],
)
def test_ranges_are_those_of_http(
    reader: WebReader, take_in: TakeIn, asked: str, status: int, expected: tuple[int, int] | None
) -> None:
    stream = bytes(range(250)) * 4
    path = f"{path_of(take_in(video(stream), MPEG2))}/bulkdata/7FE00010"
    response = reader.get(path, Accept=OCTETS, Range=asked)
    assert response.status_code == status
    if expected is None:
        assert (response.headers["Content-Range"], response.json()["code"]) == ("bytes */1000", "request_invalid")
    else:
        assert body_of(response) == stream[slice(*expected)]


def test_a_range_of_what_has_changed_is_the_whole(reader: WebReader, take_in: TakeIn) -> None:
    stream = bytes(range(250)) * 4
    path = f"{path_of(take_in(video(stream), MPEG2))}/bulkdata/7FE00010"
    first = reader.get(path, Accept=OCTETS, Range="bytes=0-1", If_Range='"another"')
    assert (first.status_code, body_of(first)) == (200, stream)
    again = reader.get(path, Accept=OCTETS, Range="bytes=0-1", If_Range=first.headers["ETag"])
    assert (again.status_code, body_of(again)) == (206, stream[:2])


def test_what_is_not_shown_is_not_reached_by_a_path(reader: WebReader, take_in: TakeIn, disguised: Disguise) -> None:
    lut = Dataset()
    lut.add_new(0x00283002, "US", [0, 0, 16])
    lut.add_new(0x00283006, "OW", bytes(range(256)) * 1200)
    step = Dataset()
    step.add_new(0x00420011, "OB", b"John Doe".ljust(300_000))
    ds = small_ct(VOILUTSequence=Sequence([lut]), RequestAttributesSequence=Sequence([step]))
    ds.add_new(0x60003000, "OW", b"John Doe")
    instance = take_in(ds)
    hidden = disguised(ds.StudyInstanceUID)
    (metadata,) = hidden.json(f"{hidden.path(instance)}/metadata")
    found = references_of(metadata)
    assert set(found) == {"00283010/1/00283006", "7FE00010"}
    assert ds.SOPInstanceUID not in found["00283010/1/00283006"]
    value = hidden.body(found["00283010/1/00283006"].removeprefix("http://testserver"), Accept=OCTETS)
    assert value == lut[0x00283006].value
    for path in ("60003000", "00400275/1/00420011", "00100010", "00420011"):
        assert hidden.get(f"{hidden.path(instance)}/bulkdata/{path}").status_code == 404


def test_float_pixels_are_frames(reader: WebReader, take_in: TakeIn) -> None:
    pixels = np.linspace(-1, 1, 48, dtype="<f4")
    ds = small_ct(SOPClassUID="1.2.840.10008.5.1.4.1.1.30", PixelData=None, NumberOfFrames=3, BitsAllocated=32)
    ds.SOPInstanceUID = generate_uid()
    ds.add_new(0x7FE00008, "OF", pixels.tobytes())
    instance = take_in(ds)
    found = parts_of(reader.get(f"{path_of(instance)}/frames/3,1"))
    assert [part.body for part in found] == [pixels[32:].tobytes(), pixels[:16].tobytes()]
    double = np.linspace(-1, 1, 16, dtype="<f8")
    ds = small_ct(SOPClassUID="1.2.840.10008.5.1.4.1.1.30", PixelData=None, BitsAllocated=64)
    ds.add_new(0x7FE00009, "OD", double.tobytes())
    (part,) = parts_of(reader.get(f"{path_of(take_in(ds))}/frames/1"))
    assert part.body == double.tobytes()
