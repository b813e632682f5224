"""Whoever listens to commits hears of new instances once, in their transaction, and of nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from dicomserver.index.models import Instance
from dicomserver.ingest.errors import IngestUnavailable
from dicomserver.ingest.signals import instances_committed
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db


@contextmanager
def listening(receiver: Callable[..., None]) -> Iterator[None]:
    instances_committed.connect(receiver, weak=False)
    try:
        yield
    finally:
        instances_committed.disconnect(receiver)


def test_a_listener_hears_of_a_new_instance_and_finds_its_row(take_in: TakeIn) -> None:
    heard: list[tuple[Any, ...]] = []

    def hear(**told: Any) -> None:
        assert connection.in_atomic_block
        for one in told["instances"]:
            study = told["studies"][one.header.study_instance_uid]
            row = Instance.objects.get(sop_instance_uid=one.header.sop_instance_uid)
            heard.append((row.series.study_id == study.pk, one.source.calling_ae_title, one.header.series["modality"]))

    with listening(hear):
        take_in(small_ct())
    assert heard == [(True, "MODALITY", "CT")]


def test_a_listener_hears_nothing_of_what_is_known_or_a_conflict(take_in: TakeIn) -> None:
    ds = small_ct()
    take_in(ds)
    heard: list[Any] = []
    with listening(lambda **told: heard.extend(told["instances"])):
        take_in(ds)
        ds.PatientName = "Somebody^Else"
        take_in(ds)
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_listener_that_fails_keeps_the_instance_out_of_the_index_until_the_next_try(take_in: TakeIn) -> None:
    def fail(**_told: Any) -> None:
        raise IngestUnavailable("Not now.")

    ds = small_ct()
    with listening(fail), pytest.raises(IngestUnavailable):
        take_in(ds)
    assert Instance.objects.count() == 0
    take_in(ds)
    assert Instance.objects.count() == 1
