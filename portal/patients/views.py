"""A patient's pages: own images, who looked at them, and help; made for a phone."""

from datetime import date
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts.actors import actor_of, person_of
from portal.accounts.guards import only_signed_in
from portal.grants.policy import sight_of
from portal.institutions.guards import only_with
from portal.patients.looks import Look, latest_look
from portal.patients.selectors import has_studies_of_others, parse_day, parse_key
from portal.patients.services import read_looks, read_own_images
from portal.servers.browser_policy import directives_for_pictures


@require_safe
@only_with("patients.see_own", page="images")
@never_cache
def images(request: HttpRequest) -> HttpResponse:
    """The patient's own studies of all institutions, the latest first, by year."""
    person = person_of(request)
    sight = sight_of(person)
    page = read_own_images(actor=actor_of(request), sight=sight, after=parse_key(request.GET.get("after", "")))
    years = [
        (year, list(studies))
        for year, studies in groupby(page.studies, key=lambda study: study.study_date and study.study_date.year)
    ]
    context = {
        "page": page,
        "years": years,
        "studies": page.studies,
        "latest": latest_look(person),
        "has_studies_of_others": has_studies_of_others(sight),
        "now": timezone.localtime(),
    }
    response = render(request, "patients/images.html", context)
    directives = directives_for_pictures(study.server.dicomweb_url for study in page.studies)
    response._csp_update = directives  # type: ignore[attr-defined]  # noqa: SLF001
    return response


@require_safe
@only_with("patients.see_own", page="looks")
@never_cache
def who_looked(request: HttpRequest) -> HttpResponse:
    """Who looked at the patient's images, by day and study; the patient's own looks apart."""
    found = read_looks(actor=actor_of(request), user=person_of(request), until=parse_day(request.GET.get("until", "")))
    context: dict[str, Any] = {"page": found, "days": _by_day(found.of_others), "own": _by_day(found.own)}
    return render(request, "patients/who_looked.html", context)


@require_safe
@only_signed_in
def help_page(request: HttpRequest) -> HttpResponse:
    """Answers to what patients ask."""
    return render(request, "patients/help.html")


def _by_day(looks: tuple[Look, ...]) -> list[tuple[date, list[tuple[Any, list[Look]]]]]:
    """The looks of each day, those at one study together; the order within is that of the newest."""
    days = []
    for day, of_day in groupby(looks, key=lambda look: look.day):
        by_study: dict[int, list[Look]] = {}
        for look in of_day:
            by_study.setdefault(look.study.pk, []).append(look)
        days.append((day, [(group[0].study, group) for group in by_study.values()]))
    return days
