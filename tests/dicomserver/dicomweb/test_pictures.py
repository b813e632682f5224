"""Rendered frames and thumbnails: compared with what pydicom decodes, and hostile streams refused."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicomserver.access.models import ViewingSession
from dicomserver.dicomweb import records
from dicomserver.dicomweb.pictures import services
from dicomserver.dicomweb.pictures.attributes import Window, pixel_attributes
from dicomserver.dicomweb.pictures.drawing import windowed
from dicomserver.dicomweb.selectors import StoredInstance
from dicomserver.transcoding.decoding import Undecodable, decode_frame, stream_size
from tests.dicomserver.dicomweb.reading import WebReader, path_of, series_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import SHARED_DATA, small_ct

ONE_CT = SHARED_DATA / "syntaxes" / "one-ct-in-all"


def picture_of(response: Any) -> NDArray[Any]:
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "image/jpeg"
    return np.asarray(Image.open(io.BytesIO(response.content)))


def gradient(**changes: Any) -> Dataset:
    pixels = np.tile(np.arange(64, dtype="<u2") * 16, (64, 1))
    return small_ct(
        Rows=64,
        Columns=64,
        PixelData=pixels.tobytes(),
        RescaleSlope=1,
        RescaleIntercept=0,
        WindowCenter=512,
        WindowWidth=1024,
        **changes,
    )


def test_a_frame_is_shown_in_its_own_window(reader: WebReader, take_in: TakeIn) -> None:
    found = picture_of(reader.get(f"{path_of(take_in(gradient()))}/rendered"))
    expected = np.tile(np.arange(64) * 4, (64, 1))
    assert found.shape == (64, 64)
    assert np.abs(found.astype(int) - expected).max() <= 3


def test_monochrome1_is_shown_the_other_way_round(reader: WebReader, take_in: TakeIn) -> None:
    plain = picture_of(reader.get(f"{path_of(take_in(gradient()))}/rendered"))
    turned = picture_of(reader.get(f"{path_of(take_in(gradient(PhotometricInterpretation='MONOCHROME1')))}/rendered"))
    assert np.abs(255 - turned.astype(int) - plain).max() <= 4


def test_a_ct_without_a_window_is_shown_as_soft_tissue(reader: WebReader, take_in: TakeIn) -> None:
    ds = gradient()
    del ds.WindowCenter, ds.WindowWidth
    ds.RescaleIntercept = -512
    found = picture_of(reader.get(f"{path_of(take_in(ds))}/rendered"))
    # -512 is air, 40 is the middle of 40/400, 496 is bone.
    assert found[32, 0] <= 3
    assert abs(int(found[32, 34]) - 127) <= 10
    assert found[32, 63] >= 252


def float_map(values: np.ndarray, **attributes: Any) -> Dataset:
    """A parametric map of 64 × 64 values (PS3.3 C.7.6.24, C.7.6.25)."""
    wide = values.dtype.itemsize == 8
    ds = gradient()
    del ds.WindowCenter, ds.WindowWidth, ds.PixelData
    ds.SOPClassUID, ds.BitsAllocated = "1.2.840.10008.5.1.4.1.1.30", 64 if wide else 32
    ds.add_new(0x7FE00009 if wide else 0x7FE00008, "OD" if wide else "OF", values.tobytes())
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_a_float_map_is_drawn_through_its_own_range(
    reader: WebReader, take_in: TakeIn, dtype: str, scale: float
) -> None:
    values = (np.tile(np.linspace(0, 1, 64), (64, 1)) * scale).astype(dtype)
    instance = take_in(float_map(values))
    found = picture_of(reader.get(f"{path_of(instance)}/rendered"))
    assert found[32, 0] <= 3
    assert abs(int(found[32, 32]) - 128) <= 6
    assert found[32, 63] >= 252
    small = picture_of(reader.get(f"{path_of(instance)}/thumbnail"))
    assert int(small.max()) - int(small.min()) >= 240


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT"])
def test_a_float_map_is_shown_in_a_window_narrower_than_1(reader: WebReader, take_in: TakeIn, function: str) -> None:
    values = np.tile(np.linspace(0, 0.01, 64), (64, 1)).astype("<f4")
    ds = float_map(values, WindowCenter="0.0025", WindowWidth="0.005", VOILUTFunction=function)
    found = picture_of(reader.get(f"{path_of(take_in(ds))}/rendered"))
    assert found[32, 0] <= 3
    assert abs(int(found[32, 16]) - 128) <= 8
    assert found[32, 40] >= 252


def test_a_map_with_values_that_are_no_numbers_is_drawn_by_the_others(reader: WebReader, take_in: TakeIn) -> None:
    values = np.tile(np.linspace(0, 0.5, 64), (64, 1)).astype("<f8")
    values[0, :4] = np.nan, np.inf, -np.inf, 1.7e308
    found = picture_of(reader.get(f"{path_of(take_in(float_map(values)))}/rendered"))
    assert found[32, 0] <= 3
    assert found[32, 63] >= 252
    nothing = take_in(float_map(np.full((64, 64), np.nan), SOPInstanceUID=generate_uid()))
    assert reader.get(f"{path_of(nothing)}/rendered").status_code == 406


@pytest.mark.parametrize(
    "syntax",
    ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"]
    + [f"1.2.840.10008.1.2.4.{suffix}" for suffix in (57, 70, 80, 81, 90, 91)],
)
def test_one_ct_looks_the_same_in_every_syntax(
    reader: WebReader, take_in: TakeIn, shared_data: Path, syntax: str
) -> None:
    path = next(path for path in ONE_CT.iterdir() if path.name.endswith(f"_{syntax}.dcm"))
    reference = dcmread(next(ONE_CT.glob("*_1.2.840.10008.1.2.1.dcm")))
    instance = take_in(path)
    found = picture_of(reader.get(f"{path_of(instance)}/rendered"))
    slope, intercept = float(reference.get("RescaleSlope", 1)), float(reference.get("RescaleIntercept", 0))
    attributes = pixel_attributes(instance.metadata.dicom_json, 1)
    window = attributes.window or Window(40, 400)
    expected = windowed((reference.pixel_array * slope + intercept).astype(np.float32), window)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected.astype(int)).mean() < 2.5


@pytest.mark.parametrize(
    "name",
    [
        "TestPattern_RGB.dcm",
        "TestPattern_JPEG-Baseline_YBR422.dcm",
        "TestPattern_JPEG-Baseline_YBRFull.dcm",
        "TestPattern_JPEG-LS-Lossless.dcm",
        "TestPattern_JPEG-LS-NearLossless.dcm",
        "TestPattern_JPEG-Lossless_RGB.dcm",
    ],
)
def test_colours_are_those_of_the_pattern(reader: WebReader, take_in: TakeIn, shared_data: Path, name: str) -> None:
    path = shared_data / "syntaxes" / "rgb-pattern" / name
    reference = dcmread(shared_data / "syntaxes" / "rgb-pattern" / "TestPattern_JPEG-LS-Lossless.dcm").pixel_array
    if not path.exists():
        path = next(path.parent.glob("*RGB*"))
    found = picture_of(reader.get(f"{path_of(take_in(path))}/rendered"))
    assert found.shape == reference.shape
    assert np.abs(found.astype(int) - reference.astype(int)).mean() < 6


@pytest.mark.parametrize(
    "name",
    [
        "xa-cine/jpeg8bit.dcm",
        "us-color/IM00001.fragmented_no_bot_jpeg_baseline.50.dcm",
        "us-color/examples_palette.dcm",
        "us-color/US-YBR_FULL_422-EVRLE.dcm",
        "xray/RG1_J2KI.dcm",
        "nm/JPEG-LL.dcm",
        "enhanced/philips-emr.dcm",
        "enhanced/siemens-emr.dcm",
        "objects/op/sample-op.dcm",
        "objects/rt/rtdose.dcm",
    ],
)
def test_thumbnails_of_real_series_show_something(
    reader: WebReader, take_in: TakeIn, shared_data: Path, name: str
) -> None:
    paths = [shared_data / name] if (shared_data / name).exists() else sorted((shared_data / name).parent.glob("*.dcm"))
    found = picture_of(reader.get(f"{series_path_of(take_in(paths[0]))}/thumbnail"))
    assert max(found.shape[:2]) <= max(services.THUMBNAIL_BOX)
    assert found.std() > 5


def test_a_thumbnail_is_of_the_middle_and_made_once(
    reader: WebReader, take_in: TakeIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = gradient(InstanceNumber=1)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    instance = take_in(first)
    middle = take_in(gradient(**same, InstanceNumber=2))
    take_in(gradient(**same, InstanceNumber=3))
    drawn = []
    original = services.picture

    def draw(stored: StoredInstance, *args: Any, **options: Any) -> bytes:
        drawn.append(stored.pk)
        return original(stored, *args, **options)

    monkeypatch.setattr(services, "picture", draw)
    path = f"{series_path_of(instance)}/thumbnail"
    first_answer = reader.get(path)
    assert reader.get(path).content == first_answer.content
    assert drawn == [middle.pk]
    assert len(list((home / "cache").rglob("*.jpg"))) == 1
    assert reader.get(path, If_None_Match=first_answer.headers["ETag"]).status_code == 304
    records.reads.flush()
    assert ViewingSession.objects.get().frames == 3


def test_a_series_without_pictures_has_no_thumbnail(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct(PixelData=None, Rows=None, Columns=None, Modality="SR"))
    assert reader.get(f"{series_path_of(instance)}/thumbnail").status_code == 404


def test_pictures_are_what_browsers_show(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(gradient()))}/rendered"
    assert reader.get(path, Accept="image/tiff").status_code == 406
    assert reader.get(path, Accept="image/*").status_code == 200


ATTRIBUTES = '{"00280010":{"Value":[4]},"00280011":{"Value":[4]},"00280100":{"Value":[16]}}'


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\xff\xff" + b"\0" * 100,
        # A JPEG and a JPEG 2000 header that claim 65,535 x 65,535 pixels.
        b"\xff\xd8\xff\xc0\x00\x0b\x08\xff\xff\xff\xff\x01\x01\x11\x00",
        b"\xff\x4f\xff\x51\x00\x29\x00\x00\x00\x00\xff\xff\x00\x00\xff\xff" + b"\0" * 60,
        bytes(range(256)) * 4,
    ],
)
@pytest.mark.parametrize("suffix", ["4.50", "4.70", "4.80", "4.90", "4.201", "4.110", "5"])
def test_hostile_streams_make_no_picture_and_take_no_memory(stream: bytes, suffix: str) -> None:
    attributes = pixel_attributes(ATTRIBUTES, 1)
    with pytest.raises(Undecodable):
        decode_frame(stream, f"1.2.840.10008.1.2.{suffix}", attributes, is_float=False)


def test_the_size_in_a_stream_is_found() -> None:
    assert stream_size(b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc2\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00") == (
        16,
        32,
    )
    assert stream_size(b"GIF89a") is None


def test_a_broken_stream_is_told_as_not_acceptable(reader: WebReader, take_in: TakeIn) -> None:
    from pydicom.encaps import encapsulate

    ds = small_ct(PixelData=encapsulate([b"\xff\xd8\xff\xe0nonsense"]))
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    instance = take_in(ds, "1.2.840.10008.1.2.4.50")
    response = reader.get(f"{path_of(instance)}/rendered")
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")
    assert not ViewingSession.objects.exists()
