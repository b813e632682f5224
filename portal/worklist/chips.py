"""The filters of the page as chips, and the column heads as links: the address holds all of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.servers.models import DicomServer
from portal.studies.display import dense_date
from portal.worklist.filters import ARRIVED, MODALITIES, STATES
from portal.worklist.orders import COLUMNS, Order

_PLACE: Final = ("cursor", "since")
"""Parts of the address that no link but that of the next page keeps."""
_SHOWN_AS_TEXT: Final = {
    "patient_name": "Patient",
    "patient_id": "Patient ID",
    "accession_number": "Accession",
    "study_instance_uid": "Study",
}


@dataclass(frozen=True)
class Option:
    """One choice of a menu, and the address at which it is set or taken back."""

    label: str
    url: str
    is_set: bool = False


@dataclass(frozen=True)
class Field:
    """One input of a chip's form."""

    name: str
    type: str
    label: str


@dataclass(frozen=True)
class Chip:
    """A filter. Set: `url` takes it back. Either way `options` can be clicked, or `fields` filled in."""

    name: str
    label: str
    is_set: bool = False
    url: str = ""
    options: tuple[Option, ...] = ()
    fields: tuple[Field, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    """The other filters, as hidden inputs beside the fields."""


@dataclass(frozen=True)
class ColumnHead:
    """A column by which one may sort: `url` sorts by it, or turns it round where it already does."""

    name: str
    label: str
    url: str
    aria_sort: str
    """As the attribute aria-sort has it."""


def chips_of(values: dict[str, Any], query: QueryDict, servers: Sequence[DicomServer]) -> list[Chip]:
    """The chips in the order of the page; `servers` are those that hold something for the reader."""
    institutions = {server.institution.code: server.institution.short_name for server in servers}
    chips = [
        _menu("institution", _("Institution"), sorted(institutions.items(), key=lambda item: item[1]), values, query),
        _menu("arrived", _("Arrived"), ARRIVED, values, query),
        _menu("modality", _("Modality"), [(code, code) for code in MODALITIES], values, query),
        _menu("state", _("State"), STATES, values, query),
        _dates(values, query),
        _menu("server", "DICOM Server", [(str(server.pk), server.name) for server in servers], values, query),
        _typed(values, query),
    ]
    chips += [
        Chip(name, f"{_(label)}: {values[name]}", is_set=True, url=without(query, name))
        for name, label in _SHOWN_AS_TEXT.items()
        if name in values
    ]
    return chips


def heads_of(order: Order, query: QueryDict) -> dict[str, ColumnHead]:
    """The heads of the columns by which one may sort, by name."""
    heads = {}
    for column in COLUMNS.values():
        is_current = column == order.column
        # The first click sorts times with the newest and words with A on top; the second turns it round.
        first = Order(column, is_descending=column.name in ("first_received_at", "study_date"))
        target = order.reversed if is_current else first
        direction = "descending" if order.is_descending else "ascending"
        heads[column.name] = ColumnHead(
            column.name, str(column.label), changed(query, ordering=str(target)), direction if is_current else "none"
        )
    return heads


def changed(query: QueryDict, **values: str) -> str:
    """The same address with other values, at the first page."""
    copy = query.copy()
    for name in _PLACE:
        copy.pop(name, None)
    for name, value in values.items():
        copy[name] = value
    return f"?{copy.urlencode()}"


def without(query: QueryDict, *names: str) -> str:
    """The same address without these filters, at the first page."""
    copy = query.copy()
    for name in (*_PLACE, *names):
        copy.pop(name, None)
    return f"?{copy.urlencode()}"


def _menu(
    name: str, label: str, choices: Iterable[tuple[str, str | Promise]], values: dict[str, Any], query: QueryDict
) -> Chip:
    known = [(code, str(words)) for code, words in choices]
    value = values.get(name)
    chosen = [str(one) for one in value] if isinstance(value, list) else [str(value)] if value is not None else []
    options = tuple(
        Option(words, without(query, name) if [code] == chosen else changed(query, **{name: code}), code in chosen)
        for code, words in known
    )
    if not chosen:
        return Chip(name, label, options=options)
    words = ", ".join(dict(known).get(code, code) for code in chosen)
    return Chip(name, f"{label}: {words}", is_set=True, url=without(query, name), options=options)


def _dates(values: dict[str, Any], query: QueryDict) -> Chip:
    names = ("study_date", "study_date_after", "study_date_before")
    after = values.get("study_date_after") or values.get("study_date")
    before = values.get("study_date_before") or values.get("study_date")
    label = _("Study date")
    if after and before:
        shown = dense_date(after) if after == before else f"{dense_date(after)} – {dense_date(before)}"
    elif after:
        shown = _("from %(day)s") % {"day": dense_date(after)}
    elif before:
        shown = _("to %(day)s") % {"day": dense_date(before)}
    else:
        fields = (Field(names[1], "date", _("From")), Field(names[2], "date", _("To")))
        return Chip("study_date", label, fields=fields, kept=_kept(query, *names))
    return Chip("study_date", f"{label}: {shown}", is_set=True, url=without(query, *names))


def _typed(values: dict[str, Any], query: QueryDict) -> Chip:
    """Filters that need typing, those not set yet."""
    inputs = {
        "patient_name": Field("patient_name", "text", _("Patient name")),
        "patient_id": Field("patient_id", "text", _("Patient ID")),
        "accession_number": Field("accession_number", "text", _("Accession")),
    }
    fields = tuple(field for name, field in inputs.items() if name not in values)
    return Chip("more", _("Filter"), fields=fields, kept=_kept(query, *(field.name for field in fields)))


def _kept(query: QueryDict, *names: str) -> tuple[tuple[str, str], ...]:
    dropped = {*_PLACE, *names}
    return tuple((name, value) for name, found in query.lists() if name not in dropped for value in found)
