"""Answers a search: for who may see all studies, for the reader of one, and for one who must not know whose it is."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from dicomserver.dicomweb.admission import Access
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.objects import clean_object
from dicomserver.dicomweb.deidentified.selectors import shown_series
from dicomserver.dicomweb.deidentified.shown import is_shown
from dicomserver.dicomweb.objects import Object, found_object
from dicomserver.dicomweb.search_parameters import OF_OTHER_STUDIES, Search
from dicomserver.ingest.prepared import prepared_values
from dicomserver.query.attributes import Level
from dicomserver.query.requests import Found, QueryRequest, within
from dicomserver.query.searching import count, search
from dicomserver.query.values import with_moments

# Instances of which more is told than the index knows.
MAX_WITH_METADATA: Final = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """The objects as a JSON array, empty where nothing matches, and how many more matches there are."""

    text: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Target:
    """What is searched: entities of a level, in a series where one is named."""

    level: Level
    series_instance_uid: str | None = None


def answer(access: Access, target: Target, asked: Search) -> Answer:
    """The page of matches that is wanted. Raises QueryTooLong and django.db.DatabaseError."""
    if access.disguise is not None:
        objects = _disguised(access, access.disguise, target, asked)
        page = objects[asked.offset : None if asked.limit is None else asked.offset + asked.limit]
        return Answer(_text(page), max(0, len(objects) - asked.offset - len(page)))
    return _plain(access, target, asked)


def _plain(access: Access, target: Target, asked: Search) -> Answer:
    study = None if access.opens_every_study else access.study_instance_uid
    has_more = target.level is Level.INSTANCE and asked.others != frozenset()
    request = QueryRequest(
        level=target.level,
        criteria=(*within(study, target.series_instance_uid), *with_moments(list(asked.keys))),
        # A person's token is of one study: what others the patient has is not told.
        returned=asked.returned if access.peer is not None else asked.returned - OF_OTHER_STUDIES,
        limit=_limit(asked.limit, None if study else settings.QUERY_MAXIMUM_RESULTS, has_more),
        offset=asked.offset,
    )
    found = list(search(request))
    is_full = request.limit is not None and len(found) == request.limit
    remaining = count(request, after=asked.offset + len(found)) if is_full else 0
    return Answer(_text(_with_metadata(found, asked) if has_more else map(found_object, found)), remaining)


def _limit(wanted: int | None, maximum: int | None, has_more: bool) -> int | None:
    limits = [limit for limit in (wanted, maximum, MAX_WITH_METADATA if has_more else None) if limit is not None]
    return min(limits, default=None)


def _with_metadata(found: list[Found], asked: Search) -> Iterable[Object]:
    more = prepared_values([one.pk for one in found], asked.others)
    for one in found:
        own = more.get(one.pk, {})
        # Of a sequence the index knows less than the instance itself.
        sequences = {tag: element for tag, element in own.items() if element.get("vr") == "SQ"}
        yield dict(sorted({**own, **found_object(one), **sequences}.items()))


def _disguised(access: Access, disguise: Disguise, target: Target, asked: Search) -> list[Object]:
    """What matches of the cleaned objects: a search must not tell what the answer hides."""
    request = QueryRequest(
        level=target.level,
        criteria=within(access.study_instance_uid, target.series_instance_uid),
        returned=asked.returned - OF_OTHER_STUDIES,
    )
    cleaned = (clean_object(found_object(one), disguise) for one in _shown(access, request))
    return [one for one in cleaned if _matches(one, asked)]


def _matches(cleaned: Object, asked: Search) -> bool:
    """Attributes that are not told match anything."""
    return all(
        criterion.matches(cleaned[tag].get("Value", []))
        for attribute, criterion in asked.keys
        if (tag := f"{attribute.tag:08X}") in cleaned
    )


def _shown(access: Access, request: QueryRequest) -> Iterator[Found]:
    """Only what can be shown without identity, and counted so."""
    rows = {row.series_instance_uid: row for row in shown_series(access.study_instance_uid)}
    for one in search(request):
        values = one.values
        if request.level is Level.STUDY:
            values["ModalitiesInStudy"] = sorted({row.modality for row in rows.values() if row.modality})
            values["NumberOfStudyRelatedSeries"] = [len(rows)]
            values["NumberOfStudyRelatedInstances"] = [sum(row.number_of_instances for row in rows.values())]
            values.pop("SOPClassesInStudy", None)
            yield one
        elif request.level is Level.SERIES and (row := rows.get(values["SeriesInstanceUID"][0])) is not None:
            values["NumberOfSeriesRelatedInstances"] = [row.number_of_instances]
            yield one
        elif request.level is Level.INSTANCE and is_shown(
            values["SOPClassUID"][0], values["AvailableTransferSyntaxUID"][0]
        ):
            yield one


def _text(objects: Iterable[Object]) -> str:
    found = list(objects)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else ""
