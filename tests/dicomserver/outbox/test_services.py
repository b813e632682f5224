"""A study that is quiet is complete, until another instance comes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from dicomserver.identity import Identity
from dicomserver.index.models import Study
from dicomserver.outbox.models import OutboxMessage, StudyHold
from dicomserver.outbox.services import (
    complete_announced_study,
    complete_quiet_studies,
    deliver_due_messages,
    enqueue_order_report,
    hold_study_open,
)
from dicomserver.outbox.signals import study_completed
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble
from wire.examples import example
from wire.messages import parse
from wire.orders import OrderReport


@pytest.mark.django_db
def test_a_quiet_study_is_complete_and_reported_so(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn, settings: Settings
) -> None:
    study = take_in(small_ct()).series.study
    deliver_due_messages()
    assert complete_quiet_studies() == 0
    Study.objects.update(last_received_at=timezone.now() - timedelta(seconds=settings.STUDY_QUIET_SECONDS))
    assert complete_quiet_studies() == 1
    assert complete_quiet_studies() == 0
    OutboxMessage.objects.filter(delivered_at__isnull=True).update(next_attempt_at=timezone.now())
    deliver_due_messages()
    assert [report.complete for report in portal.reports] == [False, True]
    assert portal.reports[1].revision > study.revision


@pytest.mark.django_db
def test_an_instance_after_completion_opens_the_study_again(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    first = small_ct()
    take_in(first)
    Study.objects.update(last_received_at=timezone.now() - timedelta(hours=1))
    complete_quiet_studies()
    take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID))
    OutboxMessage.objects.filter(delivered_at__isnull=True).update(next_attempt_at=timezone.now())
    deliver_due_messages()
    assert [report.complete for report in portal.reports] == [False]


@pytest.mark.django_db
def test_a_listener_hears_of_each_completion_in_its_transaction(take_in: TakeIn) -> None:
    heard: list[tuple[str, bool]] = []

    def hear(**told: Any) -> None:
        study = told["study"]
        heard.append((study.study_instance_uid, study.completed_at is not None and connection.in_atomic_block))

    first = small_ct()
    study_completed.connect(hear)
    try:
        for _ in range(2):
            take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID))
            Study.objects.update(last_received_at=timezone.now() - timedelta(hours=1))
            complete_quiet_studies()
            complete_quiet_studies()
    finally:
        study_completed.disconnect(hear)
    assert heard == [(first.StudyInstanceUID, True)] * 2


@pytest.mark.django_db
def test_a_study_that_is_held_open_is_not_complete_for_being_quiet(enrolled: Identity, take_in: TakeIn) -> None:
    uid = take_in(small_ct()).series.study.study_instance_uid
    Study.objects.update(last_received_at=timezone.now() - timedelta(hours=1))
    hold_study_open(uid, timezone.now() + timedelta(minutes=1))
    hold_study_open(uid, timezone.now() + timedelta(minutes=2))
    assert complete_quiet_studies() == 0
    hold_study_open(uid, None)
    assert complete_quiet_studies() == 1


@pytest.mark.django_db
def test_a_hold_ends_by_itself(enrolled: Identity, take_in: TakeIn) -> None:
    uid = take_in(small_ct()).series.study.study_instance_uid
    Study.objects.update(last_received_at=timezone.now() - timedelta(hours=1))
    hold_study_open(uid, timezone.now() - timedelta(seconds=1))
    assert complete_quiet_studies() == 1
    assert not StudyHold.objects.exists()


@pytest.mark.django_db
def test_a_study_completed_at_once_is_completed_once(enrolled: Identity, take_in: TakeIn) -> None:
    study = take_in(small_ct()).series.study
    assert complete_announced_study(study.study_instance_uid)
    assert not complete_announced_study(study.study_instance_uid)
    assert not complete_announced_study("1.2.3")
    assert Study.objects.get().revision > study.revision


@pytest.mark.django_db
def test_a_report_of_an_order_reaches_the_portal(enrolled: Identity, portal: PortalDouble) -> None:
    report = parse(OrderReport, example("order_report"))
    enqueue_order_report(report)
    assert deliver_due_messages().delivered == 1
    assert portal.order_reports == [report.model_copy(update={"server_id": portal.server_id})]
