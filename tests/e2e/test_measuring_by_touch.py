"""Measuring with a finger on a phone: two taps, then an end is dragged under a loupe."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk, Point

pytestmark = pytest.mark.timeout(300)

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def phone(demonstration: Demonstration, browser: Browser, sign_in: SignIn) -> Page:
    """A phone on which a radiologist of A has signed in."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    page = context.new_page()
    page.on("pageerror", lambda error: sign_in.trouble.append(f"page error: {error}"))
    page.on("console", sign_in.note)
    person = demonstration.person("radiologist", "A")
    page.goto(f"{demonstration.portal_url}/accounts/login/")
    page.fill("#id_login", person.username)
    page.fill("#id_password", person.password)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    return page


@pytest.fixture
def desk(demonstration: Demonstration, phone: Page) -> Desk:
    """A CT of known size on that phone."""
    person = demonstration.person("radiologist", "A")
    uid = measured_images.send(demonstration.server("A"), measured_images.ct())
    wait_until(lambda: demonstration.instances_seen(person, uid) == 2, 20, "the study stands in the portal")
    return Desk(phone, demonstration.portal_url, uid)


def tap(desk: Desk, point: Point) -> None:
    """Tap a pixel of the image."""
    desk.page.touchscreen.tap(*desk.on_page(point))


class Fingers:
    """Fingers on a page; one session of the browser's own protocol, which knows which of them are down."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def __call__(self, kind: str, *points: Point) -> None:
        """One event: touchStart, touchMove or touchEnd, with all the fingers that are down."""
        at = [{"x": x, "y": y} for x, y in points]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})


def test_two_taps_measure_and_a_finger_corrects_under_a_loupe(desk: Desk) -> None:
    desk.page.evaluate("document.querySelector('[data-command=line]').click()")
    tap(desk, (40, 40))
    expect(desk.page.get_by_test_id("mark-bar")).to_contain_text("Tap the other end")
    tap(desk, (40, 90))
    bar = desk.page.get_by_test_id("mark-bar")
    expect(bar).to_contain_text("Drag an end to correct")
    desk.is_saved()
    (line,) = desk.kept()
    assert line["points"][0] == pytest.approx([40, 40], abs=0.6)
    assert line["values"]["length"] == pytest.approx(40, abs=0.6)
    # A finger beside the end takes hold of it, and the end keeps its distance from the finger.
    x, y = desk.on_page((40, 90))
    touch = Fingers(desk.page)
    touch("touchStart", (x + 12, y + 8))
    for step in range(1, 9):
        touch("touchMove", (x + 12 + step * 5, y + 8))
    expect(desk.page.get_by_test_id("loupe")).to_be_visible()
    finger = desk.page.get_by_test_id("loupe").bounding_box()
    assert finger is not None
    assert finger["y"] + finger["height"] < y
    touch("touchEnd")
    expect(desk.page.get_by_test_id("loupe")).to_have_count(0)
    wait_until(lambda: desk.kept()[0]["version"] == 2, 10, "the moved end is saved")
    end = desk.kept()[0]["points"][1]
    assert desk.on_page((end[0], end[1])) == pytest.approx((x + 40, y), abs=1.5)
    bar.get_by_test_id("mark-bar-undo").click()
    wait_until(lambda: desk.kept()[0]["points"] == line["points"], 10, "the end is back where it was")
    bar.get_by_test_id("mark-bar-done").click()
    expect(bar).to_have_count(0)


def test_a_second_finger_takes_the_image_and_leaves_no_mark(desk: Desk) -> None:
    desk.page.evaluate("document.querySelector('[data-command=line]').click()")
    before = desk.affine()
    touch = Fingers(desk.page)
    a, b = desk.on_page((60, 60)), desk.on_page((120, 100))
    touch("touchStart", a)
    touch("touchStart", a, b)
    for step in range(1, 9):
        touch("touchMove", (a[0] - step * 6, a[1]), (b[0] + step * 6, b[1]))
    touch("touchEnd")
    wait_until(lambda: desk.affine()[0] > before[0], 5, "the image is larger")
    expect(desk.page.locator(".pane .mark")).to_have_count(0)
    assert desk.kept() == []
