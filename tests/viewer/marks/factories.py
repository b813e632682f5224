"""Marks that somebody made on a study, for tests."""

from typing import Any
from uuid import UUID, uuid4

from portal.accounts.models import User
from portal.studies.models import Study
from tests.portal.grants.factories import actor_for
from viewer.marks.models import Mark
from viewer.marks.services import Content, Place, keep_mark

CONTENT = {
    "kind": "line",
    "series_instance_uid": "1.2.3.1",
    "sop_instance_uid": "1.2.3.1.70",
    "frame_number": 1,
    "points": [[10.5, 20.25], [30.0, 40.0]],
    "text": "nodule",
    "values": {"length": 19.5, "unit": "mm"},
}


def mark_body(version: int = 0, **changes: Any) -> dict[str, Any]:
    """What a viewer sends to keep a mark."""
    return {"version": version, **CONTENT, **changes}


def place_of(user: User, study: Study, mark_id: UUID | None = None, session: str = "session one") -> Place:
    """Where a person makes a mark."""
    return Place(user, study.study_instance_uid, str(study.server_id), mark_id or uuid4(), session)


def content(**changes: Any) -> Content:
    """What a mark says."""
    return Content(**{**CONTENT, **changes})


def make_mark(study: Study, author: User, **changes: Any) -> Mark:
    """A mark that somebody made."""
    mark, _ = keep_mark(actor=actor_for(author), place=place_of(author, study), based_on=0, content=content(**changes))
    return mark
