"""Planes and 3D in the viewer, against a phantom whose marks lie at known places of the patient."""

import contextlib
import math
import re
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError

from tests.conftest import BROWSER_OPTIONS, BROWSERS
from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images, volume_phantom
from tests.e2e.conftest import SignIn
from tests.e2e.measured_images import COLUMN_SPACING, INTERCEPT, ROW_SPACING
from tests.e2e.volume_phantom import BODY, LEFT_HIGH_FRONT, MARKS, RIGHT_LOW_BACK, Place

pytestmark = pytest.mark.timeout(300)

IN_THE_WORKLIST_SECONDS = 30
SECONDS = 1000
PLANES = ("axial", "coronal", "sagittal")
# What lies to the right and down on each plane, as radiologists hang them.
DIRECTIONS: dict[str, tuple[Place, Place]] = {
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}
LEVEL_AT = """(viewport, [x, y]) => {
    const canvas = viewport.querySelector('canvas');
    const ratio = canvas.width / viewport.clientWidth;
    return canvas.getContext('2d').getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data[0];
}"""
LEVELS = """viewport => {
    const canvas = viewport.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const levels = [];
    for (let at = 0; at < data.length; at += 4) levels.push(Math.max(data[at], data[at + 1], data[at + 2]));
    return { width: canvas.width, height: canvas.height, levels };
}"""


class Reader:
    """The viewer's page in front of a reader who looks at a series in planes and in 3D."""

    def __init__(self, page: Page, portal_url: str, study_instance_uid: str) -> None:
        self.page = page
        page.goto(f"{portal_url}/viewer/{study_instance_uid}/")
        page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60 * SECONDS)

    @property
    def html(self) -> Locator:
        return self.page.locator("html")

    def open_planes(self) -> None:
        self.page.keyboard.press("x")
        expect(self.html).to_have_attribute("data-viewer-mpr", "ready", timeout=60 * SECONDS)

    def pane(self, plane: str) -> Locator:
        return self.page.locator(f'.pane[data-plane="{plane}"]')

    def viewport(self, plane: str) -> Locator:
        return self.pane(plane).get_by_test_id("viewport")

    def center(self) -> np.ndarray:
        """The crosshair, in the patient's millimetres."""
        return np.array([float(part) for part in (self.html.get_attribute("data-mpr-center") or "").split()])

    def value(self) -> float:
        """HU under the crosshair."""
        return float((self.html.get_attribute("data-mpr-value") or "nan").replace("\u2212", "-"))

    def per_mm(self, plane: str) -> float:
        """CSS pixels of a millimetre."""
        scale = float((self.viewport(plane).get_attribute("data-affine") or "").split()[0])
        return scale / float(self.pane(plane).get_attribute("data-pitch") or "nan")

    def cross(self, plane: str) -> np.ndarray:
        """The middle of the crosshair, in CSS pixels of the viewport."""
        middle = self.pane(plane).locator(".crosshair-center")
        return np.array([float(middle.get_attribute("cx") or 0), float(middle.get_attribute("cy") or 0)])

    def on_screen(self, plane: str, place: Place) -> np.ndarray:
        """Where a place of the patient lies on an unturned plane, in CSS pixels of its viewport."""
        way = np.array(place) - self.center()
        right, down = (np.dot(way, np.array(direction)) for direction in DIRECTIONS[plane])
        return self.cross(plane) + self.per_mm(plane) * np.array([right, down])

    def on_page(self, plane: str, point: np.ndarray) -> tuple[float, float]:
        box = self.viewport(plane).bounding_box()
        assert box is not None
        return box["x"] + float(point[0]), box["y"] + float(point[1])

    def drag(self, plane: str, start: np.ndarray, end: np.ndarray) -> None:
        mouse = self.page.mouse
        mouse.move(*self.on_page(plane, start))
        mouse.down()
        mouse.move(*self.on_page(plane, end), steps=5)
        mouse.up()

    def go_to(self, place: Place) -> None:
        """Drag the crosshair to a place of the patient, on two planes."""
        for plane in ("axial", "coronal"):
            self.drag(plane, self.cross(plane), self.on_screen(plane, place))
            self.page.wait_for_timeout(100)

    def level(self, plane: str, point: np.ndarray) -> int:
        """The grey (0 to 255) at a point of a viewport."""
        return int(self.viewport(plane).evaluate(LEVEL_AT, [float(point[0]), float(point[1])]))

    def levels(self, viewport: Locator) -> np.ndarray:
        """Every pixel of a viewport's canvas, its brightest channel."""
        found = viewport.evaluate(LEVELS)
        return np.array(found["levels"]).reshape(found["height"], found["width"])


