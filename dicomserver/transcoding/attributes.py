"""How the samples of a frame are to be read (PS3.3 C.7.6.3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleAttributes:
    """What the attributes of an image say of the samples of each of its frames."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int
    bits_stored: int
    is_signed: bool
    is_planar: bool
    photometric_interpretation: str
