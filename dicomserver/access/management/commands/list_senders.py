"""Another name of `list_peers`, from when all peers were senders."""

from dicomserver.access.management.commands import list_peers


class Command(list_peers.Command):
    """python -m dicomserver list_senders."""
