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
# What frames can be encoded in here, without loss, and what any machine takes.
JPEG_LS_LOSSLESS: Final = "1.2.840.10008.1.2.4.80"
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"
HTJ2K_LOSSLESS: Final = "1.2.840.10008.1.2.4.201"
TARGETS: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, JPEG_LS_LOSSLESS, JPEG_2000_LOSSLESS, HTJ2K_LOSSLESS, RLE)
# PS3.5 A.4.1: the JPEG processes, of which 57 and 70 lose nothing.
JPEG_LOSSLESS: Final = frozenset({f"1.2.840.10008.1.2.4.{process}" for process in (57, 58, 65, 66, 70)})
JPEG: Final = frozenset({f"1.2.840.10008.1.2.4.{process}" for process in range(50, 67)}) | JPEG_LOSSLESS
SOURCES: Final = NATIVE | JPEG | JPEG_LS | JPEG_2000 | JPEG_XL | HTJ2K | {RLE}
# In these a stream may have lost something.
LOSSY: Final = (JPEG - JPEG_LOSSLESS) | {f"1.2.840.10008.1.2.4.{suffix}" for suffix in (81, 91, 93, 111, 112, 203)}
# What begins so and is none of the above is JPEG, or moving pictures.
JPEG_PREFIX: Final = "1.2.840.10008.1.2.4."
