"""Photographs as VL Photographic Image (PS3.3 A.32.4), other pictures as Secondary Capture (PS3.3 A.8)."""

import warnings
from io import BytesIO
from typing import Any, BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    SecondaryCaptureImageStorage,
    VLPhotographicImageStorage,
)

from dicomserver.importing.kinds import Kind
from dicomserver.importing.wrapping.jpeg import NotJpeg, read_jpeg
from dicomserver.importing.wrapping.wrapped import PIXEL_DATA, Wrapped, WrappingRefused

# The largest cameras make 150 megapixels.
MAX_PIXELS: Final = 200_000_000
MAX_FILE_BYTES: Final = 256 * 1024**2
MAX_SIDE: Final = 65_535
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1


def wrapped_picture(file: BinaryIO, kind: Kind) -> Wrapped:
    """The picture. Raises WrappingRefused."""
    file.seek(0)
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise WrappingRefused("The picture is too large to be kept as DICOM.")
    picture = _opened(data, kind)
    if kind is Kind.JPEG:
        return _photograph(data, picture)
    return _native(picture, SecondaryCaptureImageStorage, "OT", len(data), is_lossy=False)


def _opened(data: bytes, kind: Kind) -> Image.Image:
    """The picture decoded whole, so that what is kept is known to be good."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            picture = Image.open(BytesIO(data), formats=[str(kind.name)])
            if picture.width * picture.height > MAX_PIXELS or max(picture.size) > MAX_SIDE:
                raise WrappingRefused("The picture has more pixels than can be kept.")
            if getattr(picture, "n_frames", 1) > 1:
                raise WrappingRefused("The picture moves. Send it as an MP4 video.")
            picture.load()
    except WrappingRefused:
        raise
    except (UnidentifiedImageError, Exception) as error:  # Pillow answers hostile bytes with errors of many types
        raise WrappingRefused("The picture is damaged or cut off. Make it again, and send that.") from error
    return picture


def _photograph(data: bytes, picture: Image.Image) -> Wrapped:
    try:
        jpeg = read_jpeg(data)
    except NotJpeg as error:
        raise WrappingRefused("The picture is damaged or cut off. Make it again, and send that.") from error
    is_upright = picture.getexif().get(_ORIENTATION, _UPRIGHT) == _UPRIGHT
    if not (jpeg.is_baseline and is_upright and jpeg.components in {1, 3}):
        return _native(picture, VLPhotographicImageStorage, "XC", len(data), is_lossy=True)
    is_gray = jpeg.components == 1
    # PS3.5 8.2.1: YBR_FULL_422 whatever the subsampling of the stream.
    interpretation = "MONOCHROME2" if is_gray else "RGB" if jpeg.is_rgb else "YBR_FULL_422"
    ds = _pixels(jpeg.rows, jpeg.columns, 1 if is_gray else 3, 8, interpretation)
    _tell_loss(ds, jpeg.rows * jpeg.columns * (1 if is_gray else 3), len(jpeg.stripped))
    return _wrapped(ds, VLPhotographicImageStorage, "XC", jpeg.stripped, JPEGBaseline8Bit)


def _native(picture: Image.Image, sop_class_uid: str, modality: str, file_bytes: int, *, is_lossy: bool) -> Wrapped:
    """The picture decoded, upright, in gray of 8 or 16 bits or in RGB."""
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):
        bits, samples, pixels = 16, 1, upright.convert("I;16").tobytes()
    elif upright.mode in {"1", "L"}:
        bits, samples, pixels = 8, 1, upright.convert("L").tobytes()
    else:
        bits, samples, pixels = 8, 3, _on_white(upright).tobytes()
    ds = _pixels(upright.height, upright.width, samples, bits, "MONOCHROME2" if samples == 1 else "RGB")
    if is_lossy:
        _tell_loss(ds, len(pixels), file_bytes)
    else:
        ds.LossyImageCompression = "00"
    return _wrapped(ds, sop_class_uid, modality, pixels, ExplicitVRLittleEndian, "OW" if bits == 16 else "OB")


def _on_white(picture: Image.Image) -> Image.Image:
    """In RGB; what is transparent becomes white, as on paper."""
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture).convert("RGB")
    return picture.convert("RGB")


def _pixels(rows: int, columns: int, samples: int, bits: int, interpretation: str) -> Dataset:
    ds = Dataset()
    ds.SamplesPerPixel = samples
    ds.PhotometricInterpretation = interpretation
    if samples > 1:
        ds.PlanarConfiguration = 0
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    return ds


def _tell_loss(ds: Dataset, native_bytes: int, file_bytes: int) -> None:
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = f"{max(native_bytes / file_bytes, 1):.2f}"
    ds.LossyImageCompressionMethod = "ISO_10918_1"


def _wrapped(
    ds: Dataset, sop_class_uid: str, modality: str, pixels: bytes, transfer_syntax_uid: str, vr: str = "OB"
) -> Wrapped:
    values: dict[str, Any] = {"ImageType": ["ORIGINAL", "PRIMARY"]}
    if sop_class_uid == SecondaryCaptureImageStorage:
        values = {"ImageType": ["DERIVED", "SECONDARY"], "ConversionType": "WSD"}
    else:
        values["AcquisitionContextSequence"] = []
    # Type 2C where no image orientation says it (PS3.3 C.7.6.1.1.1): nobody knows how the picture lies.
    for keyword, value in (values | {"PatientOrientation": ""}).items():
        setattr(ds, keyword, value)
    return Wrapped(
        sop_class_uid=sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        modality=modality,
        ds=ds,
        tag=PIXEL_DATA,
        length=len(pixels),
        pieces=lambda: [pixels],
        vr=vr,
        is_encapsulated=transfer_syntax_uid == JPEGBaseline8Bit,
    )
