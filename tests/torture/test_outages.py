"""PostgreSQL, then Redis, are away while senders send: health says so, nothing acknowledged is lost, all catches up."""

import time

import pytest
import requests

from tests.demonstration import wait_until
from tests.torture.kills import kept_down
from tests.torture.rounds import Torture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

AWAY_SECONDS = 6
CATCH_UP_SECONDS = 30


def test_senders_notice_little_while_postgresql_or_redis_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("outages")
    # PostgreSQL of root runs as another user, who passes through here.
    directory.chmod(0o711)
    torture = Torture(directory, seed=directory.stat().st_ino)
    with torture.under_way():
        for store in ("postgres", "redis"):
            wait_until(lambda: troubles(torture) == {}, CATCH_UP_SECONDS, f"all is well before {store} goes away")
            with kept_down(torture.server, store):
                before, heartbeats = acknowledged(torture), len(torture.portal.heartbeats)
                time.sleep(AWAY_SECONDS)
                check = {"postgres": "database", "redis": "redis"}[store]
                assert troubles(torture)[check].startswith("away: ")
                assert acknowledged(torture) - before > 20
                # One may have been on its way when the store went.
                assert len(torture.portal.heartbeats) - heartbeats <= 1
            torture.server.wait_until_up()
        wait_until(lambda: troubles(torture) == {}, CATCH_UP_SECONDS, "all is well again")
        heartbeats = len(torture.portal.heartbeats)
        wait_until(lambda: len(torture.portal.heartbeats) > heartbeats, CATCH_UP_SECONDS, "the server is heard of")
    assert torture.result.problems == [], "\n".join(torture.result.lines())
    assert torture.result.acknowledged == torture.result.found > 100
    torture.server.remove()


def troubles(torture: Torture) -> dict[str, str]:
    """What /health/ready says is not well."""
    response = requests.get(f"http://127.0.0.1:{torture.server.web_port}/health/ready", timeout=15)
    found = {name: said for name, said in response.json()["checks"].items() if said != "ok"}
    assert response.status_code == (503 if found else 200)
    return found


def acknowledged(torture: Torture) -> int:
    """How many instances the senders were told are stored."""
    torture.ledger.read()
    return len(torture.ledger.acknowledged)
