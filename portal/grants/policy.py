"""The policy: which studies a person may see, and why. Lists, pages, API and tokens all ask here."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.access import Access, access_of
from portal.grants.decisions import DENIED, Decision
from portal.grants.people import Anyone
from portal.grants.reasons import reasons_for
from portal.servers.models import DicomServer
from portal.studies.models import Study


def visible_studies(user: Anyone, *, now: datetime | None = None) -> QuerySet[Study]:
    """Every holding that the person may view at `now`; everybody else's are not in it.

    The access rows are read first and become plain lists of keys, one condition a rule: PostgreSQL then knows how
    selective each is, needs no join and returns no row twice. The queryset holds for the request that asked.
    """
    access = _access(user, now)
    return Study.objects.none() if access is None else Study.objects.filter(access.condition())


def visible_servers(user: Anyone, *, now: datetime | None = None) -> QuerySet[DicomServer]:
    """The servers that hold something for the person, for menus; read without touching every study."""
    access = _access(user, now)
    if access is None:
        return DicomServer.objects.none()
    server_ids = set(access.server_ids)
    server_ids.update(*(servers for _, servers in (*access.patients_at, *access.named_at)))
    elsewhere = Study.objects.filter(pk__in=access.study_ids) | Study.objects.filter(patient_id__in=access.patient_ids)
    server_ids.update(elsewhere.order_by().values_list("server_id", flat=True).distinct())
    return DicomServer.objects.filter(pk__in=server_ids).select_related("institution")


def explain(user: Anyone, study: Study, *, now: datetime | None = None) -> Decision:
    """Why the person may see the holding at `now`, or the denial; agrees with `visible_studies` in every case."""
    if not isinstance(user, User) or not user.is_active:
        return DENIED
    return Decision(reasons_for(user, study, now or timezone.now()))


def holding_for(user: Anyone, study_instance_uid: str, server_id: str | None = None) -> tuple[Study, Decision] | None:
    """The holding that a study UID means to this person, with the decision; None where they may see none.

    Where several servers report the UID, `server_id` decides; without it the holding on a reachable server that is
    most complete, as a copy that somebody merely claims must never displace the one that can be read.
    """
    now = timezone.now()
    holdings = visible_studies(user, now=now).filter(study_instance_uid=study_instance_uid)
    if server_id is not None:
        try:
            holdings = holdings.filter(server_id=UUID(server_id))
        except ValueError:
            return None
    candidates = sorted(
        holdings.select_related("server__institution", "patient__institution"),
        key=lambda study: (
            study.server.is_reachable(now),
            study.is_complete,
            study.number_of_study_related_instances,
            -study.pk,
        ),
        reverse=True,
    )
    for study in candidates:
        decision = explain(user, study, now=now)
        if decision.allowed:
            return study, decision
    return None


def _access(user: Anyone, now: datetime | None) -> Access | None:
    if not isinstance(user, User) or not user.is_active:
        return None
    return access_of(user, now or timezone.now())
