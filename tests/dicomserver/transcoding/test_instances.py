"""Instances in other transfer syntaxes: the same pixel values by other people's decoders, the same elements."""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.sequence import Sequence

from dicomserver.archive.part10 import read_file_head
from dicomserver.transcoding import TARGETS, CannotTranscode, can_transcode, transcoded_instance
from dicomserver.transcoding.decoding import stored_samples
from dicomserver.transcoding.pixels import sample_attributes
from dicomserver.transcoding.syntaxes import HTJ2K_LOSSLESS, JPEG_LS_LOSSLESS, LOSSY, RLE, SOURCES
from tests.dicomserver.objects import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    SHARED_DATA,
    encode,
    small_ct,
)

if TYPE_CHECKING:
    from dicomserver.archive import Archive

pytestmark = pytest.mark.usefixtures("archive")

NATIVE = {EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED}
ABOUT_PIXELS = frozenset({0x7FE00010, 0x00280004, 0x00280006, 0x00282110, 0x7FE00001, 0x7FE00002})
FOLDERS = ("syntaxes/one-ct-in-all", "syntaxes/rgb-pattern", "syntaxes/secondary-capture", "syntaxes/tiny", "luts")


def part10(data_set: bytes, syntax: str) -> bytes:
    from dicomserver.archive.file_meta import FileMeta, encode_file_head

    return encode_file_head(FileMeta("1.2.840.10008.5.1.4.1.1.2", "1.2.3", syntax)) + data_set


def in_syntax(path: Path, target: str) -> Dataset:
    """What pydicom reads of the file in the other syntax."""
    with path.open("rb") as file:
        head = read_file_head(file)
    with transcoded_instance(path, head.data_set_offset, head.meta.transfer_syntax_uid, target) as found:
        content = found.file.read()
        assert len(content) == found.size
        assert read_file_head(BytesIO(content)).data_set_offset == found.data_set_offset
    ds = dcmread(BytesIO(content))
    assert ds.file_meta.TransferSyntaxUID == target
    return ds


def pixels_of(ds: Dataset) -> Any:
    """The samples as stored, by pydicom and GDCM; by ours of what neither knows."""
    if ds.file_meta.TransferSyntaxUID != HTJ2K_LOSSLESS:
        return pixel_array(ds, raw=True)
    from pydicom.encaps import generate_frames

    count = int(ds.get("NumberOfFrames", 1) or 1)
    frames = generate_frames(ds.PixelData, number_of_frames=count)
    arrays = [stored_samples(frame, HTJ2K_LOSSLESS, sample_attributes(ds))[0] for frame in frames]
    return np.stack(arrays) if count > 1 else arrays[0]


def assert_same_elements(before: Dataset, after: Dataset) -> None:
    """Values are the same; private ones without a VR are what they were as bytes."""
    for element in before:
        if int(element.tag) in ABOUT_PIXELS or not element.tag.element:
            continue
        assert element.tag in after, element.tag
        other = after[element.tag]
        if isinstance(element.value, Sequence) and isinstance(other.value, Sequence):
            assert len(element.value) == len(other.value)
            for one, two in zip(element.value, other.value, strict=True):
                assert_same_elements(one, two)
        elif not element.tag.is_private and other.VR not in {"UN", "OW", "OB"}:
            assert element.value == other.value, element.tag


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((SHARED_DATA / folder).glob("*"))]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_real_instances_keep_their_pixels_and_elements_in_every_syntax(path: Path) -> None:
    before = dcmread(path, force=True)
    with path.open("rb") as file:
        source = read_file_head(file).meta.transfer_syntax_uid
    before.file_meta.TransferSyntaxUID = source
    try:
        expected = pixel_array(before, raw=True)
    except (NotImplementedError, RuntimeError, AttributeError, ValueError):
        expected = None
    for target in TARGETS:
        if target == source:
            continue
        try:
            after = in_syntax(path, target)
        except CannotTranscode:
            # What may be given to any machine is always there, but for what no decoder here reads.
            assert target not in NATIVE or expected is None
            continue
        assert_same_elements(before, after)
        if expected is None:
            continue
        got = pixels_of(after)
        if source in LOSSY and before.SamplesPerPixel == 3:
            # Two decoders of JPEG may round differently on the way to RGB.
            assert after.PhotometricInterpretation == "RGB"
            apart = np.abs(pixel_array(before).astype(int) - got.astype(int))
            assert apart.max() <= 1
        else:
            assert (got.dtype.kind, got.dtype.itemsize) == (expected.dtype.kind, expected.dtype.itemsize)
            assert np.array_equal(got, expected)


def made(**changes: Any) -> Dataset:
    """A CT slice large enough for every encoder, with values in all twelve bits."""
    values = np.random.default_rng(7).integers(0, 4096, (40, 24), dtype="<u2")
    ds = small_ct(Rows=40, Columns=24, PixelData=values.tobytes(), **changes)
    ds["PixelData"].VR = "OW"
    return ds


