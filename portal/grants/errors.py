"""Why access cannot be given or taken; every error says what to do and carries a stable code."""

from django.utils.translation import gettext_lazy as _

from portal.grants.refusals import Refused


class GrantRefused(Refused):
    """What was asked for breaks a rule of giving access. `field` names the part of the request that is wrong."""

    code = "grant_refused"
    field = ""
    words = _("This access cannot be given.")


class ShareNotAllowed(GrantRefused):
    """The giver sees the study but may not share it, or not the whole patient."""

    code = "share_not_allowed"
    words = _("You may see this study but not share it. Ask somebody of the institution that owns it.")


class MoreThanGiverHas(GrantRefused):
    """A permission or an end beyond what the giver has."""

    code = "more_than_giver_has"
    field = "permissions"
    words = _("You cannot give a right that you lack yourself, nor one that outlasts your own.")


class GrantWithoutView(GrantRefused):
    """Every other permission needs viewing."""

    code = "grant_without_view"
    field = "permissions"
    words = _("Access always includes viewing. Choose view as well.")


class GrantEndsBeforeItBegins(GrantRefused):
    """The end is not after the beginning, or already over."""

    code = "grant_ends_before_it_begins"
    field = "valid_until"
    words = _("The end must be later than the beginning and later than now.")


class GrantToOneself(GrantRefused):
    """Giver and receiver are the same person."""

    code = "grant_to_oneself"
    field = "grantee"
    words = _("You have this access already. Choose another person.")


class UnknownGrantee(GrantRefused):
    """Nobody who can sign in goes by this name."""

    code = "unknown_grantee"
    field = "grantee"
    words = _("Nobody here goes by this name. Check the e-mail address or user name.")


class RoleSeesIt(GrantRefused):
    """The role has the access already."""

    code = "role_sees_it"
    field = "institution"
    words = _("Radiologists of the institution that owns the study see it already. Choose another institution.")


class RoleReadsNoImages(GrantRefused):
    """Whoever holds the role looks at no images, or it is no circle that one may give access to."""

    code = "role_reads_no_images"
    field = "role"
    words = _("Access is given to radiologists or to referring doctors of an institution. Choose one of these.")


class AddressWasWrittenTo(GrantRefused):
    """The e-mail address got too many letters within the hour."""

    code = "too_many_letters"
    field = "grantee"
    words = _("This address got several letters within the hour. Wait an hour, then give access again.")


class NotYours(Exception):
    """What is named (a grant, an assignment, an order) is not the actor's to change; to them it does not exist."""
