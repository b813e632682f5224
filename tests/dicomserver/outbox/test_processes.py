"""The real worker and beat: a study stands in the portal within seconds, also after both were killed."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from dicomserver.identity import Identity
from dicomserver.outbox.models import OutboxMessage
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble
from tests.dicomserver.processes import ServerProcess
from wire import routes

Start: TypeAlias = Callable[..., ServerProcess]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(90)]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    started = []

    def start_one(command: str, **changes: str) -> ServerProcess:
        started.append(ServerProcess(command, home, **changes))
        return started[-1]

    yield start_one
    for process in started:
        if process.process.poll() is None:
            process.stop(signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float) -> float:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.05)
    return time.monotonic() - begun


def test_a_study_stands_in_the_portal_and_is_complete_when_quiet(
    start: Start, enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    start("run_worker", STUDY_QUIET_SECONDS="2", HEARTBEAT_SECONDS="2")
    start("run_beat", STUDY_QUIET_SECONDS="2", HEARTBEAT_SECONDS="2")
    wait_until(lambda: bool(portal.accepted[routes.HEARTBEATS]), 30)
    first = small_ct()
    take_in(first)
    assert wait_until(lambda: bool(portal.reports), 10) < 5
    for _ in range(3):
        take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID))
    wait_until(lambda: portal.reports[-1].number_of_study_related_instances == 4, 10)
    wait_until(lambda: portal.reports[-1].complete, 15)
    assert portal.refused == []


def test_a_killed_worker_and_beat_lose_nothing(
    start: Start, enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    worker, beat = start("run_worker"), start("run_beat")
    take_in(small_ct())
    wait_until(lambda: len(portal.reports) == 1, 30)
    worker.stop(signal.SIGKILL)
    beat.stop(signal.SIGKILL)
    take_in(small_ct())
    take_in(small_ct())
    start("run_worker")
    beat = start("run_beat")
    wait_until(lambda: len({report.study_instance_uid for report in portal.reports}) == 3, 30)
    wait_until(lambda: not OutboxMessage.objects.filter(delivered_at__isnull=True).exists(), 5)
    # The first one comes twice where its worker was killed between the answer and the commit.
    assert len({report.message_id for report in portal.reports}) == 3
    assert beat.stop() == 0
