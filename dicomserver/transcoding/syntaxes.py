"""The transfer syntaxes as families: what their pixel data is made of (PS3.5 8, 10, Annex A)."""

from typing import Final

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
NATIVE: Final = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED, EXPLICIT_BIG})
RLE: Final = "1.2.840.10008.1.2.5"
JPEG_LS: Final = frozenset({"1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81"})
JPEG_XL: Final = frozenset({f"1.2.840.10008.1.2.4.{suffix}" for suffix in (110, 111, 112)})
JPEG_2000: Final = frozenset({f"1.2.840.10008.1.2.4.{suffix}" for suffix in (90, 91, 92, 93)})
HTJ2K: Final = frozenset({f"1.2.840.10008.1.2.4.{suffix}" for suffix in (201, 202, 203)})
# What begins so and is none of the above is JPEG, or moving pictures.
JPEG_PREFIX: Final = "1.2.840.10008.1.2.4."
