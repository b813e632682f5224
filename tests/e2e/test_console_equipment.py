"""The console names a machine that does not answer, and says what waits to be sent on to it."""

from collections.abc import Iterator
from secrets import token_hex

import pytest
from playwright.sync_api import expect

from tests.demonstration import Demonstration, Server, free_port
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(300)

# The machines are asked each minute, and the heartbeat that tells of it follows.
SECONDS = 150


@pytest.fixture
def silent_machine(demonstration: Demonstration) -> Iterator[tuple[Server, str]]:
    """A peer of a server that is watched, and does not listen."""
    server = demonstration.server("B")
    name = f"CT {token_hex(3)}"
    where = ("--host", "127.0.0.1", "--port", str(free_port()))
    demonstration.manage(server, "add_peer", name, "--ae-title", "SILENT", *where, "--watch")
    yield server, name
    demonstration.manage(server, "remove_peer", name)


def test_a_machine_that_does_not_answer_is_named_and_what_waits_for_it(
    demonstration: Demonstration, sign_in: SignIn, silent_machine: tuple[Server, str]
) -> None:
    server, name = silent_machine
    study = server.archived_files[0].parent.parent.name
    demonstration.manage(server, "forward_study", study, "--to", name)
    administrator = next(one for one in demonstration.content["people"] if one["role"] == "system_administrator")
    page = sign_in(demonstration.person("system_administrator", administrator["institution"]))
    page.goto(f"{demonstration.portal_url}/monitoring/")
    card = page.locator(f'[data-server="{server.id}"]')
    equipment = card.locator("[data-equipment]")
    expect(equipment).to_contain_text(f"{name} unreachable since", timeout=SECONDS * 1000)
    expect(card.locator("[data-forwarding]")).to_contain_text("waiting", timeout=SECONDS * 1000)
    expect(card.locator("[data-forwarding]")).to_contain_text("takes nothing")
