"""Content negotiation: transfer syntaxes by Accept, by header or query, and 406 where nothing fits."""

import io
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicomserver.archive import Archive
from tests.dicomserver.dicomweb.reading import WebReader, body_of, parts_of, path_of, series_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, JPEG_LS, small_ct

pytestmark = pytest.mark.django_db(transaction=True)

JPEG_2000 = "1.2.840.10008.1.2.4.90"
RLE = "1.2.840.10008.1.2.5"
PIXELS = np.arange(64 * 64, dtype="<u2").reshape(64, 64)


def slice_of(**changes: Any) -> Dataset:
    return small_ct(Rows=64, Columns=64, BitsStored=16, HighBit=15, PixelData=PIXELS.tobytes(), **changes)


def instance_in(response: Any) -> Dataset:
    assert response.status_code == 200, response.content
    return dcmread(io.BytesIO(body_of(response)))


@pytest.mark.parametrize("stored", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
@pytest.mark.parametrize("wanted", [EXPLICIT, JPEG_LS, JPEG_2000, RLE])
def test_an_instance_comes_in_the_syntax_asked_for(
    reader: WebReader, take_in: TakeIn, stored: str, wanted: str
) -> None:
    ds = slice_of()
    if stored == BIG_ENDIAN:
        ds.PixelData = PIXELS.byteswap().tobytes()
    instance = take_in(ds, stored)
    response = reader.get(path_of(instance), Accept=f"application/dicom; transfer-syntax={wanted}")
    assert response.headers["Content-Type"] == f"application/dicom; transfer-syntax={wanted}"
    found = instance_in(response)
    assert found.file_meta.TransferSyntaxUID == wanted
    assert (found.pixel_array == PIXELS).all()
    assert found.PatientName == "Popescu^Ion"


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("application/dicom", EXPLICIT),
        ("*/*", IMPLICIT),
        ("application/dicom; transfer-syntax=*", IMPLICIT),
        (f'application/dicom; transfer-syntax="{JPEG_LS}"; q=0.2, application/dicom; transfer-syntax={RLE}', RLE),
        (
            f"application/dicom; transfer-syntax={JPEG_LS}, application/dicom; transfer-syntax={IMPLICIT};q=0.1",
            IMPLICIT,
        ),
        ("application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50, application/dicom;q=0.5", EXPLICIT),
    ],
)
def test_what_is_accepted_as_stored_is_sent_so(reader: WebReader, take_in: TakeIn, accept: str, found: str) -> None:
    instance = take_in(slice_of(), IMPLICIT)
    response = reader.get(path_of(instance), Accept=accept)
    body = body_of(response)
    if accept == "*/*":
        (part,) = parts_of(response, body)
        assert part.content_type == f"application/dicom; transfer-syntax={found}"
    else:
        assert response.headers["Content-Type"] == f"application/dicom; transfer-syntax={found}"
        assert dcmread(io.BytesIO(body)).file_meta.TransferSyntaxUID == found


def test_as_stored_means_byte_for_byte(reader: WebReader, archive: Archive, take_in: TakeIn) -> None:
    instance = take_in(slice_of(), IMPLICIT)
    response = reader.get(path_of(instance), Accept="application/dicom; transfer-syntax=*")
    assert body_of(response) == archive.path_of(instance.relative_path).read_bytes()


@pytest.mark.parametrize(
    "accept",
    [
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50",
        "application/dicom; transfer-syntax=1.2.3",
        # These two are not used by web services (PS3.18 8.7.3).
        f"application/dicom; transfer-syntax={IMPLICIT}",
        f"application/dicom; transfer-syntax={BIG_ENDIAN}",
        "application/json",
        "image/png",
        "application/dicom;q=0",
    ],
)
def test_what_cannot_be_made_is_406(reader: WebReader, take_in: TakeIn, accept: str) -> None:
    response = reader.get(path_of(take_in(slice_of())), Accept=accept)
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


def test_the_query_overrules_the_header(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(slice_of()))}?accept=application/dicom;transfer-syntax={RLE}"
    response = reader.get(
        path.replace(";", "%3B").replace("=", "%3D").replace("?accept%3D", "?accept="), Accept="image/png"
    )
    assert response.headers["Content-Type"] == f"application/dicom; transfer-syntax={RLE}"


def test_a_series_comes_instance_by_instance(reader: WebReader, take_in: TakeIn) -> None:
    ds = slice_of()
    first = take_in(ds, IMPLICIT)
    take_in(slice_of(StudyInstanceUID=ds.StudyInstanceUID, SeriesInstanceUID=ds.SeriesInstanceUID), EXPLICIT)
    response = reader.get(
        series_path_of(first), Accept=f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}'
    )
    body = body_of(response)
    boundary = response.headers["Content-Type"].partition("boundary=")[2].encode()
    pieces = body.split(b"--" + boundary)[1:-1]
    assert len(pieces) == 2
    for piece in pieces:
        head, _, content = piece.partition(b"\r\n\r\n")
        assert f"transfer-syntax={EXPLICIT}".encode() in head
        assert dcmread(io.BytesIO(content)).file_meta.TransferSyntaxUID == EXPLICIT


@pytest.mark.parametrize(
    ("accept", "kind", "start"),
    [
        ("image/jls", f"image/jls; transfer-syntax={JPEG_LS}", b"\xff\xd8"),
        (f"image/jp2; transfer-syntax={JPEG_2000}", f"image/jp2; transfer-syntax={JPEG_2000}", b"\xff\x4f"),
        (f"image/dicom-rle; transfer-syntax={RLE}", f"image/dicom-rle; transfer-syntax={RLE}", b"\x02\0\0\0"),
    ],
)
def test_a_frame_comes_in_the_syntax_asked_for(
    reader: WebReader, take_in: TakeIn, accept: str, kind: str, start: bytes
) -> None:
    response = reader.get(f"{path_of(take_in(slice_of()))}/frames/1", Accept=accept)
    assert (response.status_code, response.headers.get("Content-Type")) == (200, kind)
    assert response.content.startswith(start)


def test_a_compressed_frame_is_undone_for_who_wants_plain_bytes(
    reader: WebReader, take_in: TakeIn, archive: Archive
) -> None:
    instance = take_in(slice_of())
    compressed = body_of(reader.get(path_of(instance), Accept=f"application/dicom; transfer-syntax={JPEG_LS}"))
    ds = dcmread(io.BytesIO(compressed))
    ds.SOPInstanceUID = f"{ds.SOPInstanceUID[:-3]}77"
    again = take_in(ds, JPEG_LS)
    for accept in ("application/octet-stream", f"application/octet-stream; transfer-syntax={EXPLICIT}"):
        response = reader.get(f"{path_of(again)}/frames/1", Accept=accept)
        assert response.content == PIXELS.tobytes()
    plain = reader.get(f"{path_of(again)}/frames/1", Accept="application/octet-stream; transfer-syntax=*")
    assert plain.headers["Content-Type"] == f"image/jls; transfer-syntax={JPEG_LS}"


@pytest.mark.parametrize("accept", ["image/jpeg", "video/mp4", "image/jls; transfer-syntax=1.2.840.10008.1.2.4.90"])
def test_a_frame_that_cannot_be_made_is_406(reader: WebReader, take_in: TakeIn, accept: str) -> None:
    response = reader.get(f"{path_of(take_in(slice_of()))}/frames/1", Accept=accept)
    assert response.status_code == 406
