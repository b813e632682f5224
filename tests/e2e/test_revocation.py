"""A revoked grant stops a running viewer: in a browser, on the screen, whatever was loaded before."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import expect

from tests.demonstration import Demonstration
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(240)

SECONDS = 60.0


def test_a_revoked_grant_takes_the_images_off_the_screen_within_a_minute(
    demonstration: Demonstration, sign_in: SignIn
) -> None:
    giver, reader = demonstration.person("radiologist", "A"), demonstration.person("radiologist", "B")
    study = demonstration.api(giver, "studies/", accession_number="04-55020").json()["results"][0]
    uid = study["study_instance_uid"]
    headers = {"Authorization": f"Token {giver.api_token}"}
    asked = {
        "grantee": reader.username,
        "study_instance_uid": uid,
        "permissions": ["view"],
        "valid_until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    grants = f"{demonstration.portal_url}/api/v1/grants/"
    given = requests.post(grants, json=asked, headers=headers, timeout=10)
    assert given.status_code == requests.codes.created, given.text
    page = sign_in(reader)
    page.goto(f"{demonstration.portal_url}/viewer/{uid}/")
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    assert requests.delete(f"{grants}{given.json()['id']}/", headers=headers, timeout=10).status_code == 204
    revoked = time.monotonic()
    # The reader touches nothing: every image is loaded, and no request of theirs would be refused.
    page.wait_for_selector('html[data-viewer-state="ended"]', state="attached", timeout=(SECONDS + 5) * 1000)
    seconds = time.monotonic() - revoked
    print(f"a running viewer stopped {seconds:.1f} s after its grant was revoked")
    assert seconds <= SECONDS
    expect(page.get_by_text(re.compile("You may no longer open this study")).first).to_be_visible()
    expect(page.locator(".pane").first).to_have_attribute("data-covered", "true")
    answer = page.goto(f"{demonstration.portal_url}/viewer/{uid}/")
    assert answer is not None
    assert answer.status == requests.codes.not_found
    # What was refused is what the test is about.
    sign_in.excuse("40[134]|Refused")
