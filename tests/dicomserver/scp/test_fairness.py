"""Sixteen modalities that send at once to the real processes: each gets its share."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import mean

import pytest

from benchmarks.senders.scu import ScuAssociation
from benchmarks.senders.scu import Sendable as Made
from dicomserver.index.models import Instance
from tests.dicomserver.objects import CT, EXPLICIT, sendable, small_ct
from tests.dicomserver.scp.hostile import wait_for
from tests.dicomserver.scp.test_process import ScpProcess, start_process

__all__ = ["start_process"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]

SENDERS, INSTANCES = 16, 30


def test_none_of_sixteen_senders_takes_twice_the_time_of_the_others(start_process: Callable[[], ScpProcess]) -> None:
    server = start_process()
    begin = threading.Barrier(SENDERS)

    def send(number: int) -> float:
        made = [sendable(small_ct(Rows=128, Columns=128, PixelData=bytes(2 * 128 * 128))) for _ in range(INSTANCES + 1)]
        pictures = [Made(one.sop_class_uid, one.sop_instance_uid, (one.data,)) for one in made]
        with ScuAssociation(server.port, "SERVER_A", CT, EXPLICIT, f"MODALITY{number}") as association:
            association.store(pictures[0])
            begin.wait(60)
            started = time.monotonic()
            for picture in pictures[1:]:
                association.store(picture)
            return time.monotonic() - started

    with ThreadPoolExecutor(SENDERS) as senders:
        seconds = list(senders.map(send, range(SENDERS)))
    assert max(seconds) <= 2 * mean(seconds)
    assert wait_for(lambda: Instance.objects.count() == SENDERS * (INSTANCES + 1))
