"""Decodes walked elements with the code that decodes whole data sets, and remembers what many instances share."""

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final, cast

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from dicomserver.ingest.attributes import (
    SERIES_KEYWORDS,
    STUDY_KEYWORDS,
    integer,
    series_attributes,
    study_attributes,
)
from dicomserver.ingest.encoding import Encoding
from dicomserver.ingest.pixels import PIXEL_KEYWORDS, PixelAttributes, pixel_attributes
from dicomserver.ingest.walking import SPECIFIC_CHARACTER_SET, wanted_vrs

UIDS: Final = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
# Senders take turns instance by instance: a few dozen series are received at once at most.
_REMEMBERED: Final = 256
# More than any series of ordinary instances has; an entry takes a few hundred bytes.
_REMEMBERED_NUMBERS: Final = 4096
# What is longer is decoded each time, so that hostile senders cannot fill the memory.
_MAX_REMEMBERED_BYTES: Final = 8 * 1024
_MAX_REMEMBERED_NUMBER_BYTES: Final = 256


def _tags(keywords: Iterable[str]) -> tuple[int, ...]:
    """The elements that the values depend on, in the order of the data set."""
    return tuple(sorted({*wanted_vrs(frozenset(keywords)), SPECIFIC_CHARACTER_SET}))


WANTED: Final = wanted_vrs(STUDY_KEYWORDS | SERIES_KEYWORDS | PIXEL_KEYWORDS | {*UIDS, "InstanceNumber"})
_STUDY_TAGS: Final = _tags(STUDY_KEYWORDS)
_SERIES_TAGS: Final = _tags(SERIES_KEYWORDS)
_PIXEL_TAGS: Final = _tags(PIXEL_KEYWORDS)
_NUMBER_TAGS: Final = _tags(["InstanceNumber"])
UID_TAGS: Final = tuple(cast("int", tag_for_keyword(keyword)) for keyword in UIDS)
# Tag, VR and length of an element of VR UI or IS: as long in implicit as in explicit VR.
TEXT_HEADER_BYTES: Final = 8
_INSTANCE_NUMBER: Final = cast("int", tag_for_keyword("InstanceNumber"))
# So many are a number of 32 bits in any case.
_PLAIN_DIGITS: Final = 9


def study_of(elements: dict[int, bytes], encoding: Encoding, issuers: tuple[str, ...]) -> dict[str, Any]:
    """What `study_attributes` says of the whole data set; shared, so not to be changed."""
    encoded = _encoded(elements, _STUDY_TAGS)
    study = _study if len(encoded) <= _MAX_REMEMBERED_BYTES else _study.__wrapped__
    return study(encoded, encoding, issuers)


def series_of(elements: dict[int, bytes], encoding: Encoding) -> dict[str, Any]:
    """What `series_attributes` says of the whole data set; shared, so not to be changed."""
    encoded = _encoded(elements, _SERIES_TAGS)
    series = _series if len(encoded) <= _MAX_REMEMBERED_BYTES else _series.__wrapped__
    return series(encoded, encoding)


def pixels_of(elements: dict[int, bytes], encoding: Encoding) -> PixelAttributes:
    """What `pixel_attributes` says of the whole data set."""
    encoded = _encoded(elements, _PIXEL_TAGS)
    pixels = _pixels if len(encoded) <= _MAX_REMEMBERED_BYTES else _pixels.__wrapped__
    return pixels(encoded, encoding)


def instance_number_of(elements: dict[int, bytes], encoding: Encoding) -> int | None:
    """The InstanceNumber of the whole data set."""
    text = elements.get(_INSTANCE_NUMBER, b"")[TEXT_HEADER_BYTES:].strip(b" ")
    if text.isdigit() and len(text) <= _PLAIN_DIGITS:
        return int(text)
    encoded = _encoded(elements, _NUMBER_TAGS)
    number = _number if len(encoded) <= _MAX_REMEMBERED_NUMBER_BYTES else _number.__wrapped__
    return number(encoded, encoding)


def forget() -> None:
    """Forget what is remembered: for measurements."""
    for remembered in (_study, _series, _pixels, _number):
        remembered.cache_clear()


def _encoded(elements: dict[int, bytes], tags: tuple[int, ...]) -> bytes:
    return b"".join([elements[tag] for tag in tags if tag in elements])


def _data_set(encoded: bytes, encoding: Encoding) -> Dataset:
    """A data set of these elements alone; all values are as in the whole one, for none depends on another element."""
    file = cast("io.BufferedReader", io.BytesIO(encoded))
    return read_dataset(file, encoding.implicit, encoding.little_endian)


@lru_cache(_REMEMBERED)
def _study(encoded: bytes, encoding: Encoding, issuers: tuple[str, ...]) -> dict[str, Any]:
    return study_attributes(_data_set(encoded, encoding), issuers)


@lru_cache(_REMEMBERED)
def _series(encoded: bytes, encoding: Encoding) -> dict[str, Any]:
    return series_attributes(_data_set(encoded, encoding))


@lru_cache(_REMEMBERED)
def _pixels(encoded: bytes, encoding: Encoding) -> PixelAttributes:
    return pixel_attributes(_data_set(encoded, encoding))


@lru_cache(_REMEMBERED_NUMBERS)
def _number(encoded: bytes, encoding: Encoding) -> int | None:
    return integer(_data_set(encoded, encoding), "InstanceNumber")
