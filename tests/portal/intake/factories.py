"""What servers send, as bodies, for tests of the door."""

from uuid import uuid4

from wire.events import AccessEvent
from wire.examples import example
from wire.messages import body_of

EVENT = AccessEvent.model_validate_json(example("access_event"))


def make_event(server, **changes) -> AccessEvent:
    """The golden event as `server` would send it, as a new message, changed."""
    return EVENT.model_copy(update={"message_id": uuid4(), "server_id": server.pk, **changes})


def body(message) -> bytes:
    """The bytes that travel."""
    return body_of(message)
