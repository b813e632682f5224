"""Tells receivers by e-mail that access was given to them, and that it ends soon; never what it opens."""

from allauth.account.models import EmailAddress
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext

from audit.actors import Actor
from portal.accounts.mail import absolute_url, send_mail_on_commit
from portal.accounts.models import User
from portal.grants.decisions import Rule
from portal.grants.errors import AddressWasWrittenTo
from portal.grants.models import Grant
from portal.institutions.models import Institution
from portal.invitations.errors import TooManyLetters
from portal.invitations.services import invite


def tell_person(grant: Grant, *, rule: str) -> None:
    """Write to the receiver that access was given to them."""
    if grant.user is not None:
        words = {"person": grant.user.full_name, "sender": sender_of(grant, rule), "until": grant.valid_until}
        send_mail_on_commit("grant_given", address_of(grant.user), {**words, "url": url_of(grant)})


def invite_address(actor: Actor, grant: Grant, institution: Institution, email: str, *, rule: str) -> None:
    """Invite whoever reads the address, alike whether or not somebody has an account with it.

    Raises AddressWasWrittenTo.
    """
    try:
        invite(
            actor=actor,
            inviter=grant.granted_by,
            email=email,
            institution=institution,
            role=None,
            leads_to=path_of(grant),
            expires_at=grant.valid_until,
            template="grant_invitation",
            context={"sender": sender_of(grant, rule)},
            purpose="grant",
        )
    except TooManyLetters as error:
        raise AddressWasWrittenTo from error


def tell_end(grant: Grant) -> None:
    """Write to a person, or to the people of an address, that the access ends soon."""
    words = {"until": grant.valid_until, "url": url_of(grant)}
    to = address_of(grant.user) if grant.user is not None else grant.email
    send_mail_on_commit("grant_ends_soon", to, words)


def sender_of(grant: Grant, rule: str) -> str:
    """Who gave it, as a letter may say: patients are named in none."""
    return gettext("A patient") if rule == Rule.OWN_STUDY else grant.granted_by.full_name


def path_of(grant: Grant) -> str:
    """The page that leads to what the grant opens, for whom it is; it names no study."""
    return reverse("worklist:grant", args=[grant.pk])


def url_of(grant: Grant) -> str:
    """The same as people outside of the portal open it."""
    return absolute_url(path_of(grant))


def address_of(person: User) -> str:
    """Where a person is written to: the address they proved, the first among them, else the one known of them."""
    proved = EmailAddress.objects.filter(user=person, verified=True).order_by("-primary", "pk")
    return proved.values_list(Lower("email"), flat=True).first() or person.email
