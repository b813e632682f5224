"""Who looked at a patient's images, from the audit: by day and study, with names only where they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.models import Action, AuditEvent, Outcome
from audit.words import role_words
from portal.accounts.models import NationalIdentity, User
from portal.grants.policy import sight_of
from portal.institutions.models import Role
from portal.patients.selectors import own_studies
from portal.studies.models import Study

EVENTS_A_PAGE: Final = 400
IMAGES: Final = frozenset({Action.PIXELS_READ.value, Action.VIEWER_TOKEN_ISSUED.value})
EMERGENCY: Final = frozenset({Action.BREAK_GLASS_OPENED.value})
LOOKS: Final = frozenset({Action.STUDY_OPENED.value}) | IMAGES | EMERGENCY
STAFF: Final = frozenset(
    {Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.CONSULTANT, Role.INSTITUTION_ADMINISTRATOR, Role.AUDITOR}
)
"""Whose names an institution may show; whoever else looked is named by their role."""
WORDS: Final[dict[str, str | Promise]] = {
    "emergency": _("opened it in an emergency, without permission beforehand"),
    "looked": _("looked at the images"),
    "opened": _("opened the page about it"),
}


@dataclass(frozen=True)
class Look:
    """What one person did with one study on one day."""

    study: Study
    day: date
    role: str
    role_words: str | Promise
    institution: str
    name: str
    """Empty unless the owning institution shows the names of its readers."""
    first_at: datetime
    last_at: datetime
    what: str
    """`emergency`, `looked` or `opened`: the most that was done."""
    is_own: bool

    @property
    def words(self) -> str | Promise:
        """What was done, in words."""
        return WORDS[self.what]

    @property
    def is_break_glass(self) -> bool:
        """True where nobody had allowed it beforehand."""
        return self.what == "emergency"


@dataclass(frozen=True)
class Looks:
    """Looks of some days, the newest first, and the day with which the next page begins."""

    looks: tuple[Look, ...]
    next: date | None
    is_in_conflict: bool

    @property
    def of_others(self) -> tuple[Look, ...]:
        """Without the patient's own."""
        return tuple(look for look in self.looks if not look.is_own)

    @property
    def own(self) -> tuple[Look, ...]:
        """The patient's own."""
        return tuple(look for look in self.looks if look.is_own)


def looks_at_own(user: User, *, until: date | None = None) -> Looks:
    """Who looked, up to the end of the day `until`; whole days alone, so that no look is on two pages."""
    sight = sight_of(user)
    studies = _own_by_address(own_studies(sight))
    events = _events(user, studies)
    if until is not None:
        events = events.filter(occurred_at__lt=_midnight(until + timedelta(days=1)))
    found = list(events[: EVENTS_A_PAGE + 1])
    following: date | None = None
    if len(found) > EVENTS_A_PAGE:
        first, last = _day_of(found[0]), _day_of(found[-1])
        if first == last:
            # One busy day is shown whole, however long: nobody hides a look by making many.
            found = list(events.filter(occurred_at__gte=_midnight(first)))
            following = first - timedelta(days=1)
        else:
            found = [event for event in found if _day_of(event) != last]
            following = last
    return Looks(_grouped(user, found, studies), following, sight.is_in_conflict)


def latest_look(user: User) -> Look | None:
    """The last time that somebody else looked."""
    studies = _own_by_address(own_studies(sight_of(user)))
    found = list(_events(user, studies).exclude(actor_id=str(user.subject))[:1])
    return next(iter(_grouped(user, found, studies)), None)


def _own_by_address(studies: QuerySet[Study]) -> dict[tuple[str, str], Study]:
    related = studies.select_related("server__institution", "patient__institution").defer("search_vector")
    rows = related.prefetch_related("patient__identifiers")
    return {(str(study.server_id), study.study_instance_uid): study for study in rows}


def _events(user: User, studies: dict[tuple[str, str], Study]) -> QuerySet[AuditEvent]:
    """What was done with these holdings under the patient's national ID, whose bearer the studies are."""
    identity = NationalIdentity.objects.filter(user=user).first()
    if identity is None or not studies:
        return AuditEvent.objects.none()
    at_own = Q(server_id__in={server for server, _ in studies}, study_instance_uid__in={uid for _, uid in studies})
    return AuditEvent.objects.filter(
        at_own,
        action__in=LOOKS,
        outcome__in=(Outcome.ALLOWED, Outcome.BREAK_GLASS),
        patient_identifiers__contains=[identity.national_id],
    ).order_by("-occurred_at", "-id")


def _grouped(user: User, events: Iterable[AuditEvent], studies: dict[tuple[str, str], Study]) -> tuple[Look, ...]:
    """One look a day, study and person, in the order of the newest event of each."""
    groups: dict[tuple[date, str, str, str], list[AuditEvent]] = {}
    for event in events:
        if (event.server_id, event.study_instance_uid) in studies:
            key = (_day_of(event), event.server_id, event.study_instance_uid, event.actor_id)
            groups.setdefault(key, []).append(event)
    return tuple(_look(user, day, studies[server, uid], group) for (day, server, uid, _actor), group in groups.items())


def _look(user: User, day: date, study: Study, events: list[AuditEvent]) -> Look:
    latest = events[0]
    is_own = latest.actor_id == str(user.subject)
    shows_name = study.server.institution.shows_staff_names and latest.actor_role in STAFF
    return Look(
        study=study,
        day=day,
        role=latest.actor_role,
        role_words=role_words(latest.actor_role),
        institution=latest.actor_institution,
        name=latest.actor_name if shows_name and not is_own else "",
        first_at=events[-1].occurred_at,
        last_at=latest.occurred_at,
        what=_most_done(events),
        is_own=is_own,
    )


def _most_done(events: list[AuditEvent]) -> str:
    actions = {event.action for event in events}
    if any(event.outcome == Outcome.BREAK_GLASS for event in events):
        return "emergency"
    return "looked" if actions & IMAGES else "opened"


def _day_of(event: AuditEvent) -> date:
    return timezone.localdate(event.occurred_at)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
