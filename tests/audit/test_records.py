"""Nothing hostile or odd keeps an act from being recorded."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import record
from audit.subjects import AuditedStudy
from tests.audit.factories import NOON, PASCARU

texts = st.text(st.characters(), max_size=400)
details = st.dictionaries(texts, st.recursive(texts | st.integers() | st.floats() | st.none(), st.lists), max_size=5)


class AnyText(TestCase):
    """Whatever text comes, one row is written."""

    @given(text=texts, details=details)
    def test_any_text_is_recorded(self, text, details):
        study = AuditedStudy(text, text, text, (text, text), text)
        actor = Actor(text, text, text, text, text, text)
        event = record(action=Action.STUDY_OPENED, actor=actor, study=study, rule=text, details=details)
        event.refresh_from_db()
        assert "\x00" not in event.actor_name
        assert len(event.actor_id) <= 100


@pytest.mark.django_db
def test_hostile_text_is_kept_readable():
    actor = Actor(actor_id="1", name="<script>alert(1)</script>\x00\r\nDr. \ud800X", role="radiologist")
    record(
        action=Action.SIGNED_IN,
        actor=actor,
        details={"reason": "'; DROP TABLE audit_auditevent; --\x00", "deep": {"a\x00": [{"b": ["\x1b[2J"]}]}},
    )
    event = AuditEvent.objects.get()
    assert event.actor_name == "<script>alert(1)</script>   Dr. \ufffdX"
    assert event.details == {
        "reason": "'; DROP TABLE audit_auditevent; --",
        "deep": {"a": [{"b": ["[2J"]}]},
    }


@pytest.mark.django_db
def test_long_text_is_cut_and_long_lists_end():
    record(
        action=Action.SIGNED_IN,
        actor=Actor(actor_id="1", name="x" * 5000, role="radiologist"),
        patient_identifiers=[str(number) for number in range(500)],
        details={"filters": ["y"] * 5000, "reason": "z" * 5000},
    )
    event = AuditEvent.objects.get()
    assert event.actor_name == "x" * 199 + "…"
    assert len(event.patient_identifiers) == 100
    assert len(event.details["filters"]) == 200
    assert event.details["reason"] == "z" * 1023 + "…"


@pytest.mark.django_db
def test_details_that_say_nothing_are_left_out_and_zero_is_kept():
    record(
        action=Action.SIGNED_IN,
        actor=PASCARU,
        details={
            "a": "",
            "b": None,
            "c": [],
            "d": {},
            "e": False,
            "f": 0,
            "g": True,
            "h": NOON,
            "i": UUID(int=7),
            "j": 1.5,
        },
    )
    assert AuditEvent.objects.get().details == {
        "f": 0,
        "g": True,
        "h": "2026-11-20T12:00:00+00:00",
        "i": "00000000-0000-0000-0000-000000000007",
        "j": "1.5",
    }


@pytest.mark.django_db
def test_identifiers_are_kept_once_and_empty_ones_left_out():
    record(
        action=Action.SIGNED_IN,
        actor=PASCARU,
        study=AuditedStudy("1.2", patient_identifiers=("A", "", "B")),
        patient_identifiers=["B", " C "],
    )
    assert AuditEvent.objects.get().patient_identifiers == ["A", "B", "C"]
