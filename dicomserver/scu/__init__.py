"""What this server asks other machines for: echo, store, find, move, get, over associations that it opens itself."""

from dicomserver.scu.association import Accepted, Connection, Context, associate
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
from dicomserver.scu.getting import MAX_STORAGE_CONTEXTS, Incoming, get
from dicomserver.scu.messages import Keeper, StoreAnswer
from dicomserver.scu.moving import move
from dicomserver.scu.peers import Listener, Timeouts, default_timeouts
from dicomserver.scu.progress import RetrieveProgress
from dicomserver.scu.sending import send_instances
from dicomserver.scu.store_request import MoveOriginator
from dicomserver.scu.stored_files import Sent, StoredFile

__all__ = [
    "MAX_STORAGE_CONTEXTS",
    "Accepted",
    "Connection",
    "ConnectionLost",
    "Context",
    "Incoming",
    "Interrupted",
    "Keeper",
    "Listener",
    "MoveOriginator",
    "NothingAccepted",
    "PeerFailed",
    "PeerRejected",
    "PeerUnreachable",
    "RetrieveProgress",
    "ScuError",
    "Sent",
    "StoreAnswer",
    "StoredFile",
    "Timeouts",
    "associate",
    "default_timeouts",
    "echo",
    "find",
    "get",
    "move",
    "send_instances",
]
