"""Changes to the index: a study's row under its lock, and the rows of one more instance."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from dicomserver.index.models import Instance, InstanceMetadata, Series, Study


@dataclass(frozen=True, slots=True)
class NewInstance:
    """The rows of one instance: values by field name, as the models have them."""

    series_instance_uid: str
    series: dict[str, Any]
    instance: dict[str, Any]
    dicom_json: str
    bulk_data: dict[str, Any]


def next_revision(current: int = 0) -> int:
    """The revision after `current`: microseconds since 1970, or one more where the clock has not moved on.

    An index rebuilt from the archive starts without memory; time makes sure that its revisions are higher than
    those that the portal has seen.
    """
    return max(current + 1, time.time_ns() // 1000)


def lock_study(study_instance_uid: str, received_at: datetime, attributes: dict[str, Any]) -> Study:
    """The study's row, locked until the transaction ends, made now where it is new.

    Every change of a study takes this lock first, so that parallel associations of one study queue up and never
    deadlock.
    """
    locked = Study.objects.select_for_update(no_key=True)
    study = locked.filter(study_instance_uid=study_instance_uid).first()
    if study is not None:
        return study
    new = Study(
        study_instance_uid=study_instance_uid,
        revision=0,
        first_received_at=received_at,
        last_received_at=received_at,
        **attributes,
    )
    Study.objects.bulk_create([new], ignore_conflicts=True)
    return locked.get(study_instance_uid=study_instance_uid)


def claim_instance(study: Study, new: NewInstance) -> Instance | None:
    """Insert the instance's rows into its locked study; None where another study took the SOP Instance UID just now."""
    series, _ = Series.objects.get_or_create(
        study=study, series_instance_uid=new.series_instance_uid, defaults=new.series
    )
    try:
        with transaction.atomic():
            instance = Instance.objects.create(series=series, **new.instance)
    except IntegrityError:
        return None
    InstanceMetadata.objects.create(instance=instance, dicom_json=new.dicom_json, bulk_data=new.bulk_data)
    Series.objects.filter(pk=series.pk).update(
        number_of_instances=F("number_of_instances") + 1, revision=Greatest(F("revision") + 1, next_revision())
    )
    return instance


def count_instance(study: Study, instance: Instance, attributes: dict[str, Any]) -> None:
    """Let the locked study grow by the instance; values that it lacks are taken from the instance's data set.

    What is there already stays: a study's patient is who its first instance says.
    """
    changed = [
        "number_of_instances",
        "stored_bytes",
        "last_received_at",
        "first_received_at",
        "completed_at",
        "revision",
    ]
    study.number_of_instances += 1
    study.stored_bytes += instance.file_bytes
    study.first_received_at = min(study.first_received_at, instance.received_at)
    study.last_received_at = max(study.last_received_at, instance.received_at)
    study.completed_at = None
    study.revision = next_revision(study.revision)
    for field, value in attributes.items():
        if value and not getattr(study, field):
            setattr(study, field, value)
            changed.append(field)
    study.save(update_fields=changed)
