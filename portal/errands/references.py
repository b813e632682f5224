"""What refers to a holding, in words: said before it is deleted. Apps above this one add what they know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count
from django.utils.translation import ngettext

from portal.grants.models import Assignment, Grant, GrantKind
from portal.orders.models import Order
from portal.studies.models import Study


@dataclass(frozen=True)
class Reference:
    """One line: the kind names it, the words say how many there are and what becomes of them."""

    kind: str
    words: str


Teller = Callable[[Study, datetime], list[Reference]]

# Modalities of series that hold reports, key objects and other documents (PS3.3 C.7.3.1.1.1).
_DOCUMENTS: Final = ("SR", "KO", "PR", "DOC", "SEG")


def _grants(study: Study, now: datetime) -> list[Reference]:
    running = Grant.objects.filter(study=study, revoked_at__isnull=True, valid_until__gt=now)
    counts = dict(running.order_by().values_list("kind").annotate(Count("pk")))
    given = counts.get(GrantKind.GIVEN, 0) + counts.get(GrantKind.REQUESTED, 0)
    links, questions = counts.get(GrantKind.SHARE_LINK, 0), counts.get(GrantKind.CONSULTATION, 0)
    openings = counts.get(GrantKind.BREAK_GLASS, 0)
    lines = [
        ("grants", given, ngettext("Access given %(number)s time", "Access given %(number)s times", given)),
        ("share_links", links, ngettext("%(number)s share link", "%(number)s share links", links)),
        (
            "questions",
            questions,
            ngettext("%(number)s question to a consultant", "%(number)s questions to consultants", questions),
        ),
        (
            "break_glass",
            openings,
            ngettext("%(number)s opening by break-glass", "%(number)s openings by break-glass", openings),
        ),
    ]
    return [Reference(kind, words % {"number": number}) for kind, number, words in lines if number]


def _assignments(study: Study, now: datetime) -> list[Reference]:  # noqa: ARG001 (as every teller)
    number = Assignment.objects.filter(study=study, ended_at__isnull=True).count()
    words = ngettext("Assigned to %(number)s radiologist", "Assigned to %(number)s radiologists", number)
    return [Reference("assignments", words % {"number": number})] if number else []


def _orders(study: Study, now: datetime) -> list[Reference]:  # noqa: ARG001 (as every teller)
    number = Order.objects.filter(server=study.server, study_instance_uid=study.study_instance_uid).count()
    words = ngettext("%(number)s order, which stays", "%(number)s orders, which stay", number)
    return [Reference("orders", words % {"number": number})] if number else []


def _documents(study: Study, now: datetime) -> list[Reference]:  # noqa: ARG001 (as every teller)
    found = study.series.filter(modality__in=_DOCUMENTS).order_by().values_list("modality").annotate(Count("pk"))
    counts = sorted((str(modality), int(number)) for modality, number in found)
    number = sum(count for _modality, count in counts)
    words = ngettext(
        "%(number)s series with reports or documents (%(which)s): deleted with the images",
        "%(number)s series with reports or documents (%(which)s): deleted with the images",
        number,
    )
    which = ", ".join(modality for modality, _count in counts)
    return [Reference("documents", words % {"number": number, "which": which})] if number else []


_TELLERS: Final[list[Teller]] = [_documents, _grants, _assignments, _orders]


def add_teller(teller: Teller) -> None:
    """Have `teller` asked too; to be called when Django is ready."""
    if teller not in _TELLERS:
        _TELLERS.append(teller)


def references_to(study: Study, now: datetime) -> list[Reference]:
    """All that refers to the holding at `now`."""
    return [reference for teller in _TELLERS for reference in teller(study, now)]
