"""Single frames in other transfer syntaxes."""

from dataclasses import replace

import numpy as np
import pytest

from dicomserver.transcoding import TARGETS, CannotTranscode, SampleAttributes, transcoded_frame
from tests.dicomserver.objects import BIG_ENDIAN, EXPLICIT, IMPLICIT

GREY = SampleAttributes(
    rows=30,
    columns=20,
    samples=1,
    bits_allocated=16,
    bits_stored=12,
    is_signed=False,
    is_planar=False,
    photometric_interpretation="MONOCHROME2",
)


@pytest.mark.parametrize("target", TARGETS)
def test_a_frame_comes_back_as_it_was(target: str) -> None:
    frame = np.random.default_rng(1).integers(0, 4096, (30, 20), dtype="<u2").tobytes()
    there = transcoded_frame(frame, GREY, EXPLICIT, target)
    assert transcoded_frame(there, GREY, target, EXPLICIT) == frame


@pytest.mark.parametrize("target", TARGETS)
def test_colours_come_back_pixel_by_pixel(target: str) -> None:
    attributes = replace(GREY, samples=3, bits_allocated=8, bits_stored=8, photometric_interpretation="RGB")
    pixels = np.random.default_rng(1).integers(0, 256, (30, 20, 3), dtype="u1")
    planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0)).tobytes()
    there = transcoded_frame(planes, replace(attributes, is_planar=True), EXPLICIT, target)
    if target in {EXPLICIT, IMPLICIT}:
        assert there == planes
    else:
        assert transcoded_frame(there, attributes, target, EXPLICIT) == pixels.tobytes()


def test_native_frames_are_what_they_are() -> None:
    assert transcoded_frame(b"ab", GREY, BIG_ENDIAN, EXPLICIT) == b"ab"


def test_a_frame_that_is_none_is_refused() -> None:
    with pytest.raises(CannotTranscode):
        transcoded_frame(b"nonsense", GREY, "1.2.840.10008.1.2.4.90", EXPLICIT)
    with pytest.raises(CannotTranscode):
        transcoded_frame(b"too short", GREY, EXPLICIT, "1.2.840.10008.1.2.4.80")
