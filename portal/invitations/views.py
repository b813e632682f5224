"""The page behind an invitation's link, and the acts of those who invite."""

from typing import Any, Final
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of, remote_address
from portal.accounts.guards import open_to
from portal.accounts.models import Theme, User
from portal.institutions.guards import only_with
from portal.institutions.models import Institution, Role
from portal.institutions.services import PersonSuspended
from portal.invitations import services
from portal.invitations.errors import (
    AddressHasAccount,
    InvitationClosed,
    InvitationError,
    MayNotInvite,
    NotYourInvitation,
)
from portal.invitations.forms import InviteForm, NewAccountForm, Way, WayForm
from portal.invitations.limits import count_wrong_link, too_many_wrong_links
from portal.invitations.models import Invitation, State
from portal.invitations.selectors import account_without_way_in, has_account, invitation_of, is_address_of, state_of

_TRIED: Final = "invitation"
_manages_people = only_with("institutions.manage_people", page="invitations")


@require_safe
@open_to("whoever holds the link of an invitation, which is a secret of 256 bits; else 404")
def invitation_page(request: HttpRequest, token: str) -> HttpResponse:
    """Say who invites, to what. Looking changes nothing: programs that check letters open links too."""
    return _answer(request, token, None)


@require_POST
@open_to("whoever holds the link of an invitation, which is a secret of 256 bits; else 404")
def accept_invitation(request: HttpRequest) -> HttpResponse:
    """Come in. The token is in the body, so that no log of addresses holds it beside the act."""
    return _answer(request, request.POST.get("token", ""), request.POST)


@require_POST
@_manages_people
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody to a role of an institution whose people one manages."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was sent: check the e-mail address and the role."))
        return redirect("people")
    institution = Institution.objects.filter(pk=form.cleaned_data["institution"]).first()
    try:
        if institution is None:
            raise NotYourInvitation
        invitation, _created = services.invite(
            actor=actor_of(request),
            inviter=person_of(request),
            email=form.cleaned_data["email"],
            institution=institution,
            role=Role(form.cleaned_data["role"]),
        )
    except (MayNotInvite, NotYourInvitation) as error:
        raise _no_such_thing(request) from error
    except InvitationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": invitation.email})
    return redirect("people")


