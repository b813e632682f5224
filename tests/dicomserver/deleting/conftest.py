"""A server in its network that deletes."""

from tests.dicomserver.network import enrolled, portal, take_in

__all__ = ["enrolled", "portal", "take_in"]
