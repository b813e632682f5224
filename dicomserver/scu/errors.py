"""What can go wrong with another machine, by what the caller may do: wait and try again, or tell a person."""


class ScuError(Exception):
    """The other machine did not do what it was asked; the message says so in words for people."""


class PeerUnreachable(ScuError):
    """It cannot be reached, or does not answer in time: another time may do."""


class ConnectionLost(PeerUnreachable):
    """It was there, and ended the association or fell silent before it had answered."""


class PeerRejected(ScuError):
    """It refuses the association, or all that was asked for; `reason` is what it says."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The machine refuses the association: {reason}")
        self.reason = reason


class NothingAccepted(PeerRejected):
    """It accepts the association, and nothing of what was proposed."""


class PeerFailed(ScuError):
    """It answered with a failure: `status` as in PS3.7 Annex C, `comment` its own words."""

    def __init__(self, status: int, comment: str = "") -> None:
        super().__init__(f"The machine answered with a failure (0x{status:04X}){f': {comment}' if comment else ''}.")
        self.status = status
        self.comment = comment


class Interrupted(Exception):
    """Raised by a caller's `on_wait` where it wants what is going on to end now."""
