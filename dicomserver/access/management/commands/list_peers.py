"""Shows the machines that the server knows, and what they may do."""

from typing import Any

from django.core.management.base import BaseCommand

from dicomserver.access.models import Peer, RetrieveBy


class Command(BaseCommand):
    """python -m dicomserver list_peers."""

    help = (
        "List the peers, one a line with tabs between: name, AE title, called AE title, addresses, certificate, HTTP "
        "token, services, where it listens, what else, since when, until when."
    )

    def handle(self, *_arguments: Any, **_options: Any) -> None:
        """One line each."""
        for peer in Peer.objects.order_by("name"):
            self.stdout.write("\t".join(value or "-" for value in _values(peer)))


def _values(peer: Peer) -> list[str]:
    scheme = "dicom-tls" if peer.uses_tls else "dicom"
    is_got = peer.retrieve_by == RetrieveBy.GET
    said = (("archive", peer.is_archive), ("retrieved by get", is_got), ("watched", peer.is_watched))
    roles = [name for name, is_so in said if is_so]
    return [
        peer.name,
        peer.ae_title,
        peer.called_ae_title,
        ",".join(peer.addresses),
        peer.certificate_sha256,
        "token" if peer.token_sha256 else "",
        ",".join(peer.services),
        f"{scheme}://{peer.host}:{peer.port}" if peer.host else "",
        ",".join(roles),
        f"{peer.created_at:%Y-%m-%d %H:%M}",
        f"{peer.disabled_at:%Y-%m-%d %H:%M}" if peer.disabled_at else "",
    ]
