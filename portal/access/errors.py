"""Why a request for access cannot be made or decided; every error says what to do and carries a stable code."""

from django.utils.translation import gettext_lazy as _

from portal.grants.errors import GrantRefused


class TooManyTries(Exception):
    """The person looked too often for what the policy hides from them."""


class RequestedAlready(GrantRefused):
    """A request of the same person for the same study waits for an answer."""

    code = "requested_already"
    words = _("You asked for this study already. The institution has not answered yet.")


class AllowedAlready(GrantRefused):
    """The person has what they ask for."""

    code = "allowed_already"
    words = _("You may do this already. Open the study from the list.")


class RequestWithoutReason(GrantRefused):
    """The institution could not tell why it should say yes."""

    code = "request_without_reason"
    field = "reason"
    words = _("Say why you need it, in at least 15 characters.")


class DecisionWithoutReason(GrantRefused):
    """Whoever asked could not tell why the answer is no."""

    code = "decision_without_reason"
    field = "reason"
    words = _("Say why not; the person who asked reads it.")


class RequestTooLong(GrantRefused):
    """Access that is asked for does not last for ever."""

    code = "request_too_long"
    field = "valid_until"
    words = _("Ask for a year at most.")


class RequestDecided(GrantRefused):
    """Somebody else was quicker."""

    code = "request_decided"
    words = _("This request was decided already.")


class ReviewWithoutNote(GrantRefused):
    """A review that says nothing is none."""

    code = "review_without_note"
    field = "note"
    words = _("Say what you found.")
