"""Fixtures of the server in its network."""

from tests.dicomserver.network import enrolled, portal, take_in

__all__ = ["enrolled", "portal", "take_in"]
