"""One look at the list: which studies, in which order, which page; and that it is recorded who looked."""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from audit.actors import Actor
from audit.services import record_worklist_query
from portal.accounts.national_ids import compact
from portal.grants.people import Anyone
from portal.grants.policy import Sight, newest_key, sight_of
from portal.studies.models import Study
from portal.worklist.cursors import Cursor, InvalidCursor, decode, decode_mark, encode_mark
from portal.worklist.filters import OF_PATIENTS, StudyFilterSet
from portal.worklist.orders import NEWEST_FIRST, Order, UnknownOrder, parse_order
from portal.worklist.paging import Count, Page, bounded_count, page_of

PAGE_SIZE: Final = 50
MOST_NEW: Final = 1000
MOST_SHOWN_AGAIN: Final = 100
KEY: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class StudyList:
    """What was asked for: the filters that hold, the order, the place in it, and all studies that fit."""

    filterset: StudyFilterSet
    order: Order
    cursor: Cursor | None
    studies: QuerySet[Study]
    sight: Sight
    """All that the person may see, before the filters."""

    @property
    def values(self) -> dict[str, Any]:
        """The filters that narrow, by name."""
        return self.filterset.values

    @property
    def is_readable(self) -> bool:
        """False where a filter cannot be read."""
        return bool(self.filterset.form.is_valid())

    def page(self) -> Page:
        """The rows at the place, with all that a row shows."""
        return page_of(with_what_rows_show(self.studies), self.order, PAGE_SIZE, self.cursor)

    def count(self) -> Count:
        """How many studies fit."""
        return bounded_count(self.studies)

    def newest_mark(self) -> str:
        """A mark of what the portal has learnt of so far; later studies count as new.

        The portal's own numbering says it: a server that was cut off reports studies received long ago.
        """
        return encode_mark(newest_key())

    def number_since(self, mark: str) -> int:
        """How many studies that fit the portal learnt of after the mark; 0 for a mark that is not ours."""
        try:
            pk = decode_mark(mark)
        except InvalidCursor:
            return 0
        return self.studies.filter(pk__gt=pk).order_by()[:MOST_NEW].count()

    def shown_again(self, keys: list[str]) -> QuerySet[Study]:
        """Those of the studies with these keys, at most MOST_SHOWN_AGAIN, that the person may still see."""
        pks = [int(key) for key in keys[:MOST_SHOWN_AGAIN] if KEY.fullmatch(key)]
        return with_what_rows_show(self.sight.studies.filter(pk__in=pks))


def study_list(user: Anyone, query: QueryDict, *, usual: Order = NEWEST_FIRST) -> StudyList:
    """The list that an address asks for. An order or cursor that is not ours means the first page in the usual order;
    a filter that cannot be read fits nothing, rather than more than was meant."""
    try:
        order = parse_order(query.get("ordering") or str(usual))
    except UnknownOrder:
        order = usual
    try:
        place = query.get("cursor", "")
        cursor = decode(place, order=str(order)) if place else None
    except InvalidCursor:
        cursor = None
    sight = sight_of(user)
    filterset = StudyFilterSet(query, queryset=sight.studies)
    studies: QuerySet[Study] = filterset.qs if filterset.form.is_valid() else Study.objects.none()
    return StudyList(filterset, order, cursor, studies, sight)


def with_what_rows_show(studies: QuerySet[Study]) -> QuerySet[Study]:
    """The studies with server, institution, patient and identifiers, so that no row asks for more."""
    related = studies.select_related("server__institution", "patient__institution")
    return related.prefetch_related("patient__identifiers").defer("search_vector")


@transaction.atomic
def record_look(*, actor: Actor, values: dict[str, Any], order: Order, shown: int) -> None:
    """Write who looked through the list with which filters.

    Of what was typed about a patient only the identifier is kept, by which an auditor finds the look again; a name
    says no more than that a name was searched, as the rows it found are recorded when they are opened.
    """
    filters = {name: "…" if name in OF_PATIENTS else _plain(value) for name, value in values.items()}
    if order != NEWEST_FIRST:
        filters["ordering"] = str(order)
    record_worklist_query(actor=actor, filters=filters, results=shown, patient_identifiers=_identifiers_sought(values))


def _identifiers_sought(values: dict[str, Any]) -> list[str]:
    typed = [str(values[name]) for name in ("patient_id", "search") if name in values]
    return [compact(text) for text in typed if any(character.isdigit() for character in text)]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | list) else str(value)
