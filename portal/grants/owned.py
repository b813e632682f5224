"""Finds the holdings of DICOM Servers for the administrators of their institution, who govern them and see no picture.

The policy says what people may read; nothing found here opens anything. The callers guard who asks and write each look.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.servers.models import DicomServer
from portal.studies.folding import words
from portal.studies.models import Study
from portal.studies.search import matching

MOST_FOUND: Final = 50


@dataclass(frozen=True)
class Found:
    """The newest holdings that fit, at most MOST_FOUND."""

    studies: tuple[Study, ...]
    has_more: bool


@dataclass(frozen=True)
class Copies:
    """Who else reports the study UID of a holding; whether it is the same study, only they know."""

    own: tuple[Study, ...]
    """Holdings of the institution's other servers."""
    others: int
    """Servers of other institutions, which are not named."""


def holdings_at(servers: Collection[DicomServer], text: str) -> Found:
    """What these servers hold of this study UID, or in which each word begins a word of name, number or description."""
    typed = text.strip()
    if not typed or not servers:
        return Found((), False)
    fits = Q(study_instance_uid=typed)
    if words(typed):
        fits |= matching(typed)
    found = _shown(Study.objects.filter(fits, server__in=servers, is_removed=False))
    studies = list(found.order_by("-first_received_at", "-pk")[: MOST_FOUND + 1])
    return Found(tuple(studies[:MOST_FOUND]), len(studies) > MOST_FOUND)


def holding_at(servers: Collection[DicomServer], study_instance_uid: str, server_id: str | None) -> Study | None:
    """The holding of this UID at the server named, or at the only one of these that has it; removed ones too."""
    holdings = Study.objects.filter(study_instance_uid=study_instance_uid, server__in=servers)
    if server_id is not None:
        try:
            holdings = holdings.filter(server_id=UUID(server_id))
        except ValueError:
            return None
    found = list(_shown(holdings)[:2])
    return found[0] if len(found) == 1 else None


def copies_of(study: Study, servers: Collection[DicomServer]) -> Copies:
    """Other holdings under the study's UID: those at `servers`, and how many there are elsewhere."""
    same = Study.objects.filter(study_instance_uid=study.study_instance_uid, is_removed=False).exclude(pk=study.pk)
    own = _shown(same.filter(server__in=servers)).order_by("server__name", "pk")
    return Copies(tuple(own), same.exclude(server__in=servers).count())


def _shown(studies: QuerySet[Study]) -> QuerySet[Study]:
    """With all that a banner says of them."""
    related = studies.select_related("server__institution", "patient__institution")
    return related.prefetch_related("patient__identifiers").defer("search_vector")
