"""Pages on which people find studies and open them."""

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.accounts.actors import actor_of, person_of
from portal.grants.errors import GrantRefused, NotYours, ShareNotAllowed, UnknownGrantee
from portal.grants.guards import asked_server, deny, for_studies, record_denied
from portal.grants.lines import recipient_of
from portal.grants.models import Grant
from portal.grants.policy import sight_of
from portal.grants.services import give_grant, revoke_grant
from portal.institutions.models import Role
from portal.servers.browser_policy import directives_for_pictures
from portal.servers.models import DicomServer
from portal.worklist.chips import changed, chips_of, heads_of
from portal.worklist.cursors import encode
from portal.worklist.elsewhere import elsewhere_url
from portal.worklist.forms import GiveAccessForm
from portal.worklist.given import what_was_given
from portal.worklist.lists import StudyList, record_look, study_list
from portal.worklist.orders import LATEST_STUDY_FIRST, NEWEST_FIRST
from portal.worklist.paging import Page
from portal.worklist.selectors import unreachable
from portal.worklist.study_page import StudyPage, open_study, page_of_study, panel_of_study, whole_patient_words

TITLES: Final = {
    Role.RADIOLOGIST.value: gettext_lazy("Worklist"),
    Role.REFERRING_DOCTOR.value: gettext_lazy("My patients"),
    Role.PATIENT.value: gettext_lazy("Images"),
}
WITHOUT_ROLE: Final = gettext_lazy("Shared with me")


@require_safe
@for_studies(tried="worklist")
def worklist(request: HttpRequest) -> HttpResponse:
    """The studies that the person may see; the rows alone when the page asks for more of them."""
    is_patient = _is_patient(request)
    wanted = study_list(request.user, request.GET, usual=LATEST_STUDY_FIRST if is_patient else NEWEST_FIRST)
    page = wanted.page()
    record_look(actor=actor_of(request), values=wanted.values, order=wanted.order, shown=len(page.studies))
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        response = render(request, "worklist/_rows.html", _rows(request, page))
    else:
        if is_patient:
            prefetch_related_objects(page.studies, "series")
        response = render(request, "worklist/list.html", _list(request, wanted, page))
        if is_patient:
            _allow_pictures(response, [study.server for study in page.studies])
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@for_studies(tried="worklist")
def new_studies(request: HttpRequest) -> HttpResponse:
    """The chip "2 new": how many studies fit since the list was drawn; and how far those have come that were growing.

    Asked again and again by the page itself. It tells numbers and shows nobody, so it is not recorded as a look.
    """
    wanted = study_list(request.user, request.GET)
    context = {
        "number": wanted.number_since(request.GET.get("since", "")),
        "url": _list_url(request),
        "growing": wanted.shown_again(request.GET.getlist("growing")),
    }
    return render(request, "worklist/_new.html", context)


