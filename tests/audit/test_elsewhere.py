"""Searches in other archives and what was fetched from them read as plain words."""

import pytest

from audit import services
from audit.models import AuditEvent
from audit.rows import row_of
from audit.subjects import AuditedStudy
from tests.audit.factories import CHEST, PASCARU, make_access_event
from wire.events import RemoteSearch

pytestmark = pytest.mark.django_db


def facts(event):
    return {str(fact.label): fact.value for fact in row_of(event).facts}


def test_a_search_says_who_was_looked_for_and_where():
    search = RemoteSearch(
        archives=("City PACS", "Old archive"), patient_name="Popescu Ion", patient_id="NC-1", modalities=("CT", "MR")
    )
    services.record_elsewhere_searched(
        actor=PASCARU,
        event=make_access_event(kind="elsewhere_searched", study_instance_uid=None, instances=0, search=search),
        study=AuditedStudy("", server_id=CHEST.server_id, institution="Nistru Clinical"),
    )
    event = AuditEvent.objects.get()
    row = row_of(event)
    assert (row.who, row.did_what, row.did_detail) == (
        "Dr. Elena Pascaru",
        "Searched other archives",
        "City PACS, Old archive",
    )
    assert facts(event)["Looked for"] == "patient name: Popescu Ion, patient ID: NC-1, modality: CT, MR"
    assert event.patient_identifiers == ["NC-1"]
    assert event.institution == "Nistru Clinical"


def test_a_study_that_was_fetched_says_from_where():
    services.record_study_fetched(
        actor=PASCARU,
        event=make_access_event(kind="study_fetched", instances=12, peer="City PACS", reason="done"),
        study=CHEST,
    )
    event = AuditEvent.objects.get()
    row = row_of(event)
    assert (row.did_what, row.did_detail) == ("Had a study fetched", "12 images from City PACS")
    assert event.study_instance_uid == CHEST.study_instance_uid
    assert facts(event)["Machine"] == "City PACS"
