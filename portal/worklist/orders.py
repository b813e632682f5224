"""The orders in which studies are listed, each served by an index."""

from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.studies.models import Study
from portal.worklist.cursors import Key


@dataclass(frozen=True)
class SortColumn:
    """A column by which one may sort, under the name that addresses and programs use."""

    name: str
    field: str
    label: str | Promise
    is_nullable: bool = False


COLUMNS: Final = {
    column.name: column
    for column in (
        SortColumn("first_received_at", "first_received_at", _("Arrived")),
        SortColumn("study_date", "study_date", _("Study date"), is_nullable=True),
        SortColumn("patient_name", "patient_sort", _("Patient")),
        SortColumn("modalities_in_study", "modality_sort", _("Modality")),
    )
}


class UnknownOrder(ValueError):
    """There is no such order."""


@dataclass(frozen=True)
class Order:
    """A column and a direction; the primary key, in the same direction, makes it total."""

    column: SortColumn
    is_descending: bool

    def __str__(self) -> str:
        return f"-{self.column.name}" if self.is_descending else self.column.name

    @property
    def reversed(self) -> "Order":
        """The same column the other way round."""
        return Order(self.column, not self.is_descending)

    def key_of(self, study: Study) -> Key:
        """The sort key of a row."""
        key: Key = getattr(study, self.column.field)
        return key

    def sorted(self, studies: QuerySet[Study], *, is_backward: bool = False) -> QuerySet[Study]:
        """The rows in this order, or against it."""
        sign = "-" if self.is_descending != is_backward else ""
        return studies.order_by(f"{sign}{self.column.field}", f"{sign}pk")

    def valued(self) -> Q:
        """The rows that have a sort key; they come first in either direction, those without come last."""
        return Q(**{f"{self.column.field}__isnull": False})


NEWEST_FIRST: Final = Order(COLUMNS["first_received_at"], is_descending=True)
LATEST_STUDY_FIRST: Final = Order(COLUMNS["study_date"], is_descending=True)


def parse_order(text: str) -> Order:
    """The order that `text` names, such as "-study_date"; newest first for "". Raises UnknownOrder."""
    if not text:
        return NEWEST_FIRST
    column = COLUMNS.get(text.removeprefix("-"))
    if column is None or text.startswith("--"):
        raise UnknownOrder(f"Order by one of {', '.join(COLUMNS)}, with - before it for the other direction.")
    return Order(column, is_descending=text.startswith("-"))
