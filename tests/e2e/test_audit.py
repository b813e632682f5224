"""The audit log says who opened what, and cannot be changed."""

import pytest
from playwright.sync_api import expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(180)

REPORTED_SECONDS = 120
CHEST_ACCESSION = "04-55011"


def events(demonstration: Demonstration, **query: str) -> list[dict[str, object]]:
    """Audit events as the auditor reads them."""
    answer = demonstration.api(demonstration.person("auditor", "A"), "audit-events/", **query)
    answer.raise_for_status()
    results: list[dict[str, object]] = answer.json()["results"]
    return results


def test_log_says_who_opened_what_by_which_rule_and_what_was_read(
    demonstration: Demonstration, sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/worklist/?search={CHEST_ACCESSION}")
    row = page.locator("tr[data-study]").first
    uid = row.get_attribute("data-study") or ""
    row.dblclick()
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    page.close()
    wait_until(
        lambda: any(event["action"] == "pixels_read" for event in events(demonstration, study_instance_uid=uid)),
        REPORTED_SECONDS,
        "the server has reported what was read",
    )
    found = events(demonstration, study_instance_uid=uid)
    opened = next(event for event in found if event["action"] == "study_opened")
    assert opened["actor_name"] == "Dr. Elena Pascaru"
    assert opened["rule"] == "radiologist_of_institution"
    assert {event["action"] for event in found} >= {"study_opened", "viewer_token_issued", "pixels_read"}
    auditor = sign_in(demonstration.person("auditor", "A"))
    auditor.goto(f"{demonstration.portal_url}/audit/?study_instance_uid={uid}&action=study_opened")
    expect(auditor.locator("tbody[data-action='study_opened']").first).to_contain_text("Dr. Elena Pascaru")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_auditevent SET actor_name = ''", "DELETE FROM audit_auditevent", "TRUNCATE audit_auditevent"],
)
def test_log_cannot_be_changed_with_psql(demonstration: Demonstration, statement: str) -> None:
    before = demonstration.sql("portal", "SELECT count(*) FROM audit_auditevent").stdout
    result = demonstration.sql("portal", statement)
    assert result.returncode != 0
    assert "append-only" in result.stderr
    after = demonstration.sql("portal", "SELECT count(*) FROM audit_auditevent").stdout
    assert int(after) >= int(before) > 0
