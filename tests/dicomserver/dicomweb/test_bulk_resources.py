"""All bulk data, or all pixel data, of a study, series or instance: each part under the address in the metadata."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pytest_django.fixtures import Settings

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb import records
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise, disguised
from tests.dicomserver.dicomweb.reading import (
    Located,
    WebReader,
    body_of,
    parts_of,
    path_of,
    references_of,
    series_path_of,
    study_path_of,
)
from tests.dicomserver.dicomweb.test_bulk import MPEG4, document, video, with_waveform
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, small_ct

__all__ = ["disguised"]

OCTETS = "application/octet-stream"
NATIVE = f"{OCTETS}; transfer-syntax={EXPLICIT}"
PARTS = f'multipart/related; type="{OCTETS}"'
JPEG_FILE = "us-color/IM00001.fragmented_no_bot_jpeg_baseline.50.dcm"


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    settings.DICOMWEB_PUBLIC_URL = "http://testserver/dicomweb"


def located_parts(response: Any) -> list[Located]:
    """The parts of an answer without lengths, whose Content-Type is that of the first, as RFC 2387 has it."""
    found = re.fullmatch(r'multipart/related; type="([^"]+)"; boundary=([0-9a-f]{32})', response["Content-Type"])
    assert found, response["Content-Type"]
    body, delimiter = body_of(response), b"--" + found[2].encode()
    assert body.startswith(delimiter + b"\r\n")
    assert body.endswith(b"\r\n" + delimiter + b"--\r\n")
    parts = []
    for piece in body[len(delimiter) + 2 : -len(delimiter) - 6].split(b"\r\n" + delimiter + b"\r\n"):
        head, _, content = piece.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        assert list(headers) == ["Content-Type", "Content-Location"]
        parts.append(Located(headers["Content-Location"], headers["Content-Type"], content))
    assert parts[0].content_type.partition(";")[0] == found[1]
    return parts


def one_study(take_in: TakeIn, *data_sets: Dataset, syntaxes: tuple[str, ...] = ()) -> list[Instance]:
    """The data sets as instances of one study, each a series of its own, in this order."""
    study, found = generate_uid(), []
    for number, ds in enumerate(data_sets, start=1):
        ds.StudyInstanceUID, ds.SeriesNumber = study, number
        found.append(take_in(ds, syntaxes[number - 1] if syntaxes else EXPLICIT))
    return found


def with_much(**changes: Any) -> Dataset:
    """A picture with an overlay and an icon whose values are too long for the metadata."""
    icon = Dataset()
    icon.Rows, icon.Columns, icon.SamplesPerPixel, icon.BitsAllocated = 600, 600, 1, 8
    icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 7, 0
    icon.PhotometricInterpretation = "MONOCHROME2"
    icon.add_new(0x7FE00010, "OB", bytes(range(200)) * 1800)
    ds = small_ct(**changes)
    ds.IconImageSequence = Sequence([icon])
    ds.add_new(0x60003000, "OW", bytes(range(250)) * 1200)
    return ds


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_every_value_of_the_metadata_comes_under_its_address(reader: WebReader, take_in: TakeIn, syntax: str) -> None:
    ds = with_waveform()
    if syntax == BIG_ENDIAN:
        samples = np.frombuffer(ds.WaveformSequence[1][0x54001010].value, "<i2")
        ds.WaveformSequence[1][0x54001010].value = samples.astype(">i2").tobytes()
    first, second, third = one_study(
        take_in, with_much(), ds, document(b"%PDF" * 100_001), syntaxes=(EXPLICIT, syntax, EXPLICIT)
    )
    expected = []
    for instance in (first, second, third):
        (metadata,) = reader.json(f"{path_of(instance)}/metadata")
        for url in references_of(metadata).values():
            (part,) = parts_of(reader.get(url.removeprefix("http://testserver")))
            expected.append((url, part.content_type, part.body))
    assert len(expected) == 5
    response = reader.get(f"{study_path_of(first)}/bulkdata")
    assert response.status_code == 200
    found = [(part.location, part.content_type, part.body) for part in located_parts(response)]
    assert Counter(found) == Counter(expected)
    of_series = [
        part
        for instance in (first, second, third)
        for part in located_parts(reader.get(f"{series_path_of(instance)}/bulkdata"))
    ]
    assert [part.location for part in of_series] == [location for location, *_ in found]
    of_instance = located_parts(reader.get(f"{path_of(second)}/bulkdata"))
    assert [part.location for part in of_instance] == [
        f"http://testserver{path_of(second)}/bulkdata/54000100/2/54001010"
    ]


def test_pixel_data_is_that_of_the_data_sets_and_not_of_icons(reader: WebReader, take_in: TakeIn) -> None:
    pixels = np.arange(3 * 16, dtype="<u2").tobytes()
    first, second, _ = one_study(
        take_in, with_much(PixelData=bytes(range(32))), small_ct(NumberOfFrames=3, PixelData=pixels), with_waveform()
    )
    expected = [
        (f"http://testserver{path_of(first)}/bulkdata/7FE00010", NATIVE, bytes(range(32))),
        (f"http://testserver{path_of(second)}/bulkdata/7FE00010", NATIVE, pixels),
    ]
    for path in (study_path_of(first),):
        parts = located_parts(reader.get(f"{path}/pixeldata"))
        assert [(part.location, part.content_type, part.body) for part in parts] == expected
    for instance, value in zip((first, second), expected, strict=True):
        for path in (series_path_of(instance), path_of(instance)):
            (part,) = located_parts(reader.get(f"{path}/pixeldata", Accept=PARTS))
            assert (part.location, part.content_type, part.body) == value


def test_pixel_data_of_a_deflated_data_set_come_too(reader: WebReader, take_in: TakeIn) -> None:
    pixels = np.arange(3 * 16, dtype="<u2").tobytes()
    instance = take_in(small_ct(NumberOfFrames=3, PixelData=pixels), DEFLATED)
    (metadata,) = reader.json(f"{path_of(instance)}/metadata")
    location = f"http://testserver{path_of(instance)}/bulkdata/7FE00010"
    assert references_of(metadata) == {"7FE00010": location}
    for path in (f"{study_path_of(instance)}/pixeldata", f"{path_of(instance)}/bulkdata"):
        parts = located_parts(reader.get(path))
        assert [(part.location, part.content_type) for part in parts] == [(location, NATIVE)] * 3
        assert b"".join(part.body for part in parts) == pixels
    assert b"".join(part.body for part in parts_of(reader.get(f"{path_of(instance)}/bulkdata/7FE00010"))) == pixels


def test_a_value_by_itself_names_its_address_too(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(small_ct()))}/bulkdata/7FE00010"
    head = body_of(reader.get(path)).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert f"Content-Location: http://testserver{path}" in head


def test_frames_of_compressed_pixel_data_are_parts_of_their_own(
    reader: WebReader, take_in: TakeIn, shared_data: Path
) -> None:
    instance = take_in(shared_data / JPEG_FILE)
    count = instance.number_of_frames or 0
    assert count > 1
    numbers = ",".join(str(number) for number in range(1, count + 1))
    for accept, content_type in (
        ("*/*", f"image/jpeg; transfer-syntax={instance.transfer_syntax_uid}"),
        (PARTS, NATIVE),
    ):
        expected = [part.body for part in parts_of(reader.get(f"{path_of(instance)}/frames/{numbers}", Accept=accept))]
        parts = located_parts(reader.get(f"{path_of(instance)}/pixeldata", Accept=accept))
        assert [part.body for part in parts] == expected
        assert {part.content_type for part in parts} == {content_type}
        assert {part.location for part in parts} == {f"http://testserver{path_of(instance)}/bulkdata/7FE00010"}


def test_what_cannot_be_sent_as_asked_is_left_out_and_told(
    reader: WebReader, take_in: TakeIn, shared_data: Path
) -> None:
    picture, moving = one_study(
        take_in, small_ct(), video(b"\x00\x00\x00\x18ftypmp42" + bytes(1500)), syntaxes=(EXPLICIT, MPEG4)
    )
    study = study_path_of(picture)
    some = reader.get(f"{study}/pixeldata", Accept='multipart/related; type="video/mp4"')
    assert some.status_code == 206
    assert "Some of the bulk data cannot be sent as is asked for" in some["Warning"]
    (part,) = located_parts(some)
    assert part.content_type == f"video/mp4; transfer-syntax={MPEG4}"
    assert part.location == f"http://testserver{path_of(moving)}/bulkdata/7FE00010"
    for accept in ('multipart/related; type="image/jls"', "text/plain", OCTETS):
        none = reader.get(f"{study}/bulkdata", Accept=accept)
        assert (accept, none.status_code, none.json()["code"]) == (accept, 406, "not_acceptable")
    assert reader.get(f"{study}/pixeldata").status_code == 200


def test_a_single_value_comes_alone_where_its_client_takes_no_parts(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct(PixelData=bytes(range(32))))
    for path in (study_path_of(instance), series_path_of(instance), path_of(instance)):
        response = reader.get(f"{path}/pixeldata", Accept=OCTETS)
        assert (response.status_code, response["Content-Type"], body_of(response)) == (200, NATIVE, bytes(range(32)))
        part = reader.get(f"{path}/bulkdata", Accept=OCTETS, Range="bytes=4-7")
        assert (part.status_code, body_of(part), part["Content-Range"]) == (206, bytes(range(4, 8)), "bytes 4-7/32")


def test_where_there_is_nothing_to_send_is_nothing(reader: WebReader, take_in: TakeIn) -> None:
    words = take_in(small_ct(PixelData=None, Rows=None, Columns=None))
    study = study_path_of(words)
    for path in (
        *(
            f"{place}/{kind}"
            for place in (study, series_path_of(words), path_of(words))
            for kind in ("bulkdata", "pixeldata")
        ),
        f"{study}/series/1.2.3/bulkdata",
        f"{series_path_of(words)}/instances/1.2.3/pixeldata",
        "/dicomweb/studies/1.2.3.4/bulkdata",
    ):
        response = reader.get(path)
        assert (path, response.status_code, response.json()["code"]) == (path, 404, "not_found")
    assert not ViewingSession.objects.exists()


def test_what_is_sent_is_noted_as_read(reader: WebReader, take_in: TakeIn) -> None:
    first, second = one_study(
        take_in, small_ct(), small_ct(NumberOfFrames=2, PixelData=np.arange(32, dtype="<u2").tobytes())
    )
    body_of(reader.get(f"{study_path_of(first)}/pixeldata"))
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.sub, session.frames, session.sent_bytes) == ("user-1", 3, 32 + 64)
    assert set(ReadInstance.objects.values_list("instance_pk", flat=True)) == {first.pk, second.pk}


def test_an_instance_is_noted_when_it_is_its_turn(reader: WebReader, take_in: TakeIn) -> None:
    first, second = one_study(take_in, small_ct(), small_ct())
    response = reader.get(f"{study_path_of(first)}/bulkdata")
    assert response.streaming
    records.reads.flush()
    assert set(ReadInstance.objects.values_list("instance_pk", flat=True)) == {first.pk}
    body_of(response)
    records.reads.flush()
    assert set(ReadInstance.objects.values_list("instance_pk", flat=True)) == {first.pk, second.pk}


def test_a_file_that_cannot_be_read_is_told(reader: WebReader, take_in: TakeIn, archive: Archive) -> None:
    first, second = one_study(take_in, small_ct(), small_ct())
    # The metadata are there already.
    reader.json(f"{study_path_of(first)}/metadata")
    archive.path_of(first.relative_path).unlink()
    some = reader.get(f"{study_path_of(first)}/bulkdata")
    assert some.status_code == 206
    (part,) = located_parts(some)
    assert part.location == f"http://testserver{path_of(second)}/bulkdata/7FE00010"
    none = reader.get(f"{path_of(first)}/pixeldata")
    assert (none.status_code, none.json()["code"]) == (500, "internal")


def test_a_reader_without_identity_gets_values_under_mapped_addresses(
    reader: WebReader, take_in: TakeIn, disguised: Disguise
) -> None:
    picture, words = one_study(take_in, with_much(PatientID="MD-1"), document(b"%PDF" * 100_001))
    seen = disguised(picture.series.study.study_instance_uid)
    references = {
        url for metadata in seen.json(f"{seen.study_path}/metadata") for url in references_of(metadata).values()
    }
    parts = located_parts(seen.get(f"{seen.study_path}/bulkdata"))
    assert {part.location for part in parts} == references
    assert len(parts) == len(references)
    (pixels,) = located_parts(seen.get(f"{seen.study_path}/pixeldata"))
    assert pixels.body == bytes(small_ct().PixelData)
    told = " ".join(part.location for part in (*parts, pixels))
    assert not any(one.sop_instance_uid in told for one in (picture, words))
