"""Work at a DICOM Server reads as plain words."""

import pytest

from audit import services
from audit.models import AuditEvent
from audit.rows import row_of
from tests.audit.factories import CHEST, PASCARU

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("errand", "words"),
    [
        ("upload", "Began to bring images in"),
        ("find_elsewhere", "Began to look in other archives"),
        ("delete", "Ordered images to be deleted"),
    ],
)
def test_an_errand_says_what_and_where(errand, words):
    services.record_errand(
        actor=PASCARU,
        errand=errand,
        server_id=CHEST.server_id,
        server_name="Nistru archive",
        institution="Nistru Clinical",
        study=CHEST if errand == "delete" else None,
        session_id="s",
        token_id="t",
        reason="Sent under another patient" if errand == "delete" else "",
    )
    event = AuditEvent.objects.get()
    row = row_of(event)
    assert (row.did_what, row.did_detail) == (words, "Nistru archive")
    assert (event.institution, event.server_id) == ("Nistru Clinical", CHEST.server_id)
    facts = {str(fact.label): fact.value for fact in row.facts}
    assert facts["Work"] == words
    assert facts.get("Reason") == ("Sent under another patient" if errand == "delete" else None)
    assert event.study_instance_uid == (CHEST.study_instance_uid if errand == "delete" else "")


@pytest.mark.parametrize(
    ("tried", "words"), [("errand_delete", "Tried to delete images"), ("errand_upload", "Tried to bring images in")]
)
def test_a_refused_errand_says_what_was_tried(tried, words):
    row = row_of(services.record_access_denied(actor=PASCARU, tried=tried))
    assert (row.did_what, row.did_detail) == (words, "")
