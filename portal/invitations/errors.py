"""Why an invitation is not sent or not accepted."""

from portal.invitations.models import State


class InvitationError(Exception):
    """What was asked for is refused; nothing was changed."""

    code = "invitation_refused"


class InvitationRefused(InvitationError):
    """This cannot be sent; the message says why."""


class MayNotInvite(InvitationRefused):
    """The role, or the institution, is not the inviter's to invite to."""


class TooManyLetters(InvitationError):
    """The address got too many letters within the hour."""

    code = "too_many_letters"
    wait = 3600
    """Seconds."""

    def __init__(self) -> None:
        super().__init__("This address got several letters within the hour. Wait an hour, then send it again.")


class InvitationClosed(InvitationError):
    """It was accepted, withdrawn, or has expired."""

    code = "invitation_closed"

    def __init__(self, state: State) -> None:
        super().__init__("This invitation is not open any more.")
        self.state = state


class NotYourInvitation(InvitationError):
    """To this person there is no such invitation."""


class AddressHasAccount(InvitationError):
    """Somebody has an account with the address, and signs in to accept."""