@require_safe
@for_studies(tried="study")
def panel(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """The side panel about one row of the list."""
    page = panel_of_study(sight_of(request.user), study_instance_uid, asked_server(request)) or deny(
        request, study_instance_uid, tried="study"
    )
    return render(request, "worklist/_panel.html", {"page": page, "study": page.study})


@require_safe
@for_studies(tried="study")
def study(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """One study: who the patient is, its series, why one may see it, and who else can."""
    page = open_study(
        actor=actor_of(request),
        user=request.user,
        study_instance_uid=study_instance_uid,
        server_id=asked_server(request),
    )
    if page is None and sight_of(request.user).saw(study_instance_uid):
        return render(request, "studies/removed.html", status=410)
    page = page or deny(request, study_instance_uid, tried="study")
    form = GiveAccessForm(decision=page.decision, whole=page.whole_patient) if page.may_share else None
    return _study_page(request, page, form)


@require_POST
@for_studies(tried="give_access")
def give_access(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """Give somebody access to the study, or say beside the field why not."""
    sight = sight_of(request.user)
    found = sight.holding(study_instance_uid, asked_server(request))
    holding, decision = found or deny(request, study_instance_uid, tried="give_access")
    form = GiveAccessForm(request.POST, decision=decision, whole=whole_patient_words(sight, holding))
    if form.is_valid():
        try:
            if form.recipient is None:
                raise UnknownGrantee
            given = give_grant(
                actor=actor_of(request),
                giver=person_of(request),
                grantee=form.recipient,
                study=holding,
                terms=form.terms,
            )
        except GrantRefused as error:
            if isinstance(error, ShareNotAllowed):
                record_denied(request, study_instance_uid, tried="give_access")
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _said(request, given))
            return redirect(study_url(study_instance_uid, str(holding.server_id)))
    return _study_page(request, page_of_study(sight, holding, decision), form, status=422)


@require_safe
@for_studies(tried="grant")
def grant(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Lead whom access was given to to what it opens; letters name this address, and so no study."""
    found = what_was_given(person_of(request), grant_id)
    if found is None:
        record_denied(request, tried="grant")
        raise Http404
    if found.study is not None:
        return redirect(study_url(found.study.study_instance_uid, str(found.study.server_id)))
    messages.info(request, found.words)
    return redirect("home")


@require_POST
@for_studies(tried="revoke_access")
def revoke_access(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """Take access back that one gave, or that reaches into one's institution."""
    try:
        grant = revoke_grant(actor=actor_of(request), revoker=person_of(request), grant_id=grant_id)
    except NotYours as error:
        record_denied(request, tried="revoke_access")
        raise Http404 from error
    messages.success(
        request, _("%(person)s cannot see it any more.") % {"person": recipient_of(request.user, grant).name}
    )
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    if grant.study is not None:
        return redirect(study_url(grant.study.study_instance_uid, str(grant.study.server_id)))
    return redirect("worklist:list")


def _said(request: HttpRequest, given: Grant) -> str:
    """What was given to whom, alike whether or not somebody has an account with an address."""
    recipient = recipient_of(request.user, given)
    if recipient.kind == "email":
        return _("Access was given to %(address)s, who gets an e-mail.") % {"address": recipient.name}
    if given.valid_from > timezone.now():
        return _("%(person)s can see it from then on.") % {"person": recipient.name}
    return _("%(person)s can see it now.") % {"person": recipient.name}


def study_url(study_instance_uid: str, server_id: str) -> str:
    """Address of the page of a holding."""
    return f"{reverse('worklist:study', args=[study_instance_uid])}?server={server_id}"


def _list(request: HttpRequest, wanted: StudyList, page: Page) -> dict[str, Any]:
    """What the page of the list shows: see `_rows` for the table itself."""
    servers = list(wanted.sight.servers)
    now = timezone.now()
    first = page.studies[0] if page.studies else None
    hat = getattr(request, "hat", None)
    chips = chips_of(wanted.values, request.GET, servers)
    filters_set = [chip for chip in chips if chip.is_set]
    return {
        **_rows(request, page),
        "title": TITLES.get(hat.role, WITHOUT_ROLE) if hat else WITHOUT_ROLE,
        "search": request.GET.get("search", ""),
        "chips": chips,
        "filters_set": filters_set,
        "last_filter": filters_set[-1] if filters_set else None,
        "heads": heads_of(wanted.order, request.GET),
        "order": wanted.order,
        "count": wanted.count(),
        "elsewhere_url": elsewhere_url(hat, wanted.values),
        "is_filtered": bool(wanted.values) or not wanted.is_readable,
        "unreadable_filters": [] if wanted.is_readable else sorted(wanted.filterset.form.errors),
        "unreachable": unreachable(servers, now),
        "new_url": reverse("worklist:new") + changed(request.GET, since=wanted.newest_mark()),
        "is_in_conflict": wanted.sight.is_in_conflict,
        "page": panel_of_study(wanted.sight, first.study_instance_uid, str(first.server_id)) if first else None,
        "now": timezone.localtime(now),
    }


def _rows(request: HttpRequest, page: Page) -> dict[str, Any]:
    """The rows, and the addresses of those that follow and precede them."""
    return {
        "studies": page.studies,
        "now": timezone.localtime(),
        "next_url": _list_url(request, cursor=encode(page.next)) if page.next else "",
        "previous_url": _list_url(request, cursor=encode(page.previous)) if page.previous else "",
    }


def _study_page(
    request: HttpRequest, page: StudyPage, form: GiveAccessForm | None, *, status: int = 200
) -> HttpResponse:
    context = {"page": page, "study": page.study, "form": form, "now": timezone.localtime()}
    response = render(request, "studies/detail.html", context, status=status)
    _allow_pictures(response, [page.study.server])
    return response


def _allow_pictures(response: HttpResponse, servers: list[DicomServer]) -> None:
    """Let the page get small pictures from these servers, and from no other."""
    response._csp_update = directives_for_pictures(server.dicomweb_url for server in servers)  # type: ignore[attr-defined]  # noqa: SLF001


def _is_patient(request: HttpRequest) -> bool:
    hat = getattr(request, "hat", None)
    return hat is not None and hat.role == Role.PATIENT


def _list_url(request: HttpRequest, **values: str) -> str:
    return reverse("worklist:list") + changed(request.GET, **values)
