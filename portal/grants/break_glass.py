"""Opens a study that the policy denies, to a doctor who gives a reason: one holding, one hour, loudly."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.actors import Actor
from audit.services import record_break_glass_opened
from portal.accounts.models import Kind, User
from portal.grants.audited import audited_study
from portal.grants.errors import GrantRefused, NotYours
from portal.grants.models import Grant, GrantKind, Permission
from portal.grants.people import Anyone
from portal.grants.policy import explain
from portal.grants.running import DOCTORS, running_at, running_in
from portal.grants.selectors import person_to_change
from portal.grants.services import revoke_grant
from portal.studies.models import Study

LASTS: Final = timedelta(hours=1)
SHORTEST_REASON: Final = 15


class ReasonTooShort(GrantRefused):
    """Whoever reviews the opening could not tell why it was needed."""

    code = "reason_too_short"
    field = "reason"
    words = _("Say why you need it now, in at least 15 characters.")


class OpenAlready(GrantRefused):
    """A rule of the policy opens the study: there is nothing to break."""

    code = "open_already"
    words = _("You may see this study already. Open it from the list.")


def may_break_glass(person: Anyone, now: datetime | None = None) -> bool:
    """True for radiologists and referring doctors of any institution; for nobody else, whatever else they are."""
    if not isinstance(person, User) or not person.is_active or person.kind != Kind.PERSON:
        return False
    return running_in(person, now or timezone.now(), *DOCTORS).exists()


@transaction.atomic
def open_by_break_glass(*, actor: Actor, person: User, study: Study, reason: str) -> tuple[Grant, bool]:
    """Open the holding to the person for one hour, to view only; True where it was closed before.

    A second time within the hour returns the opening that runs and does not lengthen it. Raises NotYours for who is
    no doctor, ReasonTooShort, OpenAlready.
    """
    doctor = person_to_change(person.pk)
    now = timezone.now()
    if not may_break_glass(doctor, now):
        raise NotYours
    words = " ".join(reason.split())
    if len(words) < SHORTEST_REASON:
        raise ReasonTooShort
    running = openings_of(doctor, now).filter(study=study).first()
    if running is not None:
        return running, False
    if explain(doctor, study, now=now).allowed:
        raise OpenAlready
    grant = Grant.objects.create(
        kind=GrantKind.BREAK_GLASS,
        user=doctor,
        study=study,
        permissions=[Permission.VIEW],
        valid_from=now,
        valid_until=now + LASTS,
        reason=words[:1000],
        granted_by=doctor,
        granted_at=now,
    )
    record_break_glass_opened(
        actor=actor,
        study=audited_study(study),
        grant_id=str(grant.pk),
        person_id=str(doctor.subject),
        person_name=doctor.full_name,
        reason=grant.reason,
        valid_until=grant.valid_until,
    )
    return grant, True


def close_break_glass(*, actor: Actor, person: User, grant_id: UUID) -> Grant:
    """End one's own opening before its hour is over. Raises NotYours."""
    own = Grant.objects.filter(pk=grant_id, kind=GrantKind.BREAK_GLASS, user=person)
    if not own.exists():
        raise NotYours
    return revoke_grant(actor=actor, revoker=person, grant_id=grant_id)


def openings_of(person: User, now: datetime | None = None) -> QuerySet[Grant]:
    """The person's own openings that run, the one that ends first on top."""
    running = Grant.objects.filter(running_at(now or timezone.now()), kind=GrantKind.BREAK_GLASS, user=person)
    return running.select_related("study__server__institution", "study__patient").order_by("valid_until", "pk")


def openings_at(institution_ids: Iterable[int], since: datetime) -> QuerySet[Grant]:
    """What was opened so of these institutions' studies since then, the newest first."""
    opened = Grant.objects.filter(
        kind=GrantKind.BREAK_GLASS, study__server__institution_id__in=list(institution_ids), granted_at__gte=since
    )
    return opened.select_related("user", "study__server__institution", "study__patient").order_by("-granted_at", "-pk")
