"""What this server asks other machines for: echo, store, find, move, over associations that it opens itself."""

from dicomserver.scu.association import Accepted, Connection, associate
from dicomserver.scu.echoing import echo
from dicomserver.scu.errors import (
    ConnectionLost,
    Interrupted,
    NothingAccepted,
    PeerFailed,
    PeerRejected,
    PeerUnreachable,
    ScuError,
)
from dicomserver.scu.finding import find
from dicomserver.scu.moving import MoveProgress, move
from dicomserver.scu.peers import Listener, Timeouts, default_timeouts
from dicomserver.scu.sending import send_instances
from dicomserver.scu.store_request import MoveOriginator
from dicomserver.scu.stored_files import Sent, StoredFile

__all__ = [
    "Accepted",
    "Connection",
    "ConnectionLost",
    "Interrupted",
    "Listener",
    "MoveOriginator",
    "MoveProgress",
    "NothingAccepted",
    "PeerFailed",
    "PeerRejected",
    "PeerUnreachable",
    "ScuError",
    "Sent",
    "StoredFile",
    "Timeouts",
    "associate",
    "default_timeouts",
    "echo",
    "find",
    "move",
    "send_instances",
]
