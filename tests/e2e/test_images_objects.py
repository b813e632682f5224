"""Objects that are no plain images open in place, and lie over the images that they speak of."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e.conftest import SignIn
from tests.e2e.made_objects import (
    HOSTILE,
    ecg,
    key_objects,
    pdf,
    presentation_state,
    registration,
    report,
    segmentation,
    with_overlay,
)
from tests.e2e.measured_images import ct, send
from tests.e2e.shared_pictures import shown_picture

pytestmark = pytest.mark.timeout(240)

SEEN_SECONDS = 30
MILLIMETRES_PER_SECOND, MILLIMETRES_PER_MILLIVOLT = 25, 10


@pytest.fixture(scope="module")
def study(demonstration: Demonstration) -> str:
    """A CT of three slices with an overlay plane on the first, and one object of each kind."""
    slices = ct(3)
    first = with_overlay(slices[0])
    objects = [
        report(first, HOSTILE),
        key_objects(slices[0], slices[2]),
        ecg(first),
        pdf(first),
        registration(first),
        presentation_state(first, inverse=True, rotation=90),
        segmentation(slices[1]),
    ]
    uid = send(demonstration.server("A"), [*slices, *objects])
    radiologist = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(radiologist, uid) == 10, SEEN_SECONDS, "the study is known")
    return uid


@pytest.fixture
def page(demonstration: Demonstration, study: str, sign_in: SignIn) -> Page:
    """The viewer with the study open."""
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/viewer/{study}/")
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    return page


def choose(page: Page, modality: str) -> Locator:
    """Open the series of a modality; returns the pane."""
    page.locator("[data-series-button]").filter(has_text=f"Made {modality}").first.click()
    return page.locator(".pane").first


def test_report_is_text_whose_references_lead_to_the_image(page: Page, screenshots: Path) -> None:
    pane = choose(page, "SR")
    expect(pane.get_by_text("Imaging Measurement Report")).to_be_visible()
    expect(pane.get_by_text("19.5 mm")).to_be_visible()
    expect(pane.get_by_text(HOSTILE)).to_be_visible()
    assert page.evaluate("window.hurt") is None
    page.screenshot(path=screenshots / "report.png")
    pane.get_by_role("button", name="Series 2, image 1").click()
    expect(pane.get_by_test_id("viewport")).to_have_attribute("data-image-index", "0")
    expect(pane.get_by_text("Imaging Measurement Report")).to_have_count(0)


def test_key_objects_list_their_images_and_filter_the_series(page: Page) -> None:
    pane = choose(page, "KO")
    expect(pane.get_by_text("Of Interest")).to_be_visible()
    pane.get_by_role("button", name="Series 2, image 3").click()
    viewport = pane.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-image-index", "2")
    page.get_by_test_id("panel-tab-objects").click()
    page.get_by_label("Only the 2 key images").check()
    expect(viewport).to_have_attribute("data-image-count", "2")
    page.get_by_label("Only the 2 key images").uncheck()
    expect(viewport).to_have_attribute("data-image-count", "3")


def test_ecg_is_drawn_in_true_millimetres(page: Page, screenshots: Path) -> None:
    pane = choose(page, "ECG")
    expect(pane.get_by_text("25 mm/s")).to_be_visible()
    path = pane.locator(".ecg-line").nth(1).get_attribute("d") or ""
    points = [tuple(map(float, point.split())) for point in path.lstrip("M").split("L")]
    assert abs(points[-1][0] - points[0][0] - 2 * MILLIMETRES_PER_SECOND) < 0.11
    heights = {round(points[0][1] - y, 2) for _, y in points}
    assert heights == {0, MILLIMETRES_PER_MILLIVOLT}
    svg = pane.locator(".ecg-paper svg").first
    assert svg.get_attribute("width") == f"{2 * 10 + 2 * MILLIMETRES_PER_SECOND:g}mm".replace(".0", "")
    page.screenshot(path=screenshots / "ecg.png")


def test_document_opens_in_the_browsers_own_reader(page: Page) -> None:
    pane = choose(page, "DOC")
    opened = pane.get_by_role("link", name="Open the document in a tab of its own")
    expect(opened).to_be_visible()
    assert (opened.get_attribute("href") or "").startswith("blob:")
    document = pane.locator("iframe.object-document")
    if page.evaluate("navigator.pdfViewerEnabled"):
        expect(document).to_have_attribute("src", opened.get_attribute("href") or "")
        expect(document).to_have_attribute("title", "A letter")


def test_what_has_no_picture_says_why(page: Page) -> None:
    pane = choose(page, "REG")
    expect(pane.get_by_text("A registration: it says how two series lie on each other")).to_be_visible()
    page.keyboard.press("PageUp")
    page.locator("[data-series-button]").filter(has_text="Known sizes").first.click()
    expect(pane.get_by_test_id("viewport")).to_have_attribute("data-image-count", "3")


def test_presentation_state_is_applied_and_taken_off(page: Page, screenshots: Path) -> None:
    pane = choose(page, "PR")
    viewport = pane.get_by_test_id("viewport")
    box = page.get_by_label("Circle and note")
    expect(box).to_be_checked()
    expect(viewport).to_have_attribute("data-rotation", "90")
    expect(viewport).to_have_attribute("data-voi-lower", "50")
    a, b, c, d, e, f = map(float, (viewport.get_attribute("data-affine") or "").split())
    circle = pane.locator(".pr-shape").first.get_attribute("d") or ""
    x, y = map(float, circle.lstrip("M").split("L")[0].split())
    # The first point of the circle: 20 pixels right of [100, 80].
    assert abs(a * 120 + c * 80 + e - x) < 0.02
    assert abs(b * 120 + d * 80 + f - y) < 0.02
    expect(pane.locator(".pr-text")).to_have_text(HOSTILE)
    assert page.evaluate("window.hurt") is None
    page.screenshot(path=screenshots / "presentation-state.png")
    box.uncheck()
    expect(pane.locator(".pr-shape")).to_have_count(0)
    expect(viewport).to_have_attribute("data-rotation", "0")
    expect(viewport).to_have_attribute("data-voi-lower", "-164")


def test_segments_lie_on_their_image_and_can_be_switched_off(page: Page, screenshots: Path) -> None:
    pane = choose(page, "SEG")
    viewport = pane.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-image-index", "1")
    segment = pane.locator('[data-layer="segments"] image')
    expect(segment).to_have_count(1)
    box, frame = segment.bounding_box(), viewport.bounding_box()
    assert box is not None
    assert frame is not None
    left, _, width, _ = map(float, (viewport.get_attribute("data-image-rect") or "").split())
    assert abs(box["x"] - frame["x"] - left) < 1
    assert abs(box["width"] - width) < 1
    page.screenshot(path=screenshots / "segments.png")
    page.get_by_label("Liver").uncheck()
    expect(segment).to_have_count(0)
    page.get_by_label("Liver").check()
    expect(segment).to_have_count(1)
    # On the slice beside it lies nothing.
    viewport.focus()
    page.keyboard.press("ArrowDown")
    expect(viewport).to_have_attribute("data-image-index", "2")
    expect(segment).to_have_count(0)


def test_overlay_plane_of_an_image_is_drawn_over_it(page: Page) -> None:
    viewport = page.get_by_test_id("viewport").first
    page.keyboard.press("Home")
    expect(viewport).to_have_attribute("data-image-index", "0")
    plane = page.locator('[data-layer="planes"] image')
    expect(plane).to_have_count(1)
    page.get_by_test_id("panel-tab-objects").click()
    page.get_by_label("Show what the machine drew").uncheck()
    expect(plane).to_have_count(0)
    picture, _ = shown_picture(viewport, (160, 200))
    # The plane is no part of the picture itself: the ramp goes on below it.
    assert picture[30, 20].mean() < picture[100, 150].mean()
