"""Writes items of the worklist as data sets, in a character set that the peer reads and that holds the texts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset

from dicomserver.query.character_sets import character_set_for

# PS3.5 Table 6.2-1: characters at most.
_LONGEST: Final = {"SH": 16, "LO": 64, "CS": 16, "AE": 16, "ST": 1024, "LT": 10240, "DS": 16}


def encoded_item(item: Mapping[str, Any], asked: str | list[str] | None) -> Dataset:
    """The item as a data set that can be written; `asked` is the query's Specific Character Set.

    The answer is in the query's own character set where that holds all texts, and in Unicode where it does not.
    """
    ds = _data_set(item)
    terms = character_set_for([asked] if isinstance(asked, str) else asked or [], _texts(item))
    if terms:
        ds.SpecificCharacterSet = list(terms) if len(terms) > 1 else terms[0]
    return ds


def _data_set(item: Mapping[str, Any]) -> Dataset:
    ds = Dataset()
    for keyword, value in item.items():
        vr = dictionary_VR(keyword)
        if vr == "SQ":
            setattr(ds, keyword, [_data_set(one) for one in value])
        elif vr == "US":
            setattr(ds, keyword, int(value) if value else None)
        elif isinstance(value, list):
            setattr(ds, keyword, value or None)
        else:
            setattr(ds, keyword, value[: _LONGEST.get(vr, len(value))].rstrip() or None)
    return ds


def _texts(item: Mapping[str, Any]) -> Iterator[str]:
    for value in item.values():
        if isinstance(value, str):
            yield value
        else:
            for one in value:
                yield from _texts(one) if isinstance(one, dict) else [str(one)]
