"""An MP4 as Video Photographic Image (PS3.3 A.32.6): the whole file is the pixel data (PS3.5 A.4.6 and following)."""

from functools import partial
from typing import BinaryIO, Final

from pydicom.dataset import Dataset
from pydicom.uid import VideoPhotographicImageStorage

from dicomserver.importing.wrapping.mp4 import NotMp4, VideoTrack, read_mp4
from dicomserver.importing.wrapping.wrapped import (
    MAX_VALUE_BYTES,
    PIXEL_DATA,
    Wrapped,
    WrappingRefused,
    pieces_of,
)

# PS3.6 Table A-1
_AVC_LEVEL_41: Final = "1.2.840.10008.1.2.4.102"
_AVC_LEVEL_42: Final = "1.2.840.10008.1.2.4.104"
_HEVC_MAIN: Final = "1.2.840.10008.1.2.4.107"
_HEVC_MAIN_10: Final = "1.2.840.10008.1.2.4.108"
# ITU-T H.264 A.2: Baseline (with its constraint set 1), Main and High are what a High decoder decodes.
_BASELINE, _MAIN, _HIGH = 66, 77, 100
_CONSTRAINED: Final = 0x40
# Thirty times the level: 5.1.
_HEVC_LEVEL_51: Final = 153
_REFUSED: Final = "The video is coded in a way that DICOM does not know. Convert it to H.264 (High, level 4.2 at most)."


def wrapped_video(file: BinaryIO) -> Wrapped:
    """The video. Raises WrappingRefused."""
    length = file.seek(0, 2)
    if length > MAX_VALUE_BYTES:
        raise WrappingRefused("The video is too large to be kept as DICOM. Cut it into parts.")
    try:
        track = read_mp4(file)
    except NotMp4 as error:
        raise WrappingRefused(str(error)) from error
    transfer_syntax_uid = transfer_syntax_of(track)
    return Wrapped(
        sop_class_uid=VideoPhotographicImageStorage,
        transfer_syntax_uid=transfer_syntax_uid,
        modality="XC",
        ds=_attributes(track, length, is_10_bit=transfer_syntax_uid == _HEVC_MAIN_10),
        tag=PIXEL_DATA,
        length=length,
        pieces=partial(pieces_of, file),
        is_encapsulated=True,
    )


def transfer_syntax_of(track: VideoTrack) -> str:
    """The transfer syntax for the coding. Raises WrappingRefused where there is none."""
    if track.codec == "avc":
        is_decodable = track.profile in {_MAIN, _HIGH} or (
            track.profile == _BASELINE and bool(track.constraints & _CONSTRAINED)
        )
        if is_decodable and track.level <= 41:
            return _AVC_LEVEL_41
        if is_decodable and track.level <= 42:
            return _AVC_LEVEL_42
    elif track.level <= _HEVC_LEVEL_51 and track.profile in {1, 2}:
        return _HEVC_MAIN if track.profile == 1 else _HEVC_MAIN_10
    raise WrappingRefused(_REFUSED)


def _attributes(track: VideoTrack, length: int, *, is_10_bit: bool) -> Dataset:
    ds = Dataset()
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.PatientOrientation = ""
    ds.AcquisitionContextSequence = []
    # Type 1C (PS3.3 C.8.12.1): the broadest concept there is, as nobody says which region it shows.
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "91723000", "SCT", "Anatomical structure"
    ds.AnatomicRegionSequence = [region]
    ds.SamplesPerPixel = 3
    ds.PhotometricInterpretation = "YBR_PARTIAL_420"
    ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = track.rows, track.columns
    bits = 10 if is_10_bit else 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16 if is_10_bit else 8, bits, bits - 1, 0
    ds.NumberOfFrames = track.frames
    ds.FrameTime = f"{track.frame_time_ms:.6g}"
    ds.FrameIncrementPointer = 0x00181063
    ds.CineRate = max(round(1000 / track.frame_time_ms), 1)
    ds.LossyImageCompression = "01"
    native = track.rows * track.columns * 3 * track.frames
    ds.LossyImageCompressionRatio = f"{max(native / length, 1):.2f}"
    ds.LossyImageCompressionMethod = "ISO_14496_10" if track.codec == "avc" else "ISO_23008_2"
    return ds
