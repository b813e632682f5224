"""The tasks and the schedule: each entry names a task that exists, and no task fails for want of an enrolment."""

from importlib import import_module

import pytest
from django.conf import settings

from dicomserver.access import tasks as access_tasks
from dicomserver.archive import Archive
from dicomserver.celery import app
from dicomserver.heartbeats import tasks as heartbeat_tasks
from dicomserver.identity import Identity
from dicomserver.outbox import tasks as outbox_tasks
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble


def test_the_schedule_names_tasks_that_exist_and_survive_a_crash() -> None:
    for room in sorted({entry["task"].split(".")[1] for entry in app.conf.beat_schedule.values()}):
        import_module(f"dicomserver.{room}.tasks")
    app.loader.import_default_modules()
    entries = app.conf.beat_schedule
    for entry in entries.values():
        assert app.tasks[entry["task"]].acks_late is True
        assert entry["options"]["expires"] > 0


def test_long_work_goes_to_the_transfers_worker_and_nothing_else_does() -> None:
    queues = {
        name: app.amqp.router.route({}, name).get("queue") or app.conf.task_default_queue
        for name in (entry["task"] for entry in app.conf.beat_schedule.values())
    }
    long = {name for name, queue in queues.items() if getattr(queue, "name", queue) == settings.TRANSFERS_QUEUE}
    assert {name.split(".")[1] for name in long} >= {"forwarding", "commitment", "equipment", "elsewhere"}
    assert {name.split(".")[1] for name in set(queues) - long} >= {"access", "dicomweb", "heartbeats", "outbox"}


def test_heartbeats_come_as_often_as_the_setting_says() -> None:
    assert app.conf.beat_schedule["send-heartbeat"]["schedule"] == settings.HEARTBEAT_SECONDS


@pytest.mark.django_db
def test_tasks_of_a_server_that_is_not_enrolled_do_not_fail(archive: Archive, take_in: TakeIn) -> None:
    take_in(small_ct())
    outbox_tasks.deliver_outbox()
    outbox_tasks.complete_quiet_studies()
    outbox_tasks.prune()
    heartbeat_tasks.send_heartbeat()
    access_tasks.close_viewing_sessions()
    access_tasks.prune()


@pytest.mark.django_db
def test_the_delivery_task_delivers(enrolled: Identity, portal: PortalDouble, take_in: TakeIn) -> None:
    take_in(small_ct())
    outbox_tasks.deliver_outbox.delay()
    assert len(portal.reports) == 1
