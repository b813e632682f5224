"""The page "Who did what"; reading it is recorded like any other act."""

from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.actors import actor_of
from audit.chips import chips_of
from audit.forms import AuditFilterForm
from audit.rows import row_of
from audit.selectors import (
    AuditFilters,
    AuditPage,
    Count,
    Cursor,
    InvalidCursor,
    audit_page,
    count_events,
    parse_cursor,
)
from audit.services import record_audit_denied, record_audit_read

PERMISSION = "audit.view_auditevent"


@require_safe
@never_cache
@login_required
def audit_list(request: HttpRequest) -> HttpResponse:
    """The newest events that fit the filters of the query string. Guard: the permission, else 404."""
    actor = actor_of(request)
    if not request.user.has_perm(PERMISSION):
        record_audit_denied(actor=actor)
        raise Http404
    form = AuditFilterForm(request.GET)
    if form.is_valid():
        filters = form.filters
        page, count = audit_page(filters, _cursor(request)), count_events(filters)
    else:
        filters, page, count = AuditFilters(), AuditPage((), None, None), Count(0, exact=True)
    record_audit_read(
        actor=actor,
        filters=filters.set_ones,
        results=len(page.events),
        patient_identifiers=filters.patient_identifiers,
    )
    context = {
        "form": form,
        "chips": chips_of(filters, request.GET),
        "is_filtered": bool(filters.set_ones),
        "rows": [row_of(event) for event in page.events],
        "count": count,
        "older_url": _page_url(request.GET, page.next),
        "newer_url": _page_url(request.GET, page.previous),
        "zone": _zone(timezone.localtime()),
    }
    return render(request, "audit/list.html", context)


audit_list.guard = PERMISSION  # type: ignore[attr-defined]


def _zone(now: datetime) -> dict[str, str]:
    """The reader's zone as people call it: "Chisinau", "+2"."""
    name = timezone.get_current_timezone_name().rpartition("/")[2].replace("_", " ")
    minutes = int((now.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return {"name": name, "offset": f"{'+' if minutes >= 0 else '−'}{hours}" + (f":{rest:02}" if rest else "")}


def _cursor(request: HttpRequest) -> Cursor | None:
    try:
        return parse_cursor(request.GET.get("cursor", ""))
    except InvalidCursor as error:
        raise Http404 from error


def _page_url(query: QueryDict, cursor: Cursor | None) -> str:
    if cursor is None:
        return ""
    changed = query.copy()
    changed["cursor"] = str(cursor)
    return f"?{changed.urlencode()}"
