"""OHIF, prebuilt as npm has it: with our token it lists a study of ours, opens it and draws its image."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect

from benchmarks.viewer.ohif import OhifServer, installed_site
from runtime import env
from tests.demonstration import FOREIGN_PAGE, ROOT, Demonstration, wait_until
from tests.e2e.measured_images import ct, send

pytestmark = pytest.mark.timeout(600)

SLICES = 3
SHOWN_MS = 120_000
SEEN_SECONDS = 60
GREYS = 50
"""A canvas on which nothing is drawn is of one colour; the ramp of the slices has more greys than this."""


@pytest.fixture(scope="module")
def site() -> Path:
    """OHIF's files; from npm on first use, then kept where the benchmarks have them too."""
    folder = env.path("BENCHMARKS_DIR", ROOT / "var" / "benchmarks")
    return installed_site(folder)


@pytest.fixture(scope="module")
def study(demonstration: Demonstration) -> str:
    """A CT of the ramp, of a patient whom no other test knows."""
    slices = ct(SLICES)
    for ds in slices:
        ds.PatientName = "Vasilescu^Ileana"
    uid = send(demonstration.server("A"), slices)
    reader = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(reader, uid) == SLICES, SEEN_SECONDS, "the study is known")
    return uid


@pytest.fixture(scope="module")
def ohif(
    demonstration: Demonstration, site: Path, study: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OhifServer]:
    """OHIF at the address that our servers allow, with a radiologist's token for the study."""
    answer = demonstration.viewer_token(demonstration.person("radiologist", "A"), study)
    answer.raise_for_status()
    port = int(demonstration.portal_url.rsplit(":", 1)[1]) + FOREIGN_PAGE
    folder, dicomweb_url = tmp_path_factory.mktemp("ohif"), demonstration.server("A").dicomweb_url
    with OhifServer(site, folder, port, dicomweb_url, answer.json()["token"]) as server:
        yield server


@pytest.fixture
def page(browser: Browser, demonstration: Demonstration) -> Iterator[Page]:
    """A page; the test fails where one of our answers was an error, or none came."""
    ours = demonstration.server("A").dicomweb_url
    trouble: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()

    def note_error(message: ConsoleMessage) -> None:
        if message.type == "error" and ours in f"{message.text} {message.location}":
            trouble.append(message.text)

    def note_answer(answer: Response) -> None:
        if answer.url.startswith(ours) and not answer.ok:
            trouble.append(f"{answer.status} {answer.url}")

    page.on("console", note_error)
    page.on("response", note_answer)
    yield page
    context.close()
    assert trouble == []


def drawn(canvas: Locator) -> np.ndarray:
    """The greys of the canvas itself, without what lies over it."""
    png = base64.b64decode(str(canvas.evaluate("canvas => canvas.toDataURL('image/png')")).partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def test_ohif_lists_a_study_of_ours_and_draws_it(ohif: OhifServer, page: Page, study: str, screenshots: Path) -> None:
    page.goto(ohif.url)
    row = page.get_by_role("row").filter(has_text="Vasilescu, Ileana")
    expect(row).to_have_count(1, timeout=SHOWN_MS)
    expect(row.get_by_text("CT", exact=True)).to_be_visible()
    expect(row.get_by_text("CT with known sizes")).to_be_visible()
    expect(row.get_by_text(str(SLICES), exact=True)).to_be_visible()
    page.screenshot(path=screenshots / "ohif-list.png")
    row.dblclick()
    page.wait_for_url(lambda url: study in url, timeout=SHOWN_MS)
    canvas = page.locator("canvas.cornerstone-canvas").first
    expect(canvas).to_be_visible(timeout=SHOWN_MS)
    wait_until(lambda: len(np.unique(drawn(canvas))) > GREYS, SHOWN_MS / 1000, "the image is drawn")
    greys = drawn(canvas)
    rows, columns = greys.shape
    # The ramp grows to the right and down; beside the image it is black.
    middle = greys[rows // 4 : rows * 3 // 4 : rows // 4, columns * 2 // 5 : columns * 3 // 5 : columns // 10]
    assert (np.diff(middle, axis=0) > 0).all()
    assert (np.diff(middle, axis=1) > 0).all()
    page.screenshot(path=screenshots / "ohif-study.png")
