"""Keeps marks, changes them and takes them away: nothing is ever overwritten, each change is another version."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.services import record_measurements_saved
from portal.accounts.models import User
from portal.grants.audited import audited_study
from portal.grants.models import Permission
from portal.grants.selectors import person_to_change
from viewer.marks.errors import (
    ChangedMeanwhile,
    NoSuchMark,
    NotYourMark,
    ReportNotAllowed,
    StudyHidden,
    TooManyMarks,
)
from viewer.marks.models import Mark, MarkVersion
from viewer.marks.selectors import mark_to_change, with_newest
from viewer.opened import Opened, opened
from viewer.services import viewing_session_id

STANDING_AT_MOST: Final = 2000
"""Marks of one author on one study."""
MADE_AT_MOST: Final = 10_000
"""The same, with those that were taken away."""
VERSIONS_AT_MOST: Final = 1000
STAY: Final = timedelta(hours=1)
"""So long after the last change the next one counts as another sitting, and is recorded again."""


@dataclass(frozen=True)
class Place:
    """Who wants to change which mark of which study, in which browser session or by which API token."""

    user: User
    study_instance_uid: str
    server_id: str | None
    mark_id: UUID
    session: str


@dataclass(frozen=True)
class Content:
    """What a mark says; compared as a whole, so that saving the same twice is saving once."""

    kind: str
    series_instance_uid: str
    sop_instance_uid: str
    frame_number: int
    points: list[list[float]]
    text: str
    values: dict[str, Any]


@dataclass(frozen=True)
class _Change:
    actor: Actor
    person: User
    found: Opened
    session_id: str
    now: datetime


@transaction.atomic
def keep_mark(*, actor: Actor, place: Place, based_on: int, content: Content) -> tuple[Mark, bool]:
    """The mark as it is kept now, and whether it is new. `based_on` is the version that was changed; 0 for none.

    What is kept already is kept once. A mark that was taken away comes back by a change of its last version. Raises
    StudyHidden, ReportNotAllowed, NotYourMark, ChangedMeanwhile, TooManyMarks.
    """
    change = _begin(actor, place)
    mark = mark_to_change(change.found, place.mark_id)
    if mark is None:
        if based_on:
            raise NoSuchMark
        mark, is_new = _new(change, place.mark_id)
        if is_new:
            return _add(change, mark, content), True
    _check_author(mark, change.person)
    if not mark.is_deleted and _content_of(mark) == content and based_on in (mark.version, mark.version - 1):
        return mark, False
    if mark.version != based_on:
        raise ChangedMeanwhile(mark)
    if mark.is_deleted:
        _check_number(change)
    return _add(change, mark, content), False


@transaction.atomic
def take_mark_away(*, actor: Actor, place: Place, based_on: int) -> None:
    """Take a mark away; its versions stay. Twice is once. Raises as `keep_mark`, and NoSuchMark."""
    change = _begin(actor, place)
    mark = mark_to_change(change.found, place.mark_id)
    if mark is None:
        raise NoSuchMark
    _check_author(mark, change.person)
    if mark.is_deleted and based_on in (mark.version, mark.version - 1):
        return
    if mark.version != based_on:
        raise ChangedMeanwhile(mark)
    _add(change, mark, _content_of(mark), is_deletion=True)


def _begin(actor: Actor, place: Place) -> _Change:
    """Ask the policy under the lock on which revocations take turns: nobody writes after their access ended."""
    person = person_to_change(place.user.pk)
    found = opened(person, place.study_instance_uid, place.server_id)
    if found is None:
        raise StudyHidden
    if Permission.REPORT not in found.permissions:
        raise ReportNotAllowed
    session_id = viewing_session_id(person, found.study, found.stay(place.session))
    return _Change(actor, person, found, session_id, timezone.now())


def _new(change: _Change, mark_id: UUID) -> tuple[Mark, bool]:
    """A row for a mark; one that somebody else made in the same moment is theirs."""
    _check_number(change)
    made = {"author": change.person, "created_at": change.now, "changed_at": change.now}
    mark, is_new = Mark.objects.get_or_create(
        study=change.found.study, grant=change.found.grant, mark_id=mark_id, defaults=made
    )
    return (mark, True) if is_new else (with_newest(Mark.objects.filter(pk=mark.pk)).get(), False)


def _check_author(mark: Mark, person: User) -> None:
    if mark.author_id != person.pk:
        raise NotYourMark


def _check_number(change: _Change) -> None:
    made = Mark.objects.filter(study=change.found.study, grant=change.found.grant, author=change.person)
    if made.filter(is_deleted=False).count() >= STANDING_AT_MOST or made.count() >= MADE_AT_MOST:
        raise TooManyMarks


def _add(change: _Change, mark: Mark, content: Content, *, is_deletion: bool = False) -> Mark:
    """Write the next version, and the audit event where it is the first of a sitting."""
    if mark.version >= VERSIONS_AT_MOST and not is_deletion:
        raise TooManyMarks
    of_session = MarkVersion.objects.filter(session_id=change.session_id)
    is_first = not of_session.filter(made_at__gt=change.now - STAY).exists()
    mark.version += 1
    mark.changed_at = change.now
    mark.is_deleted = is_deletion
    mark.save(update_fields=["version", "changed_at", "is_deleted"])
    version = MarkVersion.objects.create(
        mark=mark,
        version=mark.version,
        made_at=change.now,
        session_id=change.session_id,
        is_deletion=is_deletion,
        **asdict(content),
    )
    if is_first:
        record_measurements_saved(
            actor=change.actor,
            study=audited_study(change.found.study),
            rule=change.found.decision.rule,
            session_id=change.session_id,
        )
    known: Any = mark
    known.newest = [version]
    return mark


def _content_of(mark: Mark) -> Content:
    known: Any = mark
    (newest,) = known.newest
    return Content(
        kind=newest.kind,
        series_instance_uid=newest.series_instance_uid,
        sop_instance_uid=newest.sop_instance_uid,
        frame_number=newest.frame_number,
        points=newest.points,
        text=newest.text,
        values=newest.values,
    )