OpenReader = Callable[..., Reader]


@pytest.fixture
def send(demonstration: Demonstration) -> Callable[..., str]:
    """Sends images to server A and waits until the portal has them."""

    def sent(instances: list) -> str:
        uid = measured_images.send(demonstration.server("A"), instances)
        person = demonstration.person("radiologist", "A")
        wait_until(
            lambda: demonstration.instances_seen(person, uid) == len(instances),
            IN_THE_WORKLIST_SECONDS,
            "the study stands in the portal",
        )
        return uid

    return sent


@pytest.fixture
def open_reader(demonstration: Demonstration, send: Callable[..., str], sign_in: SignIn) -> OpenReader:
    """Sends images, and opens them as a radiologist."""

    def opened(instances: list) -> Reader:
        return Reader(sign_in(demonstration.person("radiologist", "A")), demonstration.portal_url, send(instances))

    return opened


def test_planes_show_each_place_of_the_patient_where_it_is(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.open_planes()
    letters = {
        plane: [reader.pane(plane).get_by_test_id(f"letter-{edge}").inner_text() for edge in ("left", "right", "top")]
        for plane in PLANES
    }
    assert letters == {"axial": ["R", "L", "A"], "coronal": ["R", "L", "H"], "sagittal": ["A", "P", "H"]}
    # A window of 450/1000: 900 HU is 242 of 255, the body (40 HU) 23.
    for hu, grey in ((LEFT_HIGH_FRONT, 242), (RIGHT_LOW_BACK, 115)):
        reader.go_to(MARKS[hu])
        assert np.linalg.norm(reader.center() - np.array(MARKS[hu])) < 1.5
        assert reader.value() == hu
        for plane in PLANES:
            expect(reader.pane(plane).get_by_test_id("corner-series")).to_contain_text(f"Crosshair {hu} HU")
            cross = reader.cross(plane)
            # The crosshair rests on a voxel, up to 1.5 mm beside the middle of the mark, which reaches five.
            inside = cross + 1.0 * reader.per_mm(plane) * np.array([math.cos(0.8), math.sin(0.8)])
            outside = cross + 9 * reader.per_mm(plane) * np.array([math.cos(0.8), math.sin(0.8)])
            assert abs(reader.level(plane, inside) - grey) <= 3
            assert abs(reader.level(plane, outside) - 23) <= 3


def test_crosshair_has_the_value_and_the_place_of_the_stack(open_reader: OpenReader) -> None:
    reader = open_reader(measured_images.ct(slices=9))
    reader.open_planes()
    for _ in range(3):
        x, y, z = reader.center()
        assert reader.value() == pytest.approx(2 * y / ROW_SPACING + x / COLUMN_SPACING + INTERCEPT, abs=1e-3)
        assert z % 2 == pytest.approx(0, abs=1e-3)
        reader.drag("axial", reader.cross("axial"), reader.cross("axial") + np.array([37.0, -23.0]))
        reader.page.wait_for_timeout(150)
    expect(reader.pane("axial").get_by_test_id("corner-series")).to_contain_text("Axial")
    assert "Image 5 of 9" in reader.pane("axial").get_by_test_id("corner-series").inner_text()


def test_planes_follow_the_crosshair_and_the_window(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.open_planes()
    before = {plane: float(reader.pane(plane).get_attribute("data-place") or 0) for plane in PLANES}
    # 10 mm to the left and 6 mm to the back on the axial plane.
    start = reader.cross("axial")
    reader.drag("axial", start, start + reader.per_mm("axial") * np.array([10.0, 6.0]))
    moved = reader.center()
    # The normals as seen on the screen: coronal into it (to the back), sagittal to the patient's right.
    assert float(reader.pane("coronal").get_attribute("data-place") or 0) == pytest.approx(moved[1], abs=1e-3)
    assert float(reader.pane("coronal").get_attribute("data-place") or 0) - before["coronal"] == pytest.approx(
        6, abs=1.2
    )
    assert -float(reader.pane("sagittal").get_attribute("data-place") or 0) == pytest.approx(moved[0], abs=1e-3)
    assert before["sagittal"] - float(reader.pane("sagittal").get_attribute("data-place") or 0) == pytest.approx(
        10, abs=1.2
    )
    assert reader.pane("axial").get_attribute("data-place") == f"{before['axial']:.3f}"
    # Scrolling the axial plane moves the crosshair to the feet, and its line on the coronal plane down.
    line = reader.cross("coronal")[1]
    reader.viewport("axial").hover()
    reader.page.mouse.wheel(0, 120)
    reader.page.wait_for_timeout(200)
    assert reader.center()[2] < moved[2]
    assert reader.cross("coronal")[1] > line
    reader.page.keyboard.press("5")
    for plane in PLANES:
        expect(reader.viewport(plane)).to_have_attribute("data-voi-lower", "-950")
        expect(reader.viewport(plane)).to_have_attribute("data-voi-upper", "1549")


def test_slab_shows_the_highest_of_its_thickness(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.open_planes()
    x, y, z = MARKS[LEFT_HIGH_FRONT]
    # Twelve millimetres below the mark, which reaches five.
    reader.go_to((x, y, z - 12))
    axial = reader.pane("axial")
    beside = reader.cross("axial") + 1.0 * reader.per_mm("axial") * np.array([math.cos(0.8), math.sin(0.8)])
    assert reader.value() == BODY
    assert abs(reader.level("axial", beside) - 23) <= 3
    reader.page.get_by_test_id("slab-mode").select_option("maximum")
    reader.page.get_by_test_id("slab-thickness").fill("26")
    expect(axial.get_by_test_id("corner-series")).to_contain_text("MIP 26 mm")
    expect(axial.get_by_test_id("quality")).to_contain_text("Full quality")
    reader.page.wait_for_timeout(200)
    assert abs(reader.level("axial", beside) - 242) <= 8
    reader.page.get_by_test_id("slab-thickness").fill("10")
    reader.page.wait_for_timeout(300)
    assert abs(reader.level("axial", beside) - 23) <= 3
    reader.page.get_by_test_id("slab-mode").select_option("minimum")
    reader.page.get_by_test_id("slab-thickness").fill("26")
    reader.page.wait_for_timeout(300)
    assert abs(reader.level("axial", beside) - 23) <= 3


def test_turning_the_crosshair_makes_oblique_planes(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.open_planes()
    reader.go_to(MARKS[LEFT_HIGH_FRONT])
    handle = reader.pane("axial").locator('.crosshair-handle[data-plane="coronal"]').first
    start = np.array([float(handle.get_attribute("cx") or 0), float(handle.get_attribute("cy") or 0)])
    cross = reader.cross("axial")
    angle = math.radians(20)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    reader.drag("axial", start, cross + turn @ (start - cross))
    coronal = reader.pane("coronal")
    expect(coronal.get_by_test_id("corner-series")).to_contain_text("Coronal, oblique")
    normal = np.array([float(part) for part in (coronal.get_attribute("data-normal") or "").split()])
    # The normal pointed to the back; clockwise on the axial plane is from left to back, so it now points to the right.
    assert normal == pytest.approx([-math.sin(angle), math.cos(angle), 0], abs=0.02)
    # Twenty degrees: the coronal plane is now that of the scan. What is under the crosshair has stayed.
    assert reader.value() == LEFT_HIGH_FRONT
    expect(coronal.get_by_test_id("letter-right")).to_have_text(re.compile("^L"))
    beside = reader.cross("coronal") + 1.0 * reader.per_mm("coronal") * np.array([math.cos(0.8), math.sin(0.8)])
    assert abs(reader.level("coronal", beside) - 242) <= 3
    reader.page.get_by_test_id("mpr-reset").click()
    expect(coronal.get_by_test_id("corner-series")).not_to_contain_text("oblique")


def test_images_come_back_where_the_crosshair_was(open_reader: OpenReader) -> None:
    reader = open_reader(measured_images.ct(slices=9))
    reader.open_planes()
    reader.viewport("axial").hover()
    reader.page.mouse.wheel(0, 120)
    reader.page.wait_for_timeout(200)
    shown = reader.center()[2]
    reader.page.keyboard.press("x")
    expect(reader.html).not_to_have_attribute("data-viewer-mpr", re.compile("."))
    expect(reader.page.locator(".pane")).to_have_count(1)
    index = int(-shown / 2)
    expect(reader.page.get_by_test_id("viewport")).to_have_attribute("data-image-index", str(index))


def test_volume_turns_and_keeps_left_and_right(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.page.get_by_test_id("volume").click()
    expect(reader.html).to_have_attribute("data-viewer-solid", "full", timeout=60 * SECONDS)
    viewport = reader.page.get_by_test_id("viewport")
    pane = reader.page.locator(".pane")
    assert [pane.get_by_test_id(f"letter-{edge}").inner_text() for edge in ("left", "right")] == ["R", "L"]
    # The brightest mark lies to the left and up, the other one to the right and down.
    high, low = brightest(reader, viewport, 245), brightest(reader, viewport, 150, 220)
    assert high[0] > low[0]
    assert high[1] < low[1]
    for _ in range(12):
        reader.page.keyboard.press("ArrowRight")
    expect(pane).to_have_attribute("data-forward", re.compile(r"-?0\.0000 -1\.0000 -?0\.0000"))
    expect(reader.html).to_have_attribute("data-viewer-solid", "full", timeout=60 * SECONDS)
    assert [pane.get_by_test_id(f"letter-{edge}").inner_text() for edge in ("left", "right")] == ["L", "R"]
    high, low = brightest(reader, viewport, 245), brightest(reader, viewport, 150, 220)
    assert high[0] < low[0]
    assert high[1] < low[1]
    before = reader.levels(viewport)
    box = viewport.bounding_box()
    assert box is not None
    reader.page.mouse.move(box["x"] + 300, box["y"] + 300)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + 380, box["y"] + 330, steps=4)
    reader.page.mouse.up()
    expect(pane).not_to_have_attribute("data-forward", re.compile(r"-1\.0000"))
    expect(reader.html).to_have_attribute("data-viewer-solid", "full", timeout=60 * SECONDS)
    assert (np.abs(reader.levels(viewport) - before) > 20).sum() > 1000


def brightest(reader: Reader, viewport: Locator, least: int, most: int = 255) -> tuple[float, float]:
    """The middle of the pixels within these levels, in the inner part of the picture (words stand at its rim)."""
    levels = reader.levels(viewport)
    rows, columns = np.nonzero((levels >= least) & (levels <= most))
    assert rows.size > 50
    return float(np.median(columns)), float(np.median(rows))


def test_volume_has_colours_and_can_be_cut(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.page.get_by_test_id("volume").click()
    expect(reader.html).to_have_attribute("data-viewer-solid", "full", timeout=60 * SECONDS)
    viewport = reader.page.get_by_test_id("viewport")
    reader.page.get_by_test_id("solid-look").select_option("bone")
    expect(reader.page.locator(".pane")).to_have_attribute("data-solid", "bone")
    expect(reader.page.get_by_test_id("solid-drawing")).to_have_text("Drawn in full", timeout=60 * SECONDS)
    reader.page.wait_for_timeout(300)
    whole = (reader.levels(viewport) > 60).sum()
    assert whole > 500
    # Both marks are bone; cutting the upper half away leaves the lower one.
    reader.page.get_by_test_id("solid-cuts").click()
    reader.page.get_by_test_id("cut-head").fill("50")
    expect(reader.page.get_by_test_id("solid-drawing")).not_to_have_text("Drawn in full")
    expect(reader.page.get_by_test_id("solid-drawing")).to_have_text("Drawn in full", timeout=60 * SECONDS)
    reader.page.wait_for_timeout(300)
    left = (reader.levels(viewport) > 60).sum()
    assert 0.2 * whole < left < 0.8 * whole


def test_planes_and_3d_share_a_screen(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct())
    reader.open_planes()
    reader.page.get_by_test_id("volume").click()
    expect(reader.html).to_have_attribute("data-viewer-solid", "full", timeout=60 * SECONDS)
    expect(reader.page.locator(".pane")).to_have_count(4)
    expect(reader.html).to_have_attribute("data-viewer-mpr", "ready")
    reader.page.get_by_test_id("solid-close").click()
    expect(reader.page.locator(".pane")).to_have_count(3)
    reader.page.get_by_test_id("mpr-close").click()
    expect(reader.page.locator(".pane")).to_have_count(1)


def test_crosshair_moves_and_turns_by_keys(open_reader: OpenReader) -> None:
    reader = open_reader(measured_images.ct(slices=9))
    reader.open_planes()
    x, y, z = reader.center()
    for key in ("Control+ArrowRight", "Control+Shift+ArrowRight", "Control+ArrowUp"):
        reader.page.keyboard.press(key)
    # Eleven columns of 0.5 mm to the left; a pixel of the plane is 0.5 mm, the rows of the CT are 0.8 mm apart.
    moved = reader.center()
    assert moved[0] - x == pytest.approx(11 * COLUMN_SPACING, abs=1e-3)
    assert 0 < y - moved[1] <= ROW_SPACING
    assert moved[2] == z
    reader.page.keyboard.press(">")
    expect(reader.pane("coronal").get_by_test_id("corner-series")).to_contain_text("turned 10.0°")
    reader.page.keyboard.press(",")
    expect(reader.pane("sagittal").get_by_test_id("corner-series")).to_contain_text("turned 9.0°")


def test_planes_are_seen_before_all_images_have_come(
    demonstration: Demonstration, send: Callable[..., str], sign_in: SignIn
) -> None:
    uid = send(volume_phantom.oblique_ct())
    page = sign_in(demonstration.person("radiologist", "A"))
    held: list[Route] = []
    open_for = [2]

    def hold(route: Route) -> None:
        if open_for[0] > 0:
            open_for[0] -= 1
            route.continue_()
        else:
            held.append(route)

    page.route(re.compile("/frames$"), hold)
    page.goto(f"{demonstration.portal_url}/viewer/{uid}/")
    page.wait_for_selector('html[data-viewer-state="first-image"]', state="attached", timeout=60 * SECONDS)
    open_for[0] = 1
    page.keyboard.press("x")
    badge = page.locator('.pane[data-plane="axial"]').get_by_test_id("quality")
    expect(page.locator("html")).to_have_attribute("data-viewer-mpr", "visible", timeout=60 * SECONDS)
    expect(badge).to_have_text(re.compile(r"Preview, \d+ % loaded"))
    open_for[0] = 1000
    for route in held:
        # Some were given up meanwhile.
        with contextlib.suppress(PlaywrightError):
            route.continue_()
    expect(page.locator("html")).to_have_attribute("data-viewer-mpr", "ready", timeout=60 * SECONDS)
    expect(badge).to_have_text(re.compile("Full quality"))


def test_series_that_is_no_volume_says_why(open_reader: OpenReader) -> None:
    reader = open_reader(measured_images.ct(slices=2))
    reader.page.keyboard.press("x")
    dialog = reader.page.get_by_test_id("volume-dialog")
    expect(dialog).to_contain_text("The series has 2 images; planes and 3D need at least 5.")
    dialog.get_by_role("button").click()
    expect(dialog).to_have_count(0)
    expect(reader.page.get_by_test_id("viewport")).to_have_attribute("data-image-count", "2")


def test_missing_slice_is_told_and_left_empty(open_reader: OpenReader) -> None:
    reader = open_reader(volume_phantom.oblique_ct(leave_out=(20,)))
    reader.open_planes()
    expect(reader.pane("axial").get_by_test_id("notices")).to_contain_text("1 slice missing after 20")
    reader.go_to(MARKS[LEFT_HIGH_FRONT])
    assert reader.value() == LEFT_HIGH_FRONT
    levels = reader.levels(reader.viewport("axial"))
    # The body is 23 of 255; the gap of three millimetres is black.
    assert ((levels < 5) & (np.roll(levels, 25, axis=0) > 15) & (np.roll(levels, -25, axis=0) > 15)).sum() > 100


@pytest.fixture
def poor_machine(demonstration: Demonstration, sign_in: SignIn) -> Page:
    """A signed-in page of a browser that says it has hardly any memory."""
    page = sign_in(demonstration.person("radiologist", "A"))
    page.context.add_init_script("Object.defineProperty(navigator, 'deviceMemory', { get: () => 0.0003 })")
    return page


def test_volume_too_big_for_the_memory_is_offered_reduced(
    demonstration: Demonstration, send: Callable[..., str], poor_machine: Page
) -> None:
    reader = Reader(poor_machine, demonstration.portal_url, send(volume_phantom.oblique_ct()))
    reader.page.keyboard.press("x")
    dialog = reader.page.get_by_test_id("volume-dialog")
    expect(dialog).to_contain_text("40 images of 64 × 48 pixels need")
    dialog.get_by_role("button", name="Stay with the images").click()
    expect(dialog).to_have_count(0)
    expect(reader.page.locator(".pane")).to_have_count(1)
    reader.page.keyboard.press("x")
    dialog.get_by_role("button", name="Reduced: 1 of 2 pixels").click()
    expect(reader.html).to_have_attribute("data-viewer-mpr", "ready", timeout=60 * SECONDS)
    for plane in PLANES:
        expect(reader.pane(plane).get_by_test_id("quality")).to_have_text(re.compile("Reduced: 1 of 2 pixels"))
    reader.go_to(MARKS[LEFT_HIGH_FRONT])
    assert reader.value() == LEFT_HIGH_FRONT
    assert np.linalg.norm(reader.center() - np.array(MARKS[LEFT_HIGH_FRONT])) < 2.5


def test_images_planes_and_3d_work_without_webgl(
    demonstration: Demonstration, send: Callable[..., str], browser: Browser
) -> None:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    options = [*BROWSER_OPTIONS[:-2], "--disable-gpu", "--disable-3d-apis"]
    bare = browser.browser_type.launch(executable_path=found, args=options)
    try:
        signing = SignIn(demonstration, bare)
        page = signing(demonstration.person("radiologist", "A"))
        reader = Reader(page, demonstration.portal_url, send(volume_phantom.oblique_ct()))
        assert page.evaluate("document.createElement('canvas').getContext('webgl2')") is None
        assert (reader.levels(page.get_by_test_id("viewport")) > 20).sum() > 1000
        reader.open_planes()
        reader.go_to(MARKS[LEFT_HIGH_FRONT])
        assert reader.value() == LEFT_HIGH_FRONT
        page.get_by_test_id("volume").click()
        expect(reader.html).to_have_attribute("data-viewer-solid", "full", timeout=60 * SECONDS)
        assert signing.complaints == []
    finally:
        bare.close()
