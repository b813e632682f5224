"""Draws on images in the viewer as a reader does, and reads what stands there."""

import math
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

Point = tuple[float, float]
FIRST_IMAGE, ALL_IMAGES = ('html[data-viewer-state="first-image"]', 'html[data-viewer-state="ready"]')


class Desk:
    """The viewer's page with one image in its active viewport."""

    def __init__(self, page: Page, portal_url: str, study_instance_uid: str) -> None:
        self.page, self.portal_url = page, portal_url
        self.url = f"{portal_url}/viewer/{study_instance_uid}/"
        self.open()

    def open(self) -> None:
        """Open the page, and wait for its images and marks."""
        self.page.goto(self.url)
        self.page.wait_for_selector(f"{FIRST_IMAGE}, {ALL_IMAGES}", state="attached", timeout=90_000)
        expect(self.saved).to_have_attribute("data-loaded", "true", timeout=30_000)
        expect(self.saved).not_to_have_attribute("data-state", "saving")

    @property
    def viewport(self) -> Locator:
        """The active viewport."""
        return self.page.locator(".pane .viewport").first

    @property
    def items(self) -> Locator:
        """The marks as the list beside the image has them."""
        return self.page.get_by_test_id("panel-measured").get_by_test_id("marked")

    @property
    def saved(self) -> Locator:
        """The line that says whether marks are saved."""
        return self.page.get_by_test_id("marks-saved")

    def values(self) -> list[str]:
        """The large value of each mark."""
        return self.items.get_by_test_id("mark-value").all_inner_texts()

    def is_saved(self) -> None:
        """Wait until everything is saved."""
        expect(self.saved).to_have_attribute("data-state", "saved", timeout=20_000)

    def affine(self) -> list[float]:
        """a b c d e f of the map from pixels of the image to the viewport."""
        return [float(value) for value in (self.viewport.get_attribute("data-affine") or "").split()]

    def on_screen(self, point: Point) -> Point:
        """Where a pixel of the image lies, in CSS pixels of the viewport."""
        a, b, c, d, e, f = self.affine()
        return a * point[0] + c * point[1] + e, b * point[0] + d * point[1] + f

    def on_page(self, point: Point) -> Point:
        """Where a pixel of the image lies on the page."""
        x, y = self.on_screen(point)
        box = self.viewport.bounding_box()
        assert box is not None
        return box["x"] + x, box["y"] + y

    def drag(self, *points: Point) -> None:
        """Press at the first pixel of the image, move over the others, and let go at the last."""
        mouse = self.page.mouse
        mouse.move(*self.on_page(points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.on_page(point), steps=4)
        mouse.up()

    def click(self, *points: Point) -> None:
        """Click at pixels of the image, one after the other."""
        for point in points:
            self.page.mouse.move(*self.on_page(point))
            self.page.mouse.down()
            self.page.mouse.up()

    def key(self, *names: str) -> None:
        """Press keys."""
        for name in names:
            self.page.keyboard.press(name)

    def kept(self) -> list[dict[str, Any]]:
        """The marks as the portal keeps them, asked for by the page's own session."""
        config = self.page.evaluate("JSON.parse(document.getElementById('viewer-config').textContent)")
        answer = self.page.request.get(f"{self.portal_url}{config['annotations_url']}")
        assert answer.ok
        return list(answer.json()["results"])

    def lines(self) -> list[list[Point]]:
        """Every mark's figure as it is drawn: the points of its path, in CSS pixels of the viewport."""
        paths = self.page.locator(".pane .mark .mark-line").evaluate_all(
            "paths => paths.map(path => path.getAttribute('d'))"
        )
        return [_points(path) for path in paths]


def _points(path: str) -> list[Point]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def near(a: Point, b: Point, within: float) -> bool:
    """True for two points at most so far from each other."""
    return math.dist(a, b) <= within
