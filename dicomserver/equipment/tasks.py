"""Tasks that watch over machines: a lost one is made up for by the next."""

from celery import shared_task

from dicomserver.access.models import Peer
from dicomserver.access.peers import watched
from dicomserver.equipment import services

_EXPIRES_SECONDS = 60.0


@shared_task(acks_late=True)
def check_watched_equipment() -> None:
    """Begin to ask each watched machine, each in a task of its own: one that hangs delays no other."""
    for peer in watched():
        check.apply_async((peer.pk,), expires=_EXPIRES_SECONDS)


@shared_task(acks_late=True)
def check(peer_pk: int) -> None:
    """Ask one machine."""
    peer = Peer.objects.filter(pk=peer_pk, disabled_at=None).exclude(host="").first()
    if peer is not None:
        services.check(peer)
