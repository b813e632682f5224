"""Reads marks: those of one study which a person may see, and their versions."""

from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from portal.accounts.models import User
from viewer.marks.models import Mark, MarkVersion
from viewer.opened import Opened, audience_of


def marks_on(found: Opened, reader: User) -> QuerySet[Mark]:
    """The marks that stand on the study now, each with its newest version as `newest`, in the order of their making."""
    return with_newest(_seen(found, reader).filter(is_deleted=False)).order_by("created_at", "id")


def versions_of(found: Opened, reader: User, mark_id: UUID) -> QuerySet[MarkVersion] | None:
    """Every version of a mark, also of one that was taken away; None where there is no such mark."""
    mark = _seen(found, reader).filter(mark_id=mark_id).first()
    if mark is None:
        return None
    return MarkVersion.objects.filter(mark=mark).select_related("mark__author").order_by("made_at", "id")


def with_newest(marks: QuerySet[Mark]) -> QuerySet[Mark]:
    """The marks with their author, and their newest version as the only one of `newest`."""
    newest = MarkVersion.objects.filter(version=F("mark__version"))
    return marks.select_related("author").prefetch_related(Prefetch("versions", queryset=newest, to_attr="newest"))


def mark_to_change(found: Opened, mark_id: UUID) -> Mark | None:
    """The mark of this number on the study, whoever made it, with its newest version and its row locked."""
    on_study = Mark.objects.filter(study=found.study, grant=found.grant, mark_id=mark_id)
    return with_newest(on_study).select_for_update(of=("self",)).first()


def _seen(found: Opened, reader: User) -> QuerySet[Mark]:
    """Marks made without identity are seen under their own grant alone, others by everybody but lay people."""
    marks = Mark.objects.filter(study=found.study, grant=found.grant)
    return marks.filter(author=reader) if audience_of(reader).is_lay(found.decision) else marks
