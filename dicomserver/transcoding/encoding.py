"""Encodes one frame's samples without loss; what was encoded is decoded again before it counts."""

import struct
from typing import Any, Final

import imagecodecs
import numpy as np

from dicomserver.transcoding.attributes import SampleAttributes
from dicomserver.transcoding.decoding import Samples, Undecodable, stored_samples
from dicomserver.transcoding.errors import CannotTranscode
from dicomserver.transcoding.syntaxes import HTJ2K_LOSSLESS, JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS, NATIVE, RLE

# PS3.5 G.5: a header of 16 numbers, of which 15 are offsets.
_RLE_HEADER: Final = struct.Struct("<16L")
_MOST_SEGMENTS: Final = 15


def encoded_frame(samples: Samples, transfer_syntax_uid: str, attributes: SampleAttributes) -> bytes:
    """The samples of shape (rows, columns) or (rows, columns, samples) in one of TARGETS. Raises CannotTranscode.

    `attributes` are those that the instance has in that syntax: planes one after the other are none of them.
    """
    if transfer_syntax_uid in NATIVE:
        return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
    try:
        frame = bytes(_encoded(samples, transfer_syntax_uid))
        again = stored_samples(frame, transfer_syntax_uid, attributes)[0]
    except (ValueError, RuntimeError, TypeError, NotImplementedError, Undecodable) as error:
        raise CannotTranscode(f"The frame cannot be encoded: {type(error).__name__}.") from error
    if again.shape != samples.shape or not np.array_equal(again, samples):
        raise CannotTranscode("The frame cannot be encoded without loss.")
    return frame


def _encoded(samples: Samples, syntax: str) -> Any:
    unsigned = samples.view(f"u{samples.dtype.itemsize}")
    if syntax == RLE:
        return _run_length(unsigned)
    if syntax == JPEG_LS_LOSSLESS:
        return imagecodecs.jpegls_encode(np.ascontiguousarray(unsigned))
    if syntax == JPEG_2000_LOSSLESS:
        # No transformation of colours: the photometric interpretation stays what it is.
        return imagecodecs.jpeg2k_encode(samples, codecformat="j2k", reversible=True, mct=False)
    if syntax == HTJ2K_LOSSLESS:
        return imagecodecs.htj2k_encode(samples, reversible=True, rgb=False)
    raise CannotTranscode("Nothing is encoded in this transfer syntax.")


def _run_length(samples: Samples) -> bytes:
    """PS3.5 G.2 to G.4: a segment for each byte of each sample, the highest byte first, each row by itself."""
    planes = samples.reshape(*samples.shape[:2], -1)
    width = samples.dtype.itemsize
    octets = planes.astype(f">u{width}").view(np.uint8).reshape(*planes.shape, width)
    segments = []
    for plane in range(planes.shape[2]):
        for octet in range(width):
            rows = np.ascontiguousarray(octets[:, :, plane, octet])
            segment = b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in rows)
            segments.append(segment + b"\0" * (len(segment) % 2))
    if len(segments) > _MOST_SEGMENTS:
        raise CannotTranscode("The frame has more segments than RLE knows.")
    offsets, at = [], _RLE_HEADER.size
    for segment in segments:
        offsets.append(at)
        at += len(segment)
    padding = [0] * (_MOST_SEGMENTS - len(offsets))
    return _RLE_HEADER.pack(len(segments), *offsets, *padding) + b"".join(segments)
