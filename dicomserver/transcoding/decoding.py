"""Decodes one frame into an array of its samples; what a stream claims is checked before memory is given to it."""

from typing import Any, Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from dicomserver.transcoding.attributes import SampleAttributes
from dicomserver.transcoding.syntaxes import (
    HTJ2K,
    JPEG,
    JPEG_2000,
    JPEG_LOSSLESS,
    JPEG_LS,
    JPEG_PREFIX,
    JPEG_XL,
    NATIVE,
    RLE,
)

Samples = NDArray[Any]

MAX_SAMPLES: Final = 128 * 1024 * 1024


class Undecodable(Exception):
    """No picture can be made of the frame."""


def decode_frame(frame: bytes, transfer_syntax_uid: str, attributes: SampleAttributes, *, is_float: bool) -> Samples:
    """Samples of shape (rows, columns) or (rows, columns, samples), colour as RGB. Raises Undecodable."""
    if attributes.rows * attributes.columns * attributes.samples > MAX_SAMPLES:
        raise Undecodable("The frame is too large for a picture.")
    try:
        if transfer_syntax_uid in NATIVE:
            return _native(frame, attributes, is_float=is_float)
        if transfer_syntax_uid == RLE:
            return _run_length(frame, attributes)
        if transfer_syntax_uid not in JPEG_XL:
            _check_size(frame, attributes)
        samples = _compressed(frame, transfer_syntax_uid, attributes)
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        raise Undecodable(f"The frame cannot be decoded: {type(error).__name__}.") from error
    if samples.shape[:2] != (attributes.rows, attributes.columns):
        raise Undecodable("The frame has another size than the data set says.")
    return _as_stored(samples, attributes)


def stored_samples(frame: bytes, transfer_syntax_uid: str, attributes: SampleAttributes) -> tuple[Samples, str]:
    """Samples as they are stored, and what they then mean, as Photometric Interpretation. Raises Undecodable.

    Their shape is (rows, columns) or (rows, columns, samples), their type that of the words allocated, signed if the
    data set says so. Colours stay as they are, unless only the decoder can know what they are: those of lossy JPEG
    and of what JPEG 2000 has transformed come as RGB.
    """
    if attributes.rows * attributes.columns * attributes.samples > MAX_SAMPLES:
        raise Undecodable("The frame is too large.")
    if attributes.bits_allocated not in {8, 16, 32}:
        raise Undecodable("The samples are not of 8, 16 or 32 bits.")
    try:
        samples, photometric = _in_stored_colours(frame, transfer_syntax_uid, attributes)
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        raise Undecodable(f"The frame cannot be decoded: {type(error).__name__}.") from error
    count = (attributes.samples,) if attributes.samples > 1 else ()
    if samples.shape != (attributes.rows, attributes.columns, *count):
        raise Undecodable("The frame has another size than the data set says.")
    return _in_words(samples, attributes), photometric


