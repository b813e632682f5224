"""What transcoding answers where it cannot keep what there is."""


class CannotTranscode(Exception):
    """The instance or frame cannot be given in that transfer syntax without loss; the message says why."""
