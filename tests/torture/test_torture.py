"""The short form of `make torture`: every kind of process is killed once."""

from pathlib import Path

import pytest

from tests.torture.kills import NAMES
from tests.torture.rounds import Torture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_nothing_acknowledged_is_lost_or_doubled_while_processes_are_killed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory: Path = tmp_path_factory.mktemp("torture")
    # PostgreSQL of root runs as another user, who passes through here.
    directory.chmod(0o711)
    torture = Torture(directory, seed=directory.stat().st_ino)
    result = torture.run(rounds=len(NAMES))
    assert result.problems == [], "\n".join(result.lines())
    assert result.kills == dict.fromkeys(NAMES, 1)
    assert result.sent == result.acknowledged == result.found > 100
    assert result.reports >= len(torture.portal.holdings) > 5
    torture.server.remove()
