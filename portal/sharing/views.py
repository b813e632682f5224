"""Pages of share links: making one, one's own list, and the page on which a holder gives the PIN."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of, remote_address
from portal.accounts.guards import open_to
from portal.grants.audited import audited_target
from portal.grants.errors import GrantRefused, ShareNotAllowed
from portal.grants.guards import asked_server, deny, for_studies, record_denied
from portal.grants.lines import GrantLines, lines_given_by, lines_received_by
from portal.grants.models import Permission
from portal.grants.policy import holding_for
from portal.institutions.models import Role
from portal.sharing.csrf import csrf_protected_without_origin, without_log
from portal.sharing.errors import NotYourLink
from portal.sharing.forms import MakeLinkForm, PinForm
from portal.sharing.models import ShareLink
from portal.sharing.pages import links_page
from portal.sharing.pins import grouped
from portal.sharing.qr import qr_svg
from portal.sharing.rates import is_too_often
from portal.sharing.selectors import may_still_share, share_link_at
from portal.sharing.services import MadeLink, make_share_link, open_share_link, revoke_share_link
from portal.sharing.stays import begin_stay, is_holder
from portal.studies.models import Study

_LIGHT: Final = {"theme": "light"}


@require_safe
@for_studies(tried="share_links")
def own_links(request: HttpRequest) -> HttpResponse:
    """The links that the person made, and what became of them."""
    person = person_of(request)
    context = {
        "page": links_page(person, request.GET.get("after", "")),
        "given": _unless_empty(lines_given_by(person)),
        "received": _unless_empty(lines_received_by(person)),
        "back": request.path,
        "is_patient": _is_patient(request),
    }
    return render(request, "sharing/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_studies(tried="make_share_link")
def share(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """Make a link to the study, and show address and PIN once."""
    found = holding_for(request.user, study_instance_uid, asked_server(request))
    if found is None or Permission.SHARE not in found[1].permissions:
        deny(request, study_instance_uid, tried="make_share_link")
    study, decision = found
    form = MakeLinkForm(request.POST if request.method == "POST" else None, decision=decision)
    if form.is_valid():
        try:
            made = make_share_link(actor=actor_of(request), maker=person_of(request), study=study, terms=form.terms)
        except GrantRefused as error:
            if isinstance(error, ShareNotAllowed):
                record_denied(request, study_instance_uid, tried="make_share_link")
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return _made(request, study, made)
    context = {"study": study, "form": form, "study_url": _study_url(study)}
    return render(request, "sharing/make.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_studies(tried="revoke_share_link")
def revoke(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """Take a link back that one made, or that leads into one's institution."""
    try:
        link = revoke_share_link(actor=actor_of(request), revoker=person_of(request), link_id=link_id)
    except NotYourLink as error:
        record_denied(request, tried="revoke_share_link")
        raise Http404 from error
    messages.success(request, _("The link %(label)s works no more.") % {"label": f'"{link.label}"'})
    return redirect("sharing:list")


@csrf_exempt
@csrf_protected_without_origin
@require_http_methods(["GET", "HEAD", "POST"])
@open_to("whoever has the link and its PIN")
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the PIN; the right one leads to the study. Before it, nothing is told but the institution."""
    return _secretive(_answer(request, token))


def _made(request: HttpRequest, study: Study, made: MadeLink) -> HttpResponse:
    url = request.build_absolute_uri(reverse("sharing:open", args=[made.token]))
    context = {
        "study": study,
        "link": made.link,
        "url": url,
        "pin": grouped(made.pin),
        "qr": qr_svg(url),
        "is_patient": _is_patient(request),
    }
    return render(request, "sharing/made.html", context)


def _is_patient(request: HttpRequest) -> bool:
    hat = getattr(request, "hat", None)
    return hat is not None and hat.role == Role.PATIENT


def _unless_empty(lines: GrantLines) -> GrantLines | None:
    return lines if lines.count else None


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    if is_too_often(remote_address(request)):
        record_access_denied(actor=actor_of(request), tried="share_link", reason="too many tries")
        return render(request, "429.html", _LIGHT, status=429)
    link = share_link_at(token)
    if link is None or not link.opens_at(timezone.now()) or not may_still_share(link, timezone.now()):
        record_access_denied(
            actor=actor_of(request), study=audited_target(link.grant) if link else None, tried="share_link"
        )
        return _works_no_more(request)
    form = PinForm(request.POST if request.method == "POST" else None)
    must_sign_out = request.user.is_authenticated and not is_holder(request.user)
    if must_sign_out and form.is_bound and request.POST.get("sign_out") != "yes":
        form.add_error(None, _("Say first that you want to be signed out."))
    if not form.is_valid():
        return _ask_for_pin(request, link, form, must_sign_out=must_sign_out)
    attempt = open_share_link(actor=actor_of(request), link_id=link.pk, pin=form.cleaned_data["pin"])
    if attempt is None:
        # Somebody else had the last use, or closed it, since the page was asked for.
        record_access_denied(actor=actor_of(request), study=audited_target(link.grant), tried="share_link")
        return _works_no_more(request)
    if attempt.opened is None and attempt.tries_left == 0:
        return _works_no_more(request)
    if attempt.opened is None:
        form.add_error("pin", _wrong(attempt.tries_left))
        return _ask_for_pin(request, link, form, must_sign_out=must_sign_out)
    begin_stay(request, attempt.opened)
    return redirect(_study_url(_study_of(attempt.opened)))


def _ask_for_pin(request: HttpRequest, link: ShareLink, form: PinForm, *, must_sign_out: bool) -> HttpResponse:
    context = {
        **_LIGHT,
        "form": form,
        "institution": _study_of(link).server.institution,
        "must_sign_out": must_sign_out,
    }
    return render(request, "sharing/open.html", context, status=422 if form.is_bound else 200)


def _works_no_more(request: HttpRequest) -> HttpResponse:
    """The same for a link that never was, ended, was used up, closed or taken back."""
    return render(request, "sharing/no_link.html", _LIGHT, status=404)


def _wrong(tries_left: int) -> str:
    if tries_left == 1:
        return _("This PIN is not right. One more wrong one closes the link for ever.")
    return _("This PIN is not right. %(tries)d tries are left, then the link closes for ever.") % {"tries": tries_left}


def _secretive(response: HttpResponse) -> HttpResponse:
    """Have neither caches, other sites, search engines nor logs learn the address."""
    add_never_cache_headers(response)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return without_log(response)


def _study_of(link: ShareLink) -> Study:
    if link.grant.study is None:
        raise ValueError("A share link is to a study.")
    return link.grant.study


def _study_url(study: Study) -> str:
    return f"{reverse('worklist:study', args=[study.study_instance_uid])}?server={study.server_id}"
