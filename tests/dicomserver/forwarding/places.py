"""Where things go in tests: peers that listen, and rules to them."""

from typing import Any

from dicomserver.access.models import Peer
from dicomserver.access.peers import add_peer, change_peer, known_peers
from dicomserver.forwarding.models import ForwardRule
from dicomserver.forwarding.rules import add_rule, known_rules


def destination(name: str = "pacs", *, port: int = 1, ae_title: str = "MACHINE", **values: Any) -> Peer:
    """A peer that listens, or seems to."""
    peer = add_peer(name, ae_title=ae_title, host="127.0.0.1", port=port, services=["store"], **values).peer
    known_peers.forget()
    return peer


def rule(name: str = "all", *, to: str = "pacs", **values: Any) -> ForwardRule:
    """A rule that holds at once."""
    made = add_rule(name, destination=to, **values)
    known_rules.forget()
    return made


def moved(name: str = "pacs", **values: Any) -> None:
    """The peer is elsewhere now, and that is known at once."""
    change_peer(name, **values)
    known_peers.forget()
