"""The people whom an administrator manages: their roles, what is known of them, and whether they are kept out."""

from collections.abc import Callable

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from audit.services import record_access_denied
from portal.accounts.actors import actor_of, person_of
from portal.accounts.models import User
from portal.accounts.national_ids import InvalidNationalId
from portal.institutions import services, suspensions
from portal.institutions.forms import GiveRoleForm, NationalIdForm, PeopleForm, PhysicianAliasForm
from portal.institutions.guards import only_with
from portal.institutions.people import UnknownPlace, people_page

_manages_people = only_with("institutions.manage_people", page="people")


@require_GET
@_manages_people
def people(request: HttpRequest) -> HttpResponse:
    """List the people whom the administrator manages."""
    form = PeopleForm(request.GET)
    if not form.is_valid():
        raise Http404
    try:
        page = people_page(person_of(request), **form.cleaned_data)
    except UnknownPlace as error:
        raise Http404 from error
    return render(request, "institutions/people.html", {"page": page})


@require_POST
@_manages_people
def give_role(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Give one of the own people a role."""

    def change(form: Form) -> str:
        membership = services.give_role_as_administrator(
            actor=actor_of(request),
            administrator=person_of(request),
            person_pk=person_pk,
            institution_pk=form.cleaned_data["institution"],
            role=form.cleaned_data["role"],
        )
        return _("%(person)s is now %(role)s.") % {
            "person": membership.user.full_name,
            "role": membership.get_role_display(),
        }

    return _changed(request, GiveRoleForm(request.POST), change)


@require_POST
@_manages_people
def end_role(request: HttpRequest, membership_pk: int) -> HttpResponse:
    """End a role in the own institution."""

    def change(form: Form) -> str:  # noqa: ARG001
        services.end_role_as_administrator(
            actor=actor_of(request), administrator=person_of(request), membership_pk=membership_pk
        )
        return _("The role has ended. Open viewers stop within a minute.")

    return _changed(request, Form(request.POST), change)


@require_POST
@_manages_people
def set_national_id(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Vouch for the national ID of one of the own people."""

    def change(form: Form) -> str:
        identity = services.set_national_id_as_administrator(
            actor=actor_of(request),
            administrator=person_of(request),
            person_pk=person_pk,
            national_id=form.cleaned_data["national_id"],
        )
        return _("%(person)s now sees their own studies.") % {"person": identity.user.full_name}

    return _changed(request, NationalIdForm(request.POST), change)


@require_POST
@_manages_people
def add_alias(request: HttpRequest, membership_pk: int) -> HttpResponse:
    """Say how the equipment writes a referring doctor."""

    def change(form: Form) -> str:
        alias = services.set_physician_alias_as_administrator(
            actor=actor_of(request),
            administrator=person_of(request),
            membership_pk=membership_pk,
            written_as=form.cleaned_data["written_as"],
        )
        return _("Studies that name %(name)s are now found.") % {"name": alias.written_as}

    return _changed(request, PhysicianAliasForm(request.POST), change)


@require_POST
@_manages_people
def suspend_person(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Keep a person out of the roles that one may end."""

    def said(person: User) -> str:
        return _("%(person)s is suspended. Open viewers stop within a minute.") % {"person": person.full_name}

    return _about_person(request, person_pk, suspensions.suspend_person, said)


@require_POST
@_manages_people
def resume_person(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Let a person back into these roles."""

    def said(person: User) -> str:
        return _("%(person)s is back in their roles.") % {"person": person.full_name}

    return _about_person(request, person_pk, suspensions.resume_person, said)


@require_POST
@_manages_people
def suspend_account(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Keep a person out of the whole network."""

    def said(person: User) -> str:
        return _("%(person)s cannot sign in any more. Their sessions and tokens have ended.") % {
            "person": person.full_name
        }

    return _about_person(request, person_pk, suspensions.suspend_account, said)


@require_POST
@_manages_people
def resume_account(request: HttpRequest, person_pk: int) -> HttpResponse:
    """Let a person sign in again."""

    def said(person: User) -> str:
        return _("%(person)s can sign in again.") % {"person": person.full_name}

    return _about_person(request, person_pk, suspensions.resume_account, said)


@require_POST
@_manages_people
def remove_person(request: HttpRequest, person_pk: int) -> HttpResponse:
    """End all roles of a person that one may end, and say what they leave behind."""

    def change(form: Form) -> str:  # noqa: ARG001
        person, left = suspensions.remove_person(
            actor=actor_of(request), administrator=person_of(request), person_pk=person_pk
        )
        gone = _("%(person)s holds no role here any more.") % {"person": person.full_name}
        if not left:
            return gone
        stays = ngettext(
            "%(number)s access that they gave ends within a minute where it stood on these roles.",
            "%(number)s accesses that they gave end within a minute where they stood on these roles.",
            left,
        )
        return f"{gone} {stays % {'number': left}}"

    return _changed(request, Form(request.POST), change)


def _about_person(
    request: HttpRequest, person_pk: int, act: Callable[..., User], said: Callable[[User], str]
) -> HttpResponse:
    def change(form: Form) -> str:  # noqa: ARG001
        return said(act(actor=actor_of(request), administrator=person_of(request), person_pk=person_pk))

    return _changed(request, Form(request.POST), change)


def _changed(request: HttpRequest, form: Form, change: Callable[[Form], str]) -> HttpResponse:
    """Make the change and say what happened; what is not theirs to change does not exist for them."""
    if not form.is_valid():
        messages.error(request, _("Nothing was changed: a field is empty or too long."))
        return redirect("people")
    try:
        messages.success(request, change(form))
    except services.NotYourPerson as error:
        record_access_denied(actor=actor_of(request), tried="people")
        raise Http404 from error
    except services.NotForYourself as error:
        record_access_denied(actor=actor_of(request), tried="people", reason=str(error))
        messages.error(request, _("Nothing was changed: another administrator does this for you."))
    except (InvalidNationalId, services.PeopleError) as error:
        messages.error(request, str(error))
    return redirect("people")
