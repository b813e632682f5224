"""QIDO-RS (PS3.18 10.6): a token's study, or all that this server holds, by its attributes, series and instances."""

import json
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.access.models import Service
from dicomserver.dicomweb import answer_memory, selectors
from dicomserver.dicomweb.admission import Access, admitted, require_study
from dicomserver.dicomweb.answers import json_answer, warning_of, xml_answer
from dicomserver.dicomweb.media import DICOM_XML, metadata_format
from dicomserver.dicomweb.problems import Refused
from dicomserver.dicomweb.search_parameters import Search, parse_search
from dicomserver.dicomweb.searches import Answer, Target, answer
from dicomserver.query.attributes import Level
from dicomserver.query.requests import QueryTooLong
from dicomserver.query.searching import MOST_COUNTED
from wire import problems

_STUDY: Final = frozenset({Level.STUDY})
_SERIES: Final = frozenset({Level.SERIES})


@admitted("view", service=Service.QUERY)
def studies(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The studies that match; of a viewer token its own, and a query for another one is refused like a read of it."""
    return _search(request, access, Target(Level.STUDY), frozenset())


@admitted("view", service=Service.QUERY)
def series(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The series that match, of a study that the address names."""
    return _search(request, access, Target(Level.SERIES), frozenset())


@admitted("view", service=Service.QUERY)
def every_series(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The series that match, of any study that the token opens; what is told of studies is told too."""
    return _search(request, access, Target(Level.SERIES), _STUDY)


@admitted("view", service=Service.QUERY)
def instances(request: HttpRequest, access: Access, series: str | None = None) -> HttpResponseBase:
    """The instances that match, of a study that the address names or of one of its series."""
    return _search(request, access, Target(Level.INSTANCE, series), frozenset() if series else _SERIES)


@admitted("view", service=Service.QUERY)
def every_instance(request: HttpRequest, access: Access) -> HttpResponseBase:
    """The instances that match, of any study that the token opens."""
    return _search(request, access, Target(Level.INSTANCE), _STUDY | _SERIES)


def _search(request: HttpRequest, access: Access, target: Target, above: frozenset[Level]) -> HttpResponseBase:
    form = metadata_format(request)
    asked = parse_search(request.GET, target.level, above)
    for uid in asked.study_instance_uids if access.peer is None else ():
        require_study(request, access, uid)
    try:
        found = _answer(request, access, target, asked)
    except QueryTooLong:
        detail = "This search takes too long here. Give more of what you look for: a date, an ID, the start of a name."
        raise Refused(503, problems.UNAVAILABLE, "Search too long", detail) from None
    # PS3.18 Table 10.6.3-1: no content where nothing matches.
    response: HttpResponseBase
    if not found.text:
        response = HttpResponse(status=204)
    elif form.media_type == DICOM_XML:
        response = xml_answer(json.loads(found.text), is_multipart=True)
    else:
        response = json_answer(found.text)
    response.headers["Cache-Control"] = "private, no-store"
    if found.remaining:
        response.headers["Warning"] = _remaining_results(found.remaining)
    return response


def _answer(request: HttpRequest, access: Access, target: Target, asked: Search) -> Answer:
    """The answer; readers of one study ask the same again and again, and nothing changes but with its revision."""
    if access.peer is not None:
        return answer(access, target, asked)
    revision = selectors.study_revision(access.study_instance_uid)
    if revision is None:
        return Answer("", 0)
    key = (
        settings.DICOMWEB_PUBLIC_URL,
        access.study_instance_uid,
        request.path,
        request.META.get("QUERY_STRING", ""),
        access.answered_for,
    )

    def make() -> str:
        made = answer(access, target, asked)
        return f"{made.remaining} {made.text}"

    remaining, _, text = answer_memory.memory.answer(key, revision, make).partition(" ")
    return Answer(text, int(remaining))


def _remaining_results(remaining: int) -> str:
    number = str(remaining) if remaining <= MOST_COUNTED else f"more than {MOST_COUNTED}"
    return warning_of(f"There are {number} additional results that can be requested")
