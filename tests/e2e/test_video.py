"""A video that was wrapped as a DICOM object plays in the viewer, in the place of an image."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.demonstration import Demonstration, wait_until
from tests.dicomserver.importing.documents import video
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(240)

SEEN_SECONDS = 60
PLAYS_MS = 60_000


@pytest.fixture(scope="module")
def study(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A study of one video of a second, 64 x 48, for a patient of its own."""
    path = tmp_path_factory.mktemp("video") / "fundus.mp4"
    path.write_bytes(video())
    patient = ("--patient-id", f"VIDEO-{os.getpid()}", "--patient-name", "Dumitru^Sorin", "--without-identity")
    told = demonstration.manage(demonstration.server("A"), "wrap_document", str(path), *patient)
    found = re.search(r"study ([0-9.]+),", told)
    assert found, told
    uid = found[1]
    reader = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(reader, uid) == 1, SEEN_SECONDS, "the study is known")
    return uid


def test_a_wrapped_video_plays_in_the_viewer(
    demonstration: Demonstration, study: str, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/viewer/{study}/")
    player = page.locator(".pane video.object-video")
    expect(player).to_have_count(1, timeout=PLAYS_MS)
    expect(player).to_have_js_property("videoWidth", 64, timeout=PLAYS_MS)
    expect(player).to_have_js_property("videoHeight", 48)
    player.evaluate("async (video) => { video.muted = true; await video.play(); }")
    expect(player).to_have_js_property("ended", True, timeout=PLAYS_MS)
    assert 0.9 < player.evaluate("(video) => video.currentTime") < 1.2
    # Nobody draws a small picture of a video: the list of series has its mark instead, and asks for none.
    expect(page.get_by_test_id("series").locator(".series-tile svg")).to_have_count(1)
    page.screenshot(path=screenshots / "video.png")
