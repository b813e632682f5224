"""QIDO-RS (PS3.18 10.6) within the token's study: its attributes, its series, its instances."""

import json
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.access.models import Service
from dicomserver.dicomweb import answer_memory, selectors
from dicomserver.dicomweb.admission import Access, admitted, require_study
from dicomserver.dicomweb.answers import json_answer
from dicomserver.dicomweb.deidentified.objects import clean_object
from dicomserver.dicomweb.deidentified.selectors import shown_instances, shown_series
from dicomserver.dicomweb.matching import Query, parse_query
from dicomserver.dicomweb.media import DICOM_JSON, require_acceptable
from dicomserver.dicomweb.objects import Object, instance_object, series_object, study_object
from dicomserver.dicomweb.problems import invalid
from dicomserver.dicomweb.selectors import Scope
from dicomserver.index.models import Series, Study
from wire.uids import InvalidUid, parse_uid


@admitted("view", service=Service.QUERY)
def studies(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The token's study, if it matches; a query for another one is refused like a read of it."""
    query = _query(request)
    for uid in query.study_instance_uids:
        require_study(request, access, _uid(uid))
    return _answer(request, access, query, lambda: _studies(access))


@admitted("view", service=Service.QUERY)
def series(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The study's series that match."""
    return _answer(request, access, _query(request), lambda: _series(access))


@admitted("view", service=Service.QUERY)
def instances(request: HttpRequest, access: Access, series: str | None = None) -> HttpResponseBase:
    """The instances of the study, or of one series, that match."""
    return _answer(request, access, _query(request), lambda: _instances(access, series))


def _studies(access: Access) -> Iterator[Object]:
    study = selectors.study_for_search(access.study_instance_uid)
    if study is not None:
        rows = _series_of(access, study)
        if access.disguise is not None:
            study.number_of_instances = sum(row.number_of_instances for row in rows)
        modalities = sorted({row.modality for row in rows if row.modality})
        yield study_object(study, modalities, len(rows))


def _series(access: Access) -> Iterator[Object]:
    study = selectors.study_for_search(access.study_instance_uid)
    for row in _series_of(access, study) if study else ():
        yield series_object(access.study_instance_uid, row)


def _series_of(access: Access, study: Study) -> list[Series]:
    if access.disguise is not None:
        return shown_series(access.study_instance_uid)
    return list(selectors.series_for_search(study))


def _instances(access: Access, series: str | None) -> Iterator[Object]:
    scope = Scope(access.study_instance_uid, series)
    if access.disguise is None:
        found = selectors.instances_for_search(scope)
    else:
        found = [shown.found for shown in shown_instances(scope)]
    for row in found:
        yield instance_object(scope.study_instance_uid, row)


def _query(request: HttpRequest) -> Query:
    require_acceptable(request, DICOM_JSON, "application/json")
    return parse_query(request.GET)


def _uid(text: str) -> str:
    try:
        return parse_uid(text)
    except InvalidUid as error:
        raise invalid(str(error)) from error


def _answer(
    request: HttpRequest, access: Access, query: Query, objects: Callable[[], Iterable[Object]]
) -> HttpResponse:
    disguise = access.disguise

    def make() -> str:
        cleaned = objects() if disguise is None else (clean_object(one, disguise) for one in objects())
        found = query.page([one for one in cleaned if query.matches(one)])
        return json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else ""

    revision = selectors.study_revision(access.study_instance_uid)
    asked = (
        settings.DICOMWEB_PUBLIC_URL,
        access.study_instance_uid,
        request.path,
        request.META.get("QUERY_STRING", ""),
        access.answered_for,
    )
    text = "" if revision is None else answer_memory.memory.answer(asked, revision, make)
    # PS3.18 Table 10.6.3-1: no content where nothing matches.
    response = json_answer(text) if text else HttpResponse(status=204)
    response.headers["Cache-Control"] = "private, no-store"
    return response
