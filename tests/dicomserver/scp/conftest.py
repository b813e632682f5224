"""A server that loses its patience soon, for peers that try it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    # Needs Django, which is set up after a conftest is read.
    from dicomserver.scp.server import ScpServer


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, start_scp: "Callable[..., ScpServer]") -> "ScpServer":
    """A server that waits a second where a real one waits minutes, and has served one sender already."""
    from tests.dicomserver.scp.hostile import PATIENCE_SECONDS, assert_a_good_sender_is_served

    for name in ("ACSE_TIMEOUT_SECONDS", "DIMSE_TIMEOUT_SECONDS", "NETWORK_TIMEOUT_SECONDS"):
        monkeypatch.setattr(f"dicomserver.scp.server.{name}", PATIENCE_SECONDS)
    server = start_scp()
    assert_a_good_sender_is_served(server.port)
    return server
