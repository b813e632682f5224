"""Completes a study with the last instance that was announced, and holds it open, for a while, until then.

A modality announces what it made when it ends a performed procedure step; whoever asks for storage commitment
announces what it sent. Where nobody announced anything, a study is complete when it is quiet.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from dicomserver.index.models import Instance
from dicomserver.ingest.accepted import Accepted
from dicomserver.orders.models import AnnouncedInstance, PerformedProcedureStep, State
from dicomserver.outbox.models import StudyHold
from dicomserver.outbox.services import complete_announced_study, hold_study_open

By = Literal["procedure_step", "commitment"]

KEEP_ANNOUNCED: Final = timedelta(days=30)
SETTLING_BATCH: Final = 1000

# Of the studies of a batch, those of which the batch brought an announced instance, and no other is missing.
_ALL_CAME: Final = """
    SELECT study.uid FROM unnest(%(studies)s::text[]) AS study (uid)
    WHERE EXISTS (
        SELECT FROM orders_announcedinstance AS announced
        WHERE announced.study_instance_uid = study.uid AND announced.sop_instance_uid = ANY(%(instances)s)
    ) AND NOT EXISTS (
        SELECT FROM orders_announcedinstance AS announced
        WHERE announced.study_instance_uid = study.uid AND NOT EXISTS (
            SELECT FROM index_instance WHERE index_instance.sop_instance_uid = announced.sop_instance_uid
        )
    ) AND NOT EXISTS (
        SELECT FROM orders_performedprocedurestep AS performed
        WHERE performed.state = 'in_progress' AND performed.changed_at > %(begun_after)s
            AND performed.study_instance_uids ? study.uid
    )
"""


def complete_if_all_came(*, instances: Iterable[Accepted], **_told: Any) -> None:
    """Complete the studies whose last announced instance a commit brings; runs in its transaction."""
    headers = [one.header for one in instances]
    values: dict[str, Any] = {
        "studies": sorted({header.study_instance_uid for header in headers}),
        "instances": [header.sop_instance_uid for header in headers],
        "begun_after": timezone.now() - _longest_step(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ALL_CAME, values)
        complete = [uid for (uid,) in cursor.fetchall()]
    for uid in complete:
        complete_announced_study(uid)
        hold_study_open(uid, None)


@transaction.atomic
def announce_instances(study_instance_uid: str, sop_instance_uids: Iterable[str], by: By) -> None:
    """Note that the instances belong to the study, which is complete when they are all there: now, or later.

    The UIDs are parsed ones. Called in the transaction that learns of them.
    """
    now = timezone.now()
    AnnouncedInstance.objects.bulk_create(
        [
            AnnouncedInstance(
                study_instance_uid=study_instance_uid, sop_instance_uid=uid, announced_by=by, announced_at=now
            )
            for uid in sorted(set(sop_instance_uids))
        ],
        batch_size=5000,
        update_conflicts=True,
        unique_fields=["study_instance_uid", "sop_instance_uid"],
        update_fields=["announced_by", "announced_at"],
    )
    settle_study(study_instance_uid)


def settle_study(study_instance_uid: str) -> bool:
    """Complete the study, hold it open, or leave it to quiet time, by what was announced; whether it is held."""
    until = held_until(study_instance_uid, timezone.now())
    hold_study_open(study_instance_uid, until)
    announced = AnnouncedInstance.objects.filter(study_instance_uid=study_instance_uid)
    if until is None and announced.exists() and not _missing(study_instance_uid):
        complete_announced_study(study_instance_uid)
    return until is not None


def held_until(study_instance_uid: str, now: datetime) -> datetime | None:
    """Until when the study waits for what was announced or is being made; None where it does not, or not any more."""
    moments = []
    last_step = (
        PerformedProcedureStep.objects.filter(
            state=State.IN_PROGRESS, study_instance_uids__contains=[study_instance_uid]
        )
        .order_by("-changed_at")
        .first()
    )
    if last_step is not None:
        moments.append(last_step.changed_at + _longest_step())
    if _missing(study_instance_uid):
        announced = AnnouncedInstance.objects.filter(study_instance_uid=study_instance_uid).latest("announced_at")
        moments.append(announced.announced_at + timedelta(seconds=settings.ANNOUNCED_INSTANCES_WAIT_SECONDS))
    return max((moment for moment in moments if moment > now), default=None)


def settle_held_studies() -> int:
    """Look again at the studies that are held open; returns how many are not any more.

    An announcement and the commit of what it announces may miss each other by a moment; this finds them.
    """
    held = list(StudyHold.objects.order_by("pk").values_list("study_instance_uid", flat=True)[:SETTLING_BATCH])
    released = 0
    for uid in held:
        with transaction.atomic():
            released += not settle_study(uid)
    return released


def prune_announced() -> int:
    """Forget announcements of long ago; returns how many."""
    return AnnouncedInstance.objects.filter(announced_at__lt=timezone.now() - KEEP_ANNOUNCED).delete()[0]


def _missing(study_instance_uid: str) -> bool:
    announced = AnnouncedInstance.objects.filter(study_instance_uid=study_instance_uid)
    stored = Instance.objects.filter(sop_instance_uid__in=announced.values("sop_instance_uid"))
    return announced.exclude(sop_instance_uid__in=stored.values("sop_instance_uid")).exists()


def _longest_step() -> timedelta:
    return timedelta(seconds=settings.PROCEDURE_STEP_OPEN_SECONDS)