def stream_size(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 stream claims; None where it is none of these."""
    if frame.startswith(b"\xff\x4f\xff\x51"):
        return _jpeg_2000_size(frame, 4)
    if frame.startswith(b"\x00\x00\x00\x0cjP  "):
        start = frame.find(b"\xff\x4f\xff\x51")
        return _jpeg_2000_size(frame, start + 4) if start >= 0 else None
    return _jpeg_size(frame) if frame.startswith(b"\xff\xd8") else None


def _compressed(frame: bytes, syntax: str, attributes: SampleAttributes) -> Samples:
    photometric = attributes.photometric_interpretation
    if syntax in JPEG_LS:
        return _rgb(imagecodecs.jpegls_decode(frame), photometric)
    if syntax in JPEG_2000 | HTJ2K:
        # YBR_RCT and YBR_ICT are undone by the decoder (PS3.5 8.2.4).
        return _rgb(_wavelets(frame, syntax, attributes), photometric)
    if syntax in JPEG_XL:
        return np.asarray(imagecodecs.jpegxl_decode(frame))
    if syntax.startswith(JPEG_PREFIX):
        held, wanted = _jpeg_colours(frame, attributes)
        return np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=held, outcolorspace=wanted))
    raise Undecodable("The transfer syntax is not known.")


def _wavelets(frame: bytes, syntax: str, attributes: SampleAttributes) -> Samples:
    """The samples of a JPEG 2000 or HTJ2K stream."""
    samples = np.asarray((imagecodecs.htj2k_decode if syntax in HTJ2K else imagecodecs.jpeg2k_decode)(frame))
    if attributes.samples > 1 and samples.shape == (attributes.samples, attributes.rows, attributes.columns):
        # Without a transformation of colours each is a plane of its own for the decoder.
        return np.moveaxis(samples, 0, -1)
    return samples


def _in_stored_colours(frame: bytes, syntax: str, attributes: SampleAttributes) -> tuple[Samples, str]:
    photometric = attributes.photometric_interpretation
    if syntax in NATIVE | {RLE}:
        if photometric in {"YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420"}:
            raise Undecodable("The pixels share their chrominance.")
        dtype = f"<u{attributes.bits_allocated // 8}"
        data: bytes | bytearray = frame
        if syntax == RLE:
            size = attributes.rows * attributes.columns * attributes.samples * attributes.bits_allocated // 8
            data = imagecodecs.dicomrle_decode(frame, dtype, out=size)
        is_planar = attributes.is_planar or syntax == RLE
        return _arranged(np.frombuffer(data, dtype), attributes, is_planar=is_planar), photometric
    if syntax not in JPEG_XL:
        _check_size(frame, attributes)
    if syntax in JPEG_LS:
        return np.asarray(imagecodecs.jpegls_decode(frame)), photometric
    if syntax in JPEG_2000 | HTJ2K:
        return _wavelets(frame, syntax, attributes), "RGB" if photometric in {"YBR_RCT", "YBR_ICT"} else photometric
    if syntax in JPEG_XL:
        return np.asarray(imagecodecs.jpegxl_decode(frame)), "RGB" if attributes.samples == 3 else photometric
    if syntax not in JPEG:
        raise Undecodable("The transfer syntax is not known.")
    if syntax in JPEG_LOSSLESS and attributes.samples == 3:
        # The same on both sides: nothing is converted.
        return np.asarray(imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB")), photometric
    held, wanted = _jpeg_colours(frame, attributes)
    samples = np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=held, outcolorspace=wanted))
    return samples, "RGB" if attributes.samples == 3 else photometric


def _in_words(samples: Samples, attributes: SampleAttributes) -> Samples:
    """Words of the bits allocated; signed ones carry their sign up to the highest bit."""
    width = attributes.bits_allocated // 8
    if samples.dtype.kind not in "iu":
        raise Undecodable("The samples are no whole numbers.")
    if samples.dtype.kind == "i":
        if not attributes.is_signed and samples.size and int(samples.min()) < 0:
            raise Undecodable("The stream is signed, and the data set says otherwise.")
        words = samples.astype(f"<i{width}")
    else:
        words = samples.astype(f"<u{width}")
        if attributes.is_signed:
            spare = width * 8 - attributes.bits_stored
            words = (words << spare).view(f"<i{width}") >> spare
    if samples.dtype.itemsize > width and not np.array_equal(words, samples):
        raise Undecodable("The stream has more bits than the data set allocates.")
    return words if attributes.is_signed else words.view(f"<u{width}")


def _jpeg_colours(frame: bytes, attributes: SampleAttributes) -> tuple[str | None, str | None]:
    """Which colours the stream holds, None where the decoder finds out by itself, and which are wanted."""
    if attributes.samples != 3:
        return None, None
    is_told = b"JFIF" in frame[:32] or b"Adobe" in frame[:512]
    if attributes.photometric_interpretation == "RGB" and not is_told:
        return "RGB", "RGB"
    return None, "RGB"


def _native(frame: bytes, attributes: SampleAttributes, *, is_float: bool) -> Samples:
    shape = (attributes.rows, attributes.columns)
    if attributes.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
        return bits[: shape[0] * shape[1]].reshape(shape)
    if is_float:
        return np.frombuffer(frame, f"<f{attributes.bits_allocated // 8}").reshape(shape)
    samples = np.frombuffer(frame, f"<u{attributes.bits_allocated // 8}")
    if attributes.photometric_interpretation == "YBR_FULL_422":
        return _rgb(_from_422(samples).reshape(*shape, 3), "YBR_FULL")
    return _as_stored(_shaped(samples, attributes, is_planar=attributes.is_planar), attributes)


def _run_length(frame: bytes, attributes: SampleAttributes) -> Samples:
    dtype = f"<u{attributes.bits_allocated // 8}"
    expected = attributes.rows * attributes.columns * attributes.samples * attributes.bits_allocated // 8
    samples = np.frombuffer(imagecodecs.dicomrle_decode(frame, dtype, out=expected), dtype)
    # Each sample has a segment of its own (PS3.5 G.2).
    return _as_stored(_shaped(samples, attributes, is_planar=True), attributes)


def _shaped(samples: Samples, attributes: SampleAttributes, *, is_planar: bool) -> Samples:
    shaped = _arranged(samples, attributes, is_planar=is_planar)
    return _rgb(shaped, attributes.photometric_interpretation) if shaped.ndim == 3 else shaped


def _arranged(samples: Samples, attributes: SampleAttributes, *, is_planar: bool) -> Samples:
    """(rows, columns), or (rows, columns, samples) where there are several."""
    rows, columns, count = attributes.rows, attributes.columns, attributes.samples
    samples = samples[: rows * columns * count]
    if count == 1:
        return samples.reshape(rows, columns)
    if is_planar:
        return samples.reshape(count, rows, columns).transpose(1, 2, 0)
    return samples.reshape(rows, columns, count)


def _as_stored(samples: Samples, attributes: SampleAttributes) -> Samples:
    """Whole numbers of `bits_stored` bits, signed if the data set says so (PS3.5 8.1.1)."""
    if samples.ndim == 3 or samples.dtype.kind != "u":
        return samples
    spare = samples.dtype.itemsize * 8 - attributes.bits_stored
    if attributes.is_signed:
        signed: Samples = (samples << spare).view(f"<i{samples.dtype.itemsize}") >> spare
        return signed
    return samples & ((1 << attributes.bits_stored) - 1) if spare > 0 else samples


def _rgb(samples: Samples, photometric: str) -> Samples:
    """PS3.3 C.7.6.3.1.2; pictures of more than 8 bits in YBR do not occur."""
    samples = np.asarray(samples)
    if photometric not in {"YBR_FULL", "YBR_FULL_422"} or samples.ndim != 3 or samples.dtype != np.uint8:
        return samples
    y, cb, cr = (samples[..., index].astype(np.float32) for index in range(3))
    cb, cr = cb - 128, cr - 128
    colours = (y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb)
    rgb: Samples = np.clip(np.rint(np.stack(colours, axis=-1)), 0, 255).astype(np.uint8)
    return rgb


def _from_422(samples: Samples) -> Samples:
    """Two luminances share a pair of chrominances: Y Y Cb Cr becomes Y Cb Cr, Y Cb Cr."""
    quads = samples[: samples.size // 4 * 4].reshape(-1, 4)
    return quads[:, [0, 2, 3, 1, 2, 3]].reshape(-1, 3)


def _check_size(frame: bytes, attributes: SampleAttributes) -> None:
    if stream_size(frame) != (attributes.rows, attributes.columns):
        raise Undecodable("The frame's stream claims another size than the data set.")


def _jpeg_2000_size(frame: bytes, at: int) -> tuple[int, int] | None:
    """SIZ: Lsiz, Rsiz, then extent and offset of the reference grid (ISO 15444-1 A.5.1)."""
    numbers = [int.from_bytes(frame[at + 4 + 4 * index : at + 8 + 4 * index], "big") for index in range(4)]
    width, height, left, top = numbers
    return (height - top, width - left) if len(frame) >= at + 20 else None


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    """The first frame header SOFn, or SOF55 of JPEG-LS (ISO 10918-1 B.2.2)."""
    at = 2
    while at + 9 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
        elif (0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}) or marker == 0xF7:
            return int.from_bytes(frame[at + 5 : at + 7], "big"), int.from_bytes(frame[at + 7 : at + 9], "big")
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
        else:
            at += 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return None
