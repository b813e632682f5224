"""Delivery against a real HTTP portal: up, down, failing, slow, refusing, and while a study grows."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from dicomserver.archive import Archive
from dicomserver.identity import Identity, NotEnrolled
from dicomserver.identity import portal as portal_module
from dicomserver.index.models import Study
from dicomserver.index.services import next_revision
from dicomserver.outbox import delivery as delivery_module
from dicomserver.outbox.models import Failure, OutboxMessage
from dicomserver.outbox.selectors import outbox_counts
from dicomserver.outbox.services import (
    deliver_due_messages,
    enqueue_access_event,
    prune_delivered,
    request_study_report,
)
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble, Reply, problem_body
from wire import routes
from wire.events import AccessEvent


def make_all_due() -> None:
    OutboxMessage.objects.filter(delivered_at__isnull=True).update(next_attempt_at=timezone.now())


def access_event(**changes: Any) -> AccessEvent:
    values: dict[str, Any] = {
        "message_id": uuid4(),
        "server_id": uuid4(),
        "kind": "pixels_read",
        "sub": "user-1",
        "session_id": "session-1",
        "token_id": "token-1",
        "study_instance_uid": "1.2.3",
        "occurred_at": timezone.now(),
        "ended_at": timezone.now(),
        "instances": 3,
        "frames": 4,
        "sent_bytes": 5,
        "remote_address": "127.0.0.1",
        "reason": "",
    }
    return AccessEvent(**(values | changes))


def touch(study: Study) -> None:
    """Change the study as ingest does."""
    with transaction.atomic():
        locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        locked.revision = next_revision(locked.revision)
        locked.save()
        request_study_report(locked.pk)


@pytest.mark.django_db
def test_a_received_study_reaches_the_portal(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    instance = take_in(small_ct(PatientName="Popescu^Ion", SeriesNumber=3))
    assert deliver_due_messages() == delivery_module.Delivery(delivered=1, failed=0)
    (report,) = portal.reports
    assert report.server_id == enrolled.server_id
    assert report.study_instance_uid == instance.series.study.study_instance_uid
    assert report.revision == instance.series.study.revision
    assert report.patient.patient_name.alphabetic == "Popescu^Ion"
    assert (report.patient.patient_id, report.patient.issuer_of_patient_id) == ("P-1", "HOSPITAL")
    assert report.referring_physician_name.alphabetic == "Referrer^Rita"
    assert [(one.modality, one.series_number, one.number_of_series_related_instances) for one in report.series] == [
        ("CT", 3, 1)
    ]
    assert (report.number_of_study_related_instances, report.complete) == (1, False)
    assert report.calling_ae_titles == ("MODALITY",)
    assert report.stored_bytes == instance.file_bytes
    message = OutboxMessage.objects.get()
    assert (message.delivered_revision, message.failure) == (report.revision, Failure.NONE)


@pytest.mark.django_db
def test_many_instances_of_a_study_wait_as_one_report(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    first = small_ct()
    for _ in range(5):
        take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID))
    assert OutboxMessage.objects.count() == 1
    deliver_due_messages()
    assert [report.number_of_study_related_instances for report in portal.reports] == [5]


@pytest.mark.django_db
def test_the_first_report_is_due_at_once_and_the_next_after_two_seconds(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    instance = take_in(small_ct())
    deliver_due_messages()
    touch(instance.series.study)
    waiting = OutboxMessage.objects.get(delivered_at__isnull=True)
    assert waiting.next_attempt_at - waiting.created_at == timedelta(seconds=2)
    assert deliver_due_messages().delivered == 0
    make_all_due()
    assert deliver_due_messages().delivered == 1
    assert len(portal.reports) == 2


@pytest.mark.django_db
def test_a_study_without_change_is_not_reported_again(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    take_in(small_ct())
    deliver_due_messages()
    make_all_due()
    deliver_due_messages()
    assert len(portal.reports) == 1


@pytest.mark.django_db(transaction=True)
def test_what_changes_while_the_report_travels_is_reported_after_it(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    study = take_in(small_ct()).series.study

    def grow(_message: object) -> None:
        portal.before_answer = lambda message: None
        touch(study)
        connection.close()

    portal.before_answer = grow
    deliver_due_messages()
    waiting = OutboxMessage.objects.get()
    assert (waiting.delivered_at, waiting.attempts) == (None, 0)
    make_all_due()
    deliver_due_messages()
    study.refresh_from_db()
    assert portal.reports[0].revision < portal.reports[1].revision == study.revision
    assert portal.reports[0].message_id != portal.reports[1].message_id
    assert not OutboxMessage.objects.filter(delivered_at__isnull=True).exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_late_is_never_lost(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    """Ingest found a report waiting, and commits only after that report was answered."""
    study = take_in(small_ct()).series.study
    at_portal, changed = threading.Event(), threading.Event()

    def change_slowly() -> None:
        at_portal.wait(10)
        with transaction.atomic():
            locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
            locked.revision = next_revision(locked.revision)
            locked.save()
            request_study_report(locked.pk)
            changed.set()
            # The delivery has its answer by now and wants the study's lock.
            threading.Event().wait(0.3)
        connection.close()

    thread = threading.Thread(target=change_slowly)
    thread.start()

    def wait_for_change(_message: object) -> None:
        portal.before_answer = lambda message: None
        at_portal.set()
        changed.wait(10)

    portal.before_answer = wait_for_change
    deliver_due_messages()
    thread.join()
    make_all_due()
    deliver_due_messages()
    study.refresh_from_db()
    assert portal.reports[-1].revision == study.revision
    assert not OutboxMessage.objects.filter(delivered_at__isnull=True).exists()


@pytest.mark.django_db
def test_a_portal_that_is_down_loses_nothing_and_gets_everything_when_it_is_up(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    portal.stop()
    take_in(small_ct())
    take_in(small_ct())
    assert deliver_due_messages() == delivery_module.Delivery(delivered=0, failed=1)
    assert deliver_due_messages() == delivery_module.Delivery(delivered=0, failed=1)
    assert outbox_counts().waiting == 2
    assert set(OutboxMessage.objects.values_list("failure", flat=True)) == {Failure.UNREACHABLE}
    portal.start()
    take_in(small_ct())
    assert deliver_due_messages().delivered == 3
    assert len({report.study_instance_uid for report in portal.reports}) == 3
    assert outbox_counts() == outbox_counts().__class__(0, 0, None)


@pytest.mark.django_db
def test_pauses_grow_to_a_minute_and_never_end(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    portal.stop()
    take_in(small_ct())
    pauses = []
    for _ in range(12):
        make_all_due()
        before = timezone.now()
        deliver_due_messages()
        pauses.append((OutboxMessage.objects.get().next_attempt_at - before).total_seconds())
    assert 0.5 <= pauses[0] <= 1.5
    assert 2 <= pauses[2] <= 4.5
    assert all(30 <= pause <= 61 for pause in pauses[7:])
    assert OutboxMessage.objects.get().attempts == 12


@pytest.mark.django_db
@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 502, 503])
def test_what_may_succeed_later_is_tried_again_with_the_same_message_id(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn, status: int
) -> None:
    take_in(small_ct())
    portal.replies[routes.STUDY_REPORTS] = [Reply(status, problem_body(status, "some_code"), accept=True)]
    assert deliver_due_messages() == delivery_module.Delivery(delivered=0, failed=1)
    message = OutboxMessage.objects.get()
    assert (message.failure, message.parked_at) == (Failure.BUSY, None)
    assert message.last_error == f"HTTP {status} some_code: Because."
    make_all_due()
    assert deliver_due_messages().delivered == 1
    first, second = portal.reports
    assert first.message_id == second.message_id


@pytest.mark.django_db
def test_one_failing_message_does_not_hold_up_the_others(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    take_in(small_ct())
    take_in(small_ct())
    portal.replies[routes.STUDY_REPORTS] = [Reply(500)]
    assert deliver_due_messages() == delivery_module.Delivery(delivered=1, failed=1)


@pytest.mark.django_db
def test_the_portal_says_how_long_to_wait(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    take_in(small_ct())
    portal.replies[routes.STUDY_REPORTS] = [Reply(429, headers={"Retry-After": "120"})]
    before = timezone.now()
    deliver_due_messages()
    assert (OutboxMessage.objects.get().next_attempt_at - before).total_seconds() >= 60


@pytest.mark.django_db
@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_can_never_succeed_is_parked_and_seen(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn, status: int
) -> None:
    take_in(small_ct())
    portal.replies[routes.STUDY_REPORTS] = [Reply(status, problem_body(status, "message_invalid"))]
    before = timezone.now()
    assert deliver_due_messages() == delivery_module.Delivery(delivered=0, failed=1)
    message = OutboxMessage.objects.get()
    assert message.failure == Failure.REFUSED
    assert message.parked_at is not None
    assert (message.next_attempt_at - before).total_seconds() >= 450
    assert (outbox_counts().waiting, outbox_counts().parked) == (1, 1)
    make_all_due()
    assert deliver_due_messages().delivered == 1
    assert outbox_counts().waiting == 0


@pytest.mark.django_db
def test_a_newer_report_replaces_a_parked_one(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    study = take_in(small_ct()).series.study
    portal.replies[routes.STUDY_REPORTS] = [Reply(422)]
    deliver_due_messages()
    touch(study)
    assert OutboxMessage.objects.count() == 2
    OutboxMessage.objects.filter(parked_at__isnull=True).update(next_attempt_at=timezone.now())
    deliver_due_messages()
    assert OutboxMessage.objects.get().delivered_at is not None
    assert outbox_counts().parked == 0


@pytest.mark.django_db
def test_a_study_that_makes_no_report_is_parked_and_others_go_on(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    broken = take_in(small_ct()).series.study
    take_in(small_ct())
    Study.objects.filter(pk=broken.pk).update(requesting_physician_names=["not a name"])
    assert deliver_due_messages() == delivery_module.Delivery(delivered=1, failed=1)
    parked = OutboxMessage.objects.get(parked_at__isnull=False)
    assert parked.subject == broken.study_instance_uid
    assert parked.last_error == "The report cannot be built: AttributeError"


@pytest.mark.django_db
def test_hostile_text_is_cleaned_and_delivered(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    take_in(small_ct(PatientID="x" * 64, StudyDescription="<script>alert(1)</script>", PatientName="A\x1b[2J^B"))
    assert deliver_due_messages().delivered == 1
    assert portal.reports[0].study_description == "<script>alert(1)</script>"


@pytest.mark.django_db
def test_a_slow_portal_is_given_up_on_in_time(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_module, "READ_SECONDS", 0.2)
    hold = threading.Event()
    portal.replies[routes.STUDY_REPORTS] = [Reply(200, hold=hold)]
    take_in(small_ct())
    assert deliver_due_messages() == delivery_module.Delivery(delivered=0, failed=1)
    assert OutboxMessage.objects.get().failure == Failure.UNREACHABLE
    hold.set()


@pytest.mark.django_db
def test_a_redirect_is_not_followed(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    take_in(small_ct())
    portal.replies[routes.STUDY_REPORTS] = [Reply(307, headers={"Location": f"{portal.url}{routes.HEARTBEATS}"})]
    assert deliver_due_messages() == delivery_module.Delivery(delivered=0, failed=1)
    assert portal.accepted[routes.HEARTBEATS] == []


@pytest.mark.django_db
def test_an_access_event_travels_as_it_was_written(enrolled: Identity, portal: PortalDouble) -> None:
    event = access_event(server_id=enrolled.server_id)
    enqueue_access_event(event)
    assert deliver_due_messages().delivered == 1
    assert portal.events == [event]


@pytest.mark.django_db
def test_an_event_from_before_a_second_enrolment_is_the_new_servers(enrolled: Identity, portal: PortalDouble) -> None:
    enqueue_access_event(access_event())
    deliver_due_messages()
    assert [event.server_id for event in portal.events] == [enrolled.server_id]


@pytest.mark.django_db(transaction=True)
def test_two_deliveries_at_once_send_each_message_once(enrolled: Identity, portal: PortalDouble) -> None:
    for _ in range(12):
        enqueue_access_event(access_event())
    results = []

    def deliver() -> None:
        results.append(deliver_due_messages().delivered)
        connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(results) == 12
    assert len({event.message_id for event in portal.events}) == len(portal.events) == 12


@pytest.mark.django_db
def test_a_server_that_is_not_enrolled_keeps_everything(archive: Archive, take_in: TakeIn) -> None:
    take_in(small_ct())
    with pytest.raises(NotEnrolled):
        deliver_due_messages()
    assert outbox_counts().waiting == 1


@pytest.mark.django_db
def test_a_report_of_a_study_that_is_gone_goes_too(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    take_in(small_ct())
    Study.objects.all().delete()
    deliver_due_messages()
    assert portal.reports == []
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db
def test_delivered_messages_are_forgotten_after_a_week(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    take_in(small_ct())
    deliver_due_messages()
    assert prune_delivered() == 0
    OutboxMessage.objects.update(delivered_at=timezone.now() - timedelta(days=8))
    enqueue_access_event(access_event())
    assert prune_delivered() == 1
    assert OutboxMessage.objects.get().delivered_at is None
