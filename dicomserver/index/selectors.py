"""Reading the index: one study, what belongs to it, and the counts that heartbeats carry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet

from dicomserver.index.models import Conflict, Instance, QuarantinedFile, Series, Study


@dataclass(frozen=True, slots=True)
class IndexCounts:
    """How much the index knows of."""

    studies: int
    instances: int
    conflicts: int
    quarantined: int
    last_received_at: datetime | None
    # The newest conflict, or file in quarantine.
    last_set_aside_at: datetime | None


def study_by_uid(study_instance_uid: str) -> Study | None:
    """The study, or None."""
    return Study.objects.filter(study_instance_uid=study_instance_uid).first()


def instance_by_uid(sop_instance_uid: str) -> Instance | None:
    """The instance, or None."""
    return Instance.objects.filter(sop_instance_uid=sop_instance_uid).first()


def instances_by_uid(sop_instance_uids: Iterable[str]) -> dict[str, Instance]:
    """Those of the instances that the index knows, by UID."""
    found = Instance.objects.filter(sop_instance_uid__in=list(sop_instance_uids))
    return {instance.sop_instance_uid: instance for instance in found}


def studies_of_instances(sop_instance_uids: Iterable[str]) -> dict[str, str]:
    """The Study Instance UIDs of those of the instances that the index knows, by SOP Instance UID."""
    found = Instance.objects.filter(sop_instance_uid__in=list(sop_instance_uids))
    return dict(found.values_list("sop_instance_uid", "series__study__study_instance_uid"))


def instance_of_study(study_instance_uid: str, series_instance_uid: str, sop_instance_uid: str) -> Instance | None:
    """The instance named by all three UIDs, with its series and study; None where any of them does not fit."""
    return (
        Instance.objects.filter(
            sop_instance_uid=sop_instance_uid,
            series__series_instance_uid=series_instance_uid,
            series__study__study_instance_uid=study_instance_uid,
        )
        .select_related("series__study")
        .first()
    )


def series_of_study(study: Study) -> QuerySet[Series]:
    """The study's series in the order a reader expects: by number, those without one last."""
    return Series.objects.filter(study=study).order_by("series_number", "series_instance_uid")


def instances_of_study(study: Study) -> QuerySet[Instance]:
    """All instances of the study, by series and number."""
    return (
        Instance.objects.filter(series__study=study)
        .select_related("series")
        .order_by("series__series_number", "series__series_instance_uid", "instance_number", "sop_instance_uid")
    )


def instances_of_series(series: Series) -> QuerySet[Instance]:
    """The instances of one series, by number."""
    return Instance.objects.filter(series=series).order_by("instance_number", "sop_instance_uid")


def calling_ae_titles_of_study(study: Study) -> tuple[str, ...]:
    """Who sent the study, sorted; without those who gave no AE title."""
    titles = Instance.objects.filter(series__study=study).exclude(calling_ae_title="")
    return tuple(titles.order_by("calling_ae_title").values_list("calling_ae_title", flat=True).distinct())


def index_counts() -> IndexCounts:
    """Counts of the whole index, for heartbeats and the health page."""
    return IndexCounts(
        studies=Study.objects.count(),
        instances=Instance.objects.count(),
        conflicts=Conflict.objects.count(),
        quarantined=QuarantinedFile.objects.count(),
        last_received_at=_newest(Instance),
        last_set_aside_at=max(filter(None, (_newest(Conflict), _newest(QuarantinedFile))), default=None),
    )


def _newest(model: type[Instance] | type[Conflict] | type[QuarantinedFile]) -> datetime | None:
    """When the newest of these was received."""
    newest: datetime | None = model.objects.aggregate(last=Max("received_at"))["last"]
    return newest
