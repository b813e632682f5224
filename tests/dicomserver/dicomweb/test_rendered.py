"""Rendered resources as they are asked for: window, viewport, quality, annotation, profile, media type, level."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from dicomserver.access.models import ViewingSession
from dicomserver.dicomweb import records
from dicomserver.dicomweb.multipart import MAX_STREAMS, _streams
from dicomserver.dicomweb.pictures import annotating
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, body_of, path_of, series_path_of, study_path_of
from tests.dicomserver.importing.documents import video
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db(transaction=True)

VIDEO_PHOTOGRAPHIC = "1.2.840.10008.5.1.4.1.1.77.1.4.1"
MPEG4 = "1.2.840.10008.1.2.4.102"


def image_of(response: Any, media_type: str = "image/png") -> Image.Image:
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == media_type
    return Image.open(io.BytesIO(response.content))


def pixels_of(response: Any, media_type: str = "image/png") -> NDArray[Any]:
    return np.asarray(image_of(response, media_type)).astype(int)


def ramp(columns: int = 64, rows: int = 32, frames: int = 1, **changes: Any) -> Dataset:
    """Values from 0 in steps of 16 from left to right, in a window that shows them all."""
    pixels = np.tile(np.arange(columns, dtype="<u2") * 16, (frames, rows, 1))
    values: dict[str, Any] = {
        "Rows": rows,
        "Columns": columns,
        "PixelData": pixels.tobytes(),
        "WindowCenter": 512,
        "WindowWidth": 1024,
    }
    if frames > 1:
        values["NumberOfFrames"] = str(frames)
    return small_ct(**{keyword: value for keyword, value in (values | changes).items() if value is not None})


def rendered(reader: WebReader, instance: Instance, query: str = "", accept: str = "image/png") -> Any:
    return reader.get(f"{path_of(instance)}/rendered{query}", Accept=accept)


def parts_of(response: Any, kind: str) -> list[bytes]:
    assert response.status_code == 200, response.content
    head, _, boundary = response.headers["Content-Type"].partition("; boundary=")
    assert head == f'multipart/related; type="{kind}"'
    body = body_of(response)
    delimiter = b"--" + boundary.encode()
    assert body.startswith(delimiter)
    assert body.endswith(b"\r\n" + delimiter + b"--\r\n")
    pieces = body[: -len(delimiter) - 4].split(delimiter + b"\r\n")[1:]
    return [piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces]


def test_a_window_is_the_readers(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp())
    found = pixels_of(rendered(reader, instance, "?window=160,320"))
    assert list(found[0, [0, 10, 20, 63]]) == [0, 128, 255, 255]
    exact = pixels_of(rendered(reader, instance, "?window=160,320,linear-exact"))
    assert exact[0, 10] == 128
    curved = pixels_of(rendered(reader, instance, "?window=160,320,sigmoid"))
    assert (curved[0, 10], curved[0, 20] < 255, curved[0, 63]) == (128, True, 255)


@pytest.mark.parametrize(
    "query",
    [
        "window=1",
        "window=1,2,round",
        "window=1,0",
        "window=1,-5",
        "window=a,b",
        "window=1e99,nan",
        "window=1,2&window=3,4",
        "viewport=10",
        "viewport=0,10",
        "viewport=10,-1",
        "viewport=99999,10",
        "viewport=10,10,0,0,0,5",
        "viewport=10,10,-1,0",
        "viewport=10,10,60,0,10,10",
        "viewport=10,10,0,0,1,1,1",
        "viewport=10,10,x",
        "quality=0",
        "quality=101",
        "quality=high",
        "quality=1.5",
        "iccprofile=rommrgb",
    ],
)
def test_what_cannot_be_understood_is_refused(reader: WebReader, take_in: TakeIn, query: str) -> None:
    response = rendered(reader, take_in(ramp()), f"?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_a_viewport_scales_up_and_down_and_keeps_the_shape(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp())
    assert image_of(rendered(reader, instance, "?viewport=128,128")).size == (128, 64)
    assert image_of(rendered(reader, instance, "?viewport=100,16")).size == (32, 16)


def test_a_region_is_cut_out_and_turned(reader: WebReader, take_in: TakeIn) -> None:
    pixels = np.arange(64 * 32, dtype="<u2").reshape(32, 64)
    ds = ramp(PixelData=pixels.tobytes(), WindowCenter=128, WindowWidth=256)
    instance = take_in(ds)
    plain = pixels_of(rendered(reader, instance, "?viewport=8,4,10,2,8,4"))
    expected = np.clip(pixels[2:6, 10:18].astype(int), 0, 255)
    assert np.abs(plain - expected).max() <= 1
    mirrored = pixels_of(rendered(reader, instance, "?viewport=8,4,10,2,-8,4"))
    assert (mirrored == plain[:, ::-1]).all()
    both = pixels_of(rendered(reader, instance, "?viewport=8,4,10,2,-8,-4"))
    assert (both == plain[::-1, ::-1]).all()
    assert image_of(rendered(reader, instance, "?viewport=10,10,,,8,")).size == (2, 10)


def test_quality_makes_a_smaller_file(reader: WebReader, take_in: TakeIn) -> None:
    noise = np.random.default_rng(1).integers(0, 1024, (64, 64), dtype=np.uint16)
    instance = take_in(ramp(rows=64, PixelData=noise.tobytes()))
    sizes = [
        len(rendered(reader, instance, query, "image/jpeg").content) for query in ("?quality=10", "", "?quality=100")
    ]
    assert sizes[0] < sizes[1] < sizes[2]


def test_annotations_are_burned_into_their_corners(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp(columns=512, rows=512, PixelData=bytes(512 * 512 * 2)))
    assert pixels_of(rendered(reader, instance)).max() == 0
    patient = pixels_of(rendered(reader, instance, "?annotation=patient"))[..., 0]
    assert patient[:80, :300].max() > 200
    assert patient[80:].max() == patient[:, 300:].max() == 0
    technique = pixels_of(rendered(reader, instance, "?annotation=technique"))[..., 0]
    assert technique[400:, :300].max() > 200
    assert technique[:400].max() == 0
    both = pixels_of(rendered(reader, instance, "?annotation=patient,technique"))[..., 0]
    assert (both == np.maximum(patient, technique)).all()


def test_what_is_written_is_who_and_what_is_shown(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    monkeypatch.setattr(annotating, "_write", lambda drawing, at, lines, size: written.extend(lines))
    rendered(reader, take_in(ramp()), "?annotation=patient,technique")
    assert written == ["Popescu, Ion", "P-1", "1970-01-01 M", "CT 2026-01-02 10:11", "Axial", "series 3 image 7"]


def test_an_annotation_that_is_unknown_is_told_and_left_out(reader: WebReader, take_in: TakeIn) -> None:
    response = rendered(reader, take_in(ramp()), "?annotation=weather")
    assert response.status_code == 200
    assert response.headers["Warning"].endswith('"The following annotation values are not supported: weather"')


@pytest.mark.parametrize(("profile", "has_one"), [("no", False), ("yes", True), ("srgb", True)])
def test_an_icc_profile_is_embedded_in_colour_where_it_is_wanted(
    reader: WebReader, take_in: TakeIn, profile: str, has_one: bool
) -> None:
    ds = small_ct(
        SamplesPerPixel=3,
        PhotometricInterpretation="RGB",
        PlanarConfiguration=0,
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        PixelData=bytes(48),
    )
    found = image_of(rendered(reader, take_in(ds), f"?iccprofile={profile}"))
    assert ("icc_profile" in found.info) == has_one


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("", "image/jpeg"),
        ("*/*", "image/jpeg"),
        ("image/*", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/gif", "image/gif"),
        ("image/jpeg;q=0.5, image/png", "image/png"),
        ("text/html, image/png;q=0.1", "image/png"),
        ('multipart/related; type="image/png"', 'multipart/related; type="image/png"'),
    ],
)
def test_the_client_chooses_the_media_type(reader: WebReader, take_in: TakeIn, accept: str, found: str) -> None:
    response = rendered(reader, take_in(ramp()), "", accept)
    assert response.headers["Content-Type"].partition("; boundary")[0] == found


@pytest.mark.parametrize("accept", ["video/mp4", "video/*", "*/*"])
def test_a_stored_video_is_rendered_as_what_it_is(reader: WebReader, take_in: TakeIn, accept: str) -> None:
    content = video()
    ds = small_ct(SOPClassUID=VIDEO_PHOTOGRAPHIC, NumberOfFrames=25, Rows=48, Columns=64)
    ds.PixelData = encapsulate([content])
    ds["PixelData"].is_undefined_length = True
    instance = take_in(ds, MPEG4)
    response = reader.get(f"{path_of(instance)}/rendered", Accept=accept)
    assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (200, "video/mp4")
    assert body_of(response) == content
    assert reader.get(f"{path_of(instance)}/rendered", Accept="image/jpeg").status_code == 406


@pytest.mark.parametrize("accept", ["text/html", "image/tiff", "application/dicom", "image/jpeg;q=0", "video/mp4"])
def test_what_cannot_be_made_is_406(reader: WebReader, take_in: TakeIn, accept: str) -> None:
    response = rendered(reader, take_in(ramp()), "", accept)
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


def test_the_query_overrules_the_header(reader: WebReader, take_in: TakeIn) -> None:
    response = rendered(reader, take_in(ramp()), "?accept=image/png", "image/jpeg")
    assert response.headers["Content-Type"] == "image/png"


def test_frames_come_alone_together_and_in_motion(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp(frames=3, FrameTime="40"))
    base = f"{path_of(instance)}/frames"
    assert image_of(reader.get(f"{base}/2/rendered", Accept="image/png")).size == (64, 32)
    assert len(parts_of(reader.get(f"{base}/3,1/rendered"), "image/jpeg")) == 2
    moving = image_of(reader.get(f"{base}/1,2,3/rendered", Accept="image/gif"), "image/gif")
    assert (getattr(moving, "n_frames", 1), moving.info["duration"]) in {(3, 40), (1, 120)}
    assert reader.get(f"{base}/4/rendered").status_code == 404
    assert reader.get(f"{base}/0/rendered").status_code == 404
    assert reader.get(f"{base}/x/rendered").status_code == 400


def test_a_study_and_a_series_come_picture_by_picture(reader: WebReader, take_in: TakeIn) -> None:
    ds = ramp()
    first = take_in(ds)
    second = ramp(StudyInstanceUID=ds.StudyInstanceUID, SeriesInstanceUID=ds.SeriesInstanceUID, InstanceNumber=8)
    take_in(second)
    take_in(ramp(StudyInstanceUID=ds.StudyInstanceUID, SeriesNumber=9))
    broken = ramp(
        StudyInstanceUID=ds.StudyInstanceUID,
        SeriesNumber=10,
        BitsAllocated=16,
        PhotometricInterpretation="PALETTE COLOR",
    )
    take_in(broken)
    assert len(parts_of(reader.get(f"{study_path_of(first)}/rendered?viewport=16,16"), "image/jpeg")) == 3
    parts = parts_of(
        reader.get(f"{series_path_of(first)}/rendered", Accept='multipart/related; type="image/png"'), "image/png"
    )
    assert [Image.open(io.BytesIO(part)).size for part in parts] == [(64, 32), (64, 32)]
    records.reads.flush()
    assert ViewingSession.objects.get().frames == 5
    assert _streams._value == MAX_STREAMS


@pytest.mark.parametrize("level", ["study", "series", "instance", "frame"])
def test_each_level_has_a_thumbnail(reader: WebReader, take_in: TakeIn, level: str) -> None:
    instance = take_in(ramp(columns=1024, rows=512))
    path = {
        "study": study_path_of(instance),
        "series": series_path_of(instance),
        "instance": path_of(instance),
        "frame": f"{path_of(instance)}/frames/1",
    }[level]
    response = reader.get(f"{path}/thumbnail")
    assert image_of(response, "image/jpeg").size == (256, 128)
    assert response.headers["Content-Location"] == f"{path_of(instance)}/frames/1"
    assert image_of(reader.get(f"{path}/thumbnail?viewport=64,64"), "image/jpeg").size == (64, 32)


def with_table(keyword: str, entries: list[int], first: int, bits: int, **changes: Any) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = np.array(entries, "<u2").tobytes()
    item["LUTData"].VR = "OW"
    item.ModalityLUTType = "US"
    if keyword == "VOILUTSequence":
        del item.ModalityLUTType
    ds = ramp(**changes)
    setattr(ds, keyword, Sequence([item]))
    return ds


def test_a_voi_table_is_used_where_there_is_no_window(reader: WebReader, take_in: TakeIn) -> None:
    # Everything below 320 black, then white: no window could show the step so.
    ds = with_table("VOILUTSequence", [0] * 320 + [4095] * 80, 0, 12, WindowCenter=None, WindowWidth=None)
    found = pixels_of(rendered(reader, take_in(ds)))
    assert list(found[0, [0, 19, 20, 63]]) == [0, 0, 255, 255]
    # A reader's window comes before it.
    assert (
        pixels_of(rendered(reader, take_in(with_table("VOILUTSequence", [0, 255], 0, 8)), "?window=512,1024"))[0, 32]
        > 100
    )


def test_a_table_of_eight_bits_in_words_is_shown_in_full(reader: WebReader, take_in: TakeIn) -> None:
    ds = with_table("VOILUTSequence", list(range(256)), 0, 8, WindowCenter=None, WindowWidth=None)
    assert list(pixels_of(rendered(reader, take_in(ds)))[0, [0, 8, 16]]) == [0, 128, 255]


def test_a_modality_table_comes_before_the_window(reader: WebReader, take_in: TakeIn) -> None:
    ds = with_table("ModalityLUTSequence", [0] * 512 + [1023] * 512, 0, 16)
    found = pixels_of(rendered(reader, take_in(ds)))
    assert list(found[0, [0, 31, 32, 63]]) == [0, 0, 255, 255]


@pytest.mark.parametrize(
    ("descriptor", "data"),
    [([0, 0, 0], b""), ([5, 0, 16], b""), ([2, 0, 200], b"\1\0\2\0"), ([65535, 65535, 16], b"\1\0")],
)
def test_a_broken_table_does_no_harm(reader: WebReader, take_in: TakeIn, descriptor: list[int], data: bytes) -> None:
    ds = with_table("VOILUTSequence", [0], 0, 8, WindowCenter=None, WindowWidth=None)
    ds.VOILUTSequence[0].LUTDescriptor = descriptor
    ds.VOILUTSequence[0].LUTData = data
    assert rendered(reader, take_in(ds)).status_code == 200


def test_the_presentation_shape_inverse_turns_grey_round(reader: WebReader, take_in: TakeIn) -> None:
    plain = pixels_of(rendered(reader, take_in(ramp())))
    turned = pixels_of(rendered(reader, take_in(ramp(PresentationLUTShape="INVERSE"))))
    assert (turned == 255 - plain).all()


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"PixelSpacing": [2, 1]}, (64, 64)),
        ({"PixelSpacing": [1, 2]}, (128, 32)),
        ({"PixelAspectRatio": [3, 2]}, (64, 48)),
        ({"PixelSpacing": [0.5, 0.5], "PixelAspectRatio": [3, 2]}, (64, 32)),
        ({"PixelAspectRatio": [1, 0]}, (64, 32)),
        ({"PixelAspectRatio": [1000, 1]}, (64, 32)),
    ],
)
def test_pixels_that_are_not_square_are_shown_in_shape(
    reader: WebReader, take_in: TakeIn, changes: dict[str, Any], size: tuple[int, int]
) -> None:
    instance = take_in(ramp(**changes))
    assert image_of(rendered(reader, instance)).size == size
    found = image_of(reader.get(f"{path_of(instance)}/thumbnail"), "image/jpeg").size
    assert found == size


def test_an_unchanged_picture_is_not_drawn_again(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp())
    etag = rendered(reader, instance, "?window=1,2").headers["ETag"]
    again = reader.get(f"{path_of(instance)}/rendered?window=1,2", Accept="image/png", If_None_Match=etag)
    assert (again.status_code, again.content) == (304, b"")
    other = reader.get(f"{path_of(instance)}/rendered?window=1,3", Accept="image/png", If_None_Match=etag)
    assert other.status_code == 200


def test_a_document_is_shown_as_what_it_is(reader: WebReader, take_in: TakeIn) -> None:
    ds = small_ct(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=b"%PDF-1.4 x",
    )
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(ds, keyword)
    instance = take_in(ds)
    response = rendered(reader, instance, "", "*/*")
    assert (response.headers["Content-Type"], body_of(response)) == ("application/pdf", b"%PDF-1.4 x")
    assert rendered(reader, instance, "", "image/jpeg").status_code == 406