@require_POST
@_manages_people
def resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Send a new link in place of the old one."""
    try:
        sent = services.resend(actor=actor_of(request), person=person_of(request), invitation_id=invitation_id)
    except NotYourInvitation as error:
        raise _no_such_thing(request) from error
    except InvitationError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("A new link is on its way to %(email)s; the old one has ended.") % {"email": sent.email}
        )
    return redirect("people")


@require_POST
@_manages_people
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    try:
        gone = services.withdraw(actor=actor_of(request), person=person_of(request), invitation_id=invitation_id)
    except NotYourInvitation as error:
        raise _no_such_thing(request) from error
    except InvitationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation to %(email)s is withdrawn.") % {"email": gone.email})
    return redirect("people")


def _no_such_thing(request: HttpRequest) -> Http404:
    record_access_denied(actor=actor_of(request), tried="invitations")
    return Http404()


def _answer(request: HttpRequest, token: str, given: Any) -> HttpResponse:
    """Answer for a link, where `given` is None without accepting; nobody keeps the answer or is told the address."""
    response = _answer_for(request, token, given)
    # The address holds the secret, so nobody is told more than the origin. Under "no-referrer" browsers would hide that
    # too, and the form could not be told from a forged one.
    response["Referrer-Policy"] = "strict-origin"
    # Django logs the address of what it refuses, and this one holds the token.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    add_never_cache_headers(response)
    return response


def _answer_for(request: HttpRequest, token: str, given: Any) -> HttpResponse:
    address = remote_address(request)
    if too_many_wrong_links(address):
        return render(request, "429.html", status=429)
    invitation = invitation_of(token)
    if invitation is None:
        count_wrong_link(address)
        record_access_denied(actor=actor_of(request), tried=_TRIED)
        raise Http404
    state = state_of(invitation)
    if state != State.PENDING:
        return _closed(request, invitation, state)
    try:
        if given is None:
            return _shown(request, invitation, token)
        return _joined(request, invitation, token, given)
    except InvitationClosed as error:
        return _closed(request, invitation, error.state)
    except PersonSuspended:
        record_access_denied(actor=actor_of(request), tried=_TRIED, reason="suspended")
        return _page(request, "invitations/suspended.html", invitation, status=403)


def _shown(request: HttpRequest, invitation: Invitation, token: str, form: WayForm | None = None) -> HttpResponse:
    person = request.user if isinstance(request.user, User) else None
    if person is not None and is_address_of(person, invitation.email):
        step = "join"
    elif person is not None:
        step = "other_person"
    elif account_without_way_in(invitation.email):
        step = "new_way_in"
    elif has_account(invitation.email):
        step = "sign_in"
    else:
        step = "new_account"
    here = reverse("invitation", args=[token])
    extra: dict[str, Any] = {
        "step": step,
        "token": token,
        "form": form or _form(invitation),
        "allows_code": _allows_code(invitation),
        "sign_in_url": f"{reverse('account_login')}?{urlencode({'next': here})}",
    }
    return _page(request, "invitations/page.html", invitation, **extra)


def _joined(request: HttpRequest, invitation: Invitation, token: str, given: Any) -> HttpResponse:
    if isinstance(request.user, User):
        return _joined_by_person(request, invitation, token, request.user)
    form = _form(invitation, given)
    if has_account(invitation.email) and isinstance(form, NewAccountForm):
        return _shown(request, invitation, token)
    if not form.is_valid():
        return _shown(request, invitation, token, form)
    actor = actor_of(request)
    try:
        if isinstance(form, NewAccountForm):
            accepted = services.accept_with_new_account(actor=actor, invitation_id=invitation.pk, account=form.account)
        else:
            accepted = services.accept_with_new_way_in(
                actor=actor, invitation_id=invitation.pk, password=form.new_password
            )
    except AddressHasAccount:
        return _shown(request, invitation, token)
    return _signed_in(request, accepted, form.cleaned_data["way"])


def _joined_by_person(request: HttpRequest, invitation: Invitation, token: str, person: User) -> HttpResponse:
    try:
        services.accept(actor=actor_of(request), person=person, invitation_id=invitation.pk)
    except NotYourInvitation:
        record_access_denied(actor=actor_of(request), tried=_TRIED, reason="another_person")
        return _shown(request, invitation, token)
    return redirect(invitation.leads_to)


def _signed_in(request: HttpRequest, invitation: Invitation, way: str) -> HttpResponse:
    """Sign the new person in, under a new session key, and lead them on."""
    person = invitation.accepted_by
    get_adapter().login(request, person)
    if way == Way.PASSWORD:
        # The password was typed just now: the code app is set up without asking for it again.
        record_authentication(request, person, method="password", reauthenticated=True)
        return redirect(invitation.leads_to)
    record_authentication(request, person, method="code", email=invitation.email)
    if way == Way.CODE:
        return redirect(invitation.leads_to)
    return redirect(f"{reverse('mfa_add_webauthn')}?{urlencode({'next': invitation.leads_to})}")


def _form(invitation: Invitation, given: Any = None) -> WayForm:
    kind = WayForm if account_without_way_in(invitation.email) else NewAccountForm
    return kind(given, email=invitation.email, allows_code=_allows_code(invitation))


def _allows_code(invitation: Invitation) -> bool:
    return invitation.allows_code and invitation.institution.allows_code_by_email


def _closed(request: HttpRequest, invitation: Invitation, state: State) -> HttpResponse:
    mine = invitation.accepted_by is not None and invitation.accepted_by == request.user
    return _page(request, "invitations/closed.html", invitation, status=410, state=state.value, is_mine=mine)


def _page(
    request: HttpRequest, template: str, invitation: Invitation, *, status: int = 200, **extra: Any
) -> HttpResponse:
    context: dict[str, Any] = {"invitation": invitation, **extra}
    if invitation.role == Role.PATIENT:
        context["theme"] = Theme.LIGHT.value
    return render(request, template, context, status=status)
