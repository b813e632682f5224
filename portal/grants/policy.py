"""The policy: which studies a person may see, and why. Lists, pages, API and tokens all ask here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.access import Access, access_of
from portal.grants.decisions import DENIED, Decision
from portal.grants.people import Anyone
from portal.grants.reasons import reasons_for, reasons_for_each
from portal.servers.models import DicomServer
from portal.studies.models import Study


@dataclass(frozen=True)
class Sight:
    """What one person may see at one moment, read once for all that a page asks. Holds for the request that asked."""

    user: Anyone
    now: datetime
    access: Access

    @property
    def studies(self) -> QuerySet[Study]:
        """Every holding that the person may view; everybody else's are not in it, nor what is on no server any more."""
        return Study.objects.filter(self.access.condition(), is_removed=False)

    def saw(self, study_instance_uid: str) -> bool:
        """Whether the person could view a holding of the study if it had not been removed from its server."""
        gone = Study.objects.filter(self.access.condition(), study_instance_uid=study_instance_uid)
        return gone.filter(is_removed=True).exists()

    @property
    def servers(self) -> QuerySet[DicomServer]:
        """The servers that hold something for the person, for menus; read without touching every study."""
        access = self.access
        server_ids = set(access.server_ids)
        server_ids.update(*(servers for _, servers in (*access.patients_at, *access.studies_at, *access.named_at)))
        if access.study_ids or access.patient_ids:
            elsewhere = Study.objects.filter(Q(pk__in=access.study_ids) | Q(patient_id__in=access.patient_ids))
            server_ids.update(elsewhere.order_by().values_list("server_id", flat=True).distinct())
        return DicomServer.objects.filter(pk__in=server_ids).select_related("institution")

    @property
    def is_in_conflict(self) -> bool:
        """True where the person's national ID stands for different people."""
        return self.access.is_in_conflict

    def holding(self, study_instance_uid: str, server_id: str | None = None) -> tuple[Study, Decision] | None:
        """As `holding_for`."""
        holdings = self.studies.filter(study_instance_uid=study_instance_uid)
        if server_id is not None:
            try:
                holdings = holdings.filter(server_id=UUID(server_id))
            except ValueError:
                return None
        for study in sorted(
            holdings.select_related("server__institution", "patient__institution"), key=self.worth, reverse=True
        ):
            decision = explain(self.user, study, now=self.now)
            if decision.allowed:
                return study, decision
        return None

    def worth(self, study: Study) -> tuple[bool, bool, int, int]:
        """Of several holdings of a UID, the one to read: reachable, complete, the fullest, the oldest."""
        return (
            study.server.is_reachable(self.now),
            study.is_complete,
            study.number_of_study_related_instances,
            -study.pk,
        )


def sight_of(user: Anyone, *, now: datetime | None = None) -> Sight:
    """What the person may see at `now`; nothing for who is signed out or suspended.

    The access rows are read first and become plain lists of keys, one condition a rule: PostgreSQL then knows how
    selective each is, needs no join and returns no row twice.
    """
    moment = now or timezone.now()
    if not isinstance(user, User) or not user.is_active:
        return Sight(user, moment, Access())
    return Sight(user, moment, access_of(user, moment))


def visible_studies(user: Anyone, *, now: datetime | None = None) -> QuerySet[Study]:
    """Every holding that the person may view at `now`, as one queryset."""
    return sight_of(user, now=now).studies


def visible_servers(user: Anyone, *, now: datetime | None = None) -> QuerySet[DicomServer]:
    """The servers that hold something for the person."""
    return sight_of(user, now=now).servers


def newest_key() -> int:
    """The key of the holding that the portal learnt of last, whoever may see it; to be shown to nobody in the clear."""
    return Study.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def explain(user: Anyone, study: Study, *, now: datetime | None = None) -> Decision:
    """Why the person may see the holding at `now`, or the denial; agrees with `visible_studies` in every case."""
    if not isinstance(user, User) or not user.is_active:
        return DENIED
    return Decision(reasons_for(user, study, now or timezone.now()))


def explain_each(user: Anyone, studies: Sequence[Study], *, now: datetime | None = None) -> list[Decision]:
    """As `explain`, of several holdings in their order, without asking the database again for each."""
    if not isinstance(user, User) or not user.is_active:
        return [DENIED] * len(studies)
    return [Decision(reasons) for reasons in reasons_for_each(user, studies, now or timezone.now())]


def holding_for(user: Anyone, study_instance_uid: str, server_id: str | None = None) -> tuple[Study, Decision] | None:
    """The holding that a study UID means to this person, with the decision; None where they may see none.

    Where several servers report the UID, `server_id` decides; without it the holding on a reachable server that is
    most complete, as a copy that somebody merely claims must never displace the one that can be read.
    """
    return sight_of(user).holding(study_instance_uid, server_id)
