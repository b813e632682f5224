"""One frame in another transfer syntax, as WADO-RS gives it."""

from dataclasses import replace

from dicomserver.transcoding.attributes import SampleAttributes
from dicomserver.transcoding.decoding import Undecodable, stored_samples
from dicomserver.transcoding.encoding import encoded_frame
from dicomserver.transcoding.errors import CannotTranscode
from dicomserver.transcoding.syntaxes import NATIVE


def transcoded_frame(frame: bytes, attributes: SampleAttributes, source: str, target: str) -> bytes:
    """A frame of `source` in one of TARGETS, with exactly the same pixel values; colours of lossy JPEG become RGB.

    A native frame is little endian, whatever its source was. Raises CannotTranscode.
    """
    if source == target or (source in NATIVE and target in NATIVE):
        return frame
    try:
        samples, photometric = stored_samples(frame, source, attributes)
    except Undecodable as error:
        raise CannotTranscode(str(error)) from error
    stored = replace(attributes, is_planar=False, photometric_interpretation=photometric)
    return encoded_frame(samples, target, stored)
