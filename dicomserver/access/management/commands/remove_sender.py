"""Another name of `remove_peer`, from when all peers were senders."""

from dicomserver.access.management.commands import remove_peer


class Command(remove_peer.Command):
    """python -m dicomserver remove_sender NAME."""
