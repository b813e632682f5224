"""Fixtures of the server in its network."""

from tests.dicomserver.network import enrolled, portal

__all__ = ["enrolled", "portal"]