@pytest.mark.parametrize(
    ("source", "target"),
    [(source, target) for source in sorted(NATIVE) for target in TARGETS if source != target],
)
@pytest.mark.parametrize("is_signed", [False, True])
def test_native_pixels_are_the_same_in_every_syntax(tmp_path: Path, source: str, target: str, is_signed: bool) -> None:
    ds = made()
    if is_signed:
        ds.PixelRepresentation = 1
        words = np.frombuffer(ds.PixelData, "<i2") - 2048
        ds.PixelData = words.astype("<i2").tobytes()
    expected = np.frombuffer(ds.PixelData, "<i2" if is_signed else "<u2").reshape(40, 24)
    if source == BIG_ENDIAN:
        ds.PixelData = expected.byteswap().tobytes()
    path = tmp_path / "one.dcm"
    path.write_bytes(part10(encode(ds, source), source))
    after = in_syntax(path, target)
    assert np.array_equal(pixels_of(after), expected)
    assert (str(after.PatientName), after.StudyInstanceUID) == ("Popescu^Ion", ds.StudyInstanceUID)


@pytest.mark.parametrize("target", [target for target in TARGETS if target != IMPLICIT])
def test_several_frames_get_an_offset_table(tmp_path: Path, target: str) -> None:
    frames = np.random.default_rng(3).integers(0, 4096, (3, 40, 24), dtype="<u2")
    ds = made(NumberOfFrames=3)
    ds.PixelData = frames.tobytes()
    path = tmp_path / "three.dcm"
    path.write_bytes(part10(encode(ds, IMPLICIT), IMPLICIT))
    assert np.array_equal(pixels_of(in_syntax(path, target)), frames)


def test_text_of_a_broken_character_set_stays_byte_by_byte(tmp_path: Path) -> None:
    ds = made(SpecificCharacterSet="ISO_IR 192")
    data = encode(ds, IMPLICIT).replace(b"Popescu^Ion", b"Popu\xff\xfe\x80^Ion")
    path = tmp_path / "text.dcm"
    path.write_bytes(part10(data, IMPLICIT))
    after = in_syntax(path, EXPLICIT)
    assert after.get_item("PatientName").value.rstrip() == b"Popu\xff\xfe\x80^Ion"


def test_values_of_implicit_data_sets_get_their_vr(tmp_path: Path) -> None:
    ds = made()
    ds.add_new(0x00290010, "LO", "UNHEARD OF")
    ds.add_new(0x00291001, "UN", b"\x01\x02")
    ds.SmallestImagePixelValue = 3
    ds["SmallestImagePixelValue"].VR = "US"
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3"
    ds.ReferencedImageSequence = [item]
    ds.PixelRepresentation = 1
    ds.LongCodeValue = "x" * 70_000
    path = tmp_path / "implicit.dcm"
    path.write_bytes(part10(encode(ds, IMPLICIT), IMPLICIT))
    after = in_syntax(path, EXPLICIT)
    assert after.get_item(0x00290010).VR == "LO"
    assert (after.get_item(0x00291001).VR, after.get_item(0x00291001).value) == ("UN", b"\x01\x02")
    assert after.get_item("SmallestImagePixelValue").VR == "SS"
    assert after.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3"
    assert len(after.LongCodeValue) == 70_000


def test_elements_behind_the_pixel_data_stay(tmp_path: Path) -> None:
    ds = made()
    ds.add_new(0xFFFCFFFC, "OB", bytes(10))
    path = tmp_path / "padded.dcm"
    path.write_bytes(part10(encode(ds), EXPLICIT))
    assert in_syntax(path, RLE)[0xFFFCFFFC].value == bytes(10)
    assert in_syntax(path, IMPLICIT)[0xFFFCFFFC].value == bytes(10)


@pytest.mark.parametrize("target", [RLE, JPEG_LS_LOSSLESS, HTJ2K_LOSSLESS])
def test_what_cannot_be_kept_is_refused(tmp_path: Path, target: str) -> None:
    mask = small_ct(BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=b"\x55\xaa")
    shared = small_ct(
        SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL_422", BitsAllocated=8, BitsStored=8, HighBit=7
    )
    for number, ds in enumerate((mask, shared)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(part10(encode(ds), EXPLICIT))
        with pytest.raises(CannotTranscode):
            in_syntax(path, target)
        assert in_syntax(path, IMPLICIT).PixelData == ds.PixelData


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8\xff\xd9", b"garbage" * 9, bytes(64)])
@pytest.mark.parametrize("source", ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", RLE])
def test_hostile_streams_are_refused_and_no_traceback(tmp_path: Path, frame: bytes, source: str) -> None:
    ds = made()
    ds.PixelData = encapsulate([frame or b"\0\0"])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    path = tmp_path / "hostile.dcm"
    path.write_bytes(part10(encode(ds), source))
    with pytest.raises(CannotTranscode):
        in_syntax(path, EXPLICIT)


def test_a_file_that_is_no_dicom_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.dcm"
    path.write_bytes(b"no DICOM at all, " * 50)
    with pytest.raises(CannotTranscode), transcoded_instance(path, 0, EXPLICIT, IMPLICIT):
        pass


def test_nothing_is_left_behind(tmp_path: Path, archive: "Archive") -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(part10(encode(made()), EXPLICIT))
    in_syntax(path, RLE)
    assert list(archive.incoming.iterdir()) == []


def test_moving_pictures_are_never_transcoded() -> None:
    assert not any(can_transcode(f"1.2.840.10008.1.2.4.{number}", EXPLICIT) for number in (100, 102, 107))
    assert all(can_transcode(source, EXPLICIT) for source in SOURCES)
