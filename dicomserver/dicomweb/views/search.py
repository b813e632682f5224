"""QIDO-RS (PS3.18 10.6) within the token's study: its attributes, its series, its instances."""

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.admission import Access, admitted, require_study
from dicomserver.dicomweb.answers import json_answer
from dicomserver.dicomweb.matching import Query, parse_query
from dicomserver.dicomweb.media import DICOM_JSON, require_acceptable
from dicomserver.dicomweb.objects import instance_object, series_object, study_object
from dicomserver.dicomweb.problems import invalid
from dicomserver.dicomweb.selectors import Scope
from wire.uids import InvalidUid, parse_uid


@admitted("view")
def studies(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The token's study, if it matches; a query for another one is refused like a read of it."""
    query = _query(request)
    for uid in query.study_instance_uids:
        require_study(request, access, _uid(uid))
    study = selectors.study_for_search(access.claims.study_instance_uid)
    if study is None:
        return _answer(query, [])
    rows = list(selectors.series_for_search(study))
    modalities = sorted({row.modality for row in rows if row.modality})
    return _answer(query, [study_object(study, modalities, len(rows))])


@admitted("view")
def series(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The study's series that match."""
    query = _query(request)
    study = selectors.study_for_search(access.claims.study_instance_uid)
    rows = selectors.series_for_search(study) if study else ()
    return _answer(query, (series_object(access.claims.study_instance_uid, row) for row in rows))


@admitted("view")
def instances(request: HttpRequest, access: Access, series: str | None = None) -> HttpResponseBase:
    """The instances of the study, or of one series, that match."""
    query = _query(request)
    scope = Scope(access.claims.study_instance_uid, series)
    return _answer(
        query, (instance_object(scope.study_instance_uid, row) for row in selectors.instances_for_search(scope))
    )


def _query(request: HttpRequest) -> Query:
    require_acceptable(request, DICOM_JSON, "application/json")
    return parse_query(request.GET)


def _uid(text: str) -> str:
    try:
        return parse_uid(text)
    except InvalidUid as error:
        raise invalid(str(error)) from error


def _answer(query: Query, objects: Iterable[dict[str, Any]]) -> HttpResponse:
    found = query.page([one for one in objects if query.matches(one)])
    if not found:
        # PS3.18 Table 10.6.3-1: no content where nothing matches.
        response = HttpResponse(status=204)
    else:
        response = json_answer(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    response.headers["Cache-Control"] = "private, no-store"
    return response
