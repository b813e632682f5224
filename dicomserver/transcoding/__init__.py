"""Pixel data out of one transfer syntax and into another: frames decoded, frames encoded, whole instances."""

from dicomserver.transcoding.attributes import SampleAttributes
from dicomserver.transcoding.errors import CannotTranscode
from dicomserver.transcoding.frames import transcoded_frame
from dicomserver.transcoding.instances import TranscodedInstance, can_transcode, transcoded_instance
from dicomserver.transcoding.syntaxes import TARGETS

__all__ = [
    "TARGETS",
    "CannotTranscode",
    "SampleAttributes",
    "TranscodedInstance",
    "can_transcode",
    "transcoded_frame",
    "transcoded_instance",
]
