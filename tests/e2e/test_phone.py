"""The viewer in the hand: swipe, pinch, two fingers, measuring by taps, and what patients see."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.demonstration import Demonstration, Person
from tests.e2e.conftest import SignIn
from tests.e2e.laid_out import study_called

pytestmark = pytest.mark.timeout(300)

CHEST = "04-55011"
WIDTH, HEIGHT = 390, 844
HOLD_MILLISECONDS = 600
# Apple's and Google's least size of something to be touched, which UI.md asks for too.
TOUCH_TARGET = 44
Point = tuple[float, float]


class Fingers:
    """Touches a page through the browser's own input, as fingers do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.session: CDPSession = page.context.new_cdp_session(page)

    def send(self, kind: str, points: list[Point]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    @contextmanager
    def down(self, *points: Point) -> Iterator[None]:
        self.send("touchStart", list(points))
        yield
        self.send("touchEnd", [])

    def drag(self, *paths: tuple[Point, Point], steps: int = 10, hold: int = 0) -> None:
        with self.down(*(start for start, _ in paths)):
            self.page.wait_for_timeout(hold)
            for step in range(1, steps + 1):
                share = step / steps
                at = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for (x0, y0), (x1, y1) in paths]
                self.send("touchMove", at)

    def tap(self, point: Point) -> None:
        with self.down(point):
            pass


def viewport_of(page: Page) -> Locator:
    return page.locator("[data-image-index]").first


def middle(page: Page) -> Point:
    box = viewport_of(page).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def on_a_phone(demonstration: Demonstration, sign_in: SignIn, person: Person, *, width: int = WIDTH) -> Page:
    """The chest CT of the demonstration, open on a phone, or on what is wider."""
    chest = study_called(demonstration, demonstration.person("radiologist", "A"), CHEST)
    page = sign_in(person, width=width, height=HEIGHT)
    page.goto(f"{demonstration.portal_url}/viewer/{chest}/")
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    return page


@pytest.fixture
def reader(demonstration: Demonstration, sign_in: SignIn) -> Page:
    """A radiologist's phone."""
    return on_a_phone(demonstration, sign_in, demonstration.person("radiologist", "A"))


def test_a_swipe_scrolls_and_a_pinch_zooms(reader: Page) -> None:
    fingers, viewport = Fingers(reader), viewport_of(reader)
    x, y = middle(reader)
    before = int(viewport.get_attribute("data-image-index") or "")
    reader.get_by_test_id("phone-scroll").click()
    fingers.drag(((x, y), (x, y + 120)))
    expect(viewport).not_to_have_attribute("data-image-index", str(before))
    assert int(viewport.get_attribute("data-image-index") or "") > before
    zoom = float(viewport.get_attribute("data-zoom") or "")
    index = viewport.get_attribute("data-image-index") or ""
    fingers.drag(((x - 30, y), (x - 90, y)), ((x + 30, y), (x + 90, y)))
    expect(viewport).not_to_have_attribute("data-zoom", str(zoom))
    # Three times as far apart, less the few pixels by which a pinch is told from a hold.
    assert float(viewport.get_attribute("data-zoom") or "") == pytest.approx(2.5 * zoom, rel=0.2)
    # Two fingers never scroll.
    expect(viewport).to_have_attribute("data-image-index", index)


def test_two_fingers_held_set_the_window(reader: Page) -> None:
    fingers, viewport = Fingers(reader), viewport_of(reader)
    x, y = middle(reader)
    lower, zoom = viewport.get_attribute("data-voi-lower"), viewport.get_attribute("data-zoom") or ""
    fingers.drag(((x - 40, y), (x - 40, y + 60)), ((x + 40, y), (x + 40, y + 60)), hold=HOLD_MILLISECONDS)
    expect(viewport).not_to_have_attribute("data-voi-lower", lower or "")
    expect(viewport).to_have_attribute("data-zoom", zoom)


def test_a_line_is_measured_with_two_taps(reader: Page) -> None:
    fingers = Fingers(reader)
    x, y = middle(reader)
    reader.get_by_test_id("phone-measure").click()
    reader.get_by_test_id("tool-line").click()
    expect(reader.get_by_test_id("tool-line")).to_be_hidden()
    fingers.tap((x - 60, y))
    fingers.tap((x + 60, y))
    reader.get_by_test_id("phone-panel").click()
    expect(reader.get_by_test_id("panel")).to_contain_text(re.compile(r"\d+\.\d mm"))


def test_the_panel_that_is_open_on_the_desk_does_not_hide_the_image_of_the_phone(
    demonstration: Demonstration, sign_in: SignIn
) -> None:
    person = demonstration.person("radiologist", "A")
    desk = on_a_phone(demonstration, sign_in, person, width=1440)
    panel = desk.get_by_test_id("panel")
    # Chosen, not as it is by itself; only what changes is saved.
    for _ in range(2 if panel.is_visible() else 1):
        with desk.expect_response(lambda answer: answer.request.method == "PATCH" and "preferences" in answer.url):
            desk.keyboard.press("e")
    expect(panel).to_be_visible()
    phone = on_a_phone(demonstration, sign_in, person)
    expect(phone.get_by_test_id("panel")).to_be_hidden()
    phone.get_by_test_id("phone-panel").click()
    expect(phone.get_by_test_id("panel")).to_be_visible()
    mark = phone.get_by_test_id("panel-measured").locator("[data-leads-to-image]").first
    if not mark.count():
        phone.get_by_test_id("phone-panel").click()
        phone.get_by_test_id("phone-measure").click()
        phone.get_by_test_id("tool-probe").click()
        Fingers(phone).tap(middle(phone))
        phone.get_by_test_id("phone-panel").click()
    mark.click()
    expect(phone.get_by_test_id("panel")).to_be_hidden()


def test_nothing_is_cut_off_and_everything_can_be_touched(reader: Page) -> None:
    assert reader.evaluate("document.documentElement.scrollWidth") == WIDTH
    for button in reader.locator(".phone-bar button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= TOUCH_TARGET
        assert box["width"] >= TOUCH_TARGET
        assert box["x"] + box["width"] <= WIDTH


def test_patients_see_series_scroll_zoom_and_presets_in_words(demonstration: Demonstration, sign_in: SignIn) -> None:
    page = on_a_phone(demonstration, sign_in, demonstration.person("patient", "A"))
    expect(page.locator(".phone-bar button:visible")).to_have_text(["Scroll", "Window", "Zoom", "Fit", "Save"])
    expect(page.locator(".preset:visible")).to_have_text(
        ["Lungs", "Organs", "Heart and vessels", "Bones", "Brain", "As made"], use_inner_text=True
    )
    page.get_by_test_id("preset-2").click()
    expect(viewport_of(page)).to_have_attribute("data-voi-lower", re.compile(r"-1200"))
    expect(page.get_by_test_id("panel")).to_be_hidden()
