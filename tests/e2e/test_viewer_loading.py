"""How the viewer loads: little before the first image, readers before what is loaded ahead, and never unsaid."""

import gzip
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.demonstration import Demonstration
from tests.e2e.conftest import SignIn
from tests.e2e.laid_out import study_called

pytestmark = pytest.mark.timeout(180)

LONGEST_CT = "04-55011"
LARGEST_COLD_LOAD = 1_400_000
MOST_REQUESTS = 10
FRAMES = re.compile(r"/series/[0-9.]+/frames$")
SHOWN = re.compile(r"^[1-9]")
LOADED = re.compile(r"Loaded (\d+) of (\d+)")


@pytest.fixture
def longest_ct(demonstration: Demonstration) -> str:
    """The CT with the most images of the demonstration's own."""
    return study_called(demonstration, demonstration.person("radiologist", "A"), LONGEST_CT)


def address(demonstration: Demonstration, study: str) -> str:
    server = demonstration.server("A").id
    return f"{demonstration.portal_url}/viewer/{study}/?server={server}"


def frames_asked(request: Request) -> list[str]:
    """The frames that a request names."""
    found = re.search(r"frames=([^&]*)", request.post_data or "")
    return found[1].split("%2C") if found else []


class Hold:
    """Lets no answer come to some of the requests for frames, until it lets go."""

    def __init__(self, page: Page, is_held: Callable[[list[str]], bool]) -> None:
        self.is_held: Callable[[list[str]], bool] | None = is_held
        self.held: list[Route] = []
        page.route(FRAMES, self.decide)

    def decide(self, route: Route) -> None:
        """Hold a request, or let it go on."""
        if self.is_held and self.is_held(frames_asked(route.request)):
            self.held.append(route)
        else:
            route.continue_()

    def no_more(self) -> None:
        """Hold nothing new."""
        self.is_held = None

    def let_go(self) -> None:
        """Let everything come."""
        self.no_more()
        for route in self.held:
            route.continue_()


def is_bundle(frames: list[str]) -> bool:
    return len(frames) > 1


def state_of(page: Page) -> str:
    return str(page.evaluate("document.documentElement.dataset.viewerState"))


def test_little_is_loaded_before_the_first_image(
    demonstration: Demonstration, longest_ct: str, sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto("about:blank")
    before: list[Request] = []
    is_over = threading.Event()

    def note(request: Request) -> None:
        if FRAMES.search(request.url):
            is_over.set()
        elif not is_over.is_set() and request.url.startswith("http"):
            before.append(request)

    page.on("request", note)
    page.goto(address(demonstration, longest_ct))
    page.wait_for_selector("[data-image-index]:not([data-image-index='-1'])")
    sizes = {}
    for request in before:
        response = request.response()
        assert response is not None, request.url
        assert response.status == 200, request.url
        sizes[request.url] = len(gzip.compress(response.body(), 9))
    assert len(sizes) <= MOST_REQUESTS, list(sizes)
    assert sum(sizes.values()) <= LARGEST_COLD_LOAD, sizes
    # Images are asked for without a pre-flight: one would come before each.
    assert {request.method for request in before} == {"GET", "POST"}


def test_an_image_that_is_gone_to_comes_at_once_while_what_is_loaded_ahead_hangs(
    demonstration: Demonstration, longest_ct: str, sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    hold = Hold(page, is_bundle)
    page.goto(address(demonstration, longest_ct))
    viewport = page.get_by_test_id("viewport").first
    expect(viewport).to_have_attribute("data-image-index", SHOWN, timeout=20_000)
    first = int(viewport.get_attribute("data-image-index") or 0)
    page.wait_for_timeout(300)
    assert hold.held, "nothing is loaded ahead"
    # The neighbour is on its way in a bundle that hangs; the last image is not.
    page.keyboard.press("ArrowDown")
    expect(viewport).to_have_attribute("data-image-index", str(first + 1), timeout=5000)
    page.keyboard.press("End")
    last = int(viewport.get_attribute("data-image-count") or 0) - 1
    expect(viewport).to_have_attribute("data-image-index", str(last), timeout=5000)


def test_what_gave_way_to_the_reader_is_loaded_afterwards(
    demonstration: Demonstration, longest_ct: str, sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    hold = Hold(page, is_bundle)
    page.goto(address(demonstration, longest_ct))
    viewport = page.get_by_test_id("viewport").first
    expect(viewport).to_have_attribute("data-image-index", SHOWN, timeout=20_000)
    page.wait_for_timeout(300)
    assert hold.held
    hold.no_more()
    # It waits for a bundle that hangs, and that gives way.
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=90_000)
    loaded = LOADED.search(page.locator("#cine-loaded").inner_text())
    assert loaded is not None
    assert loaded[1] == loaded[2]


def test_a_preview_says_what_it_is_until_the_image_is_here(
    demonstration: Demonstration, longest_ct: str, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    hold = Hold(page, lambda _frames: True)
    page.goto(address(demonstration, longest_ct))
    preview, badge = page.get_by_test_id("preview").first, page.get_by_test_id("preview-badge").first
    expect(badge).to_be_visible(timeout=20_000)
    expect(badge).to_have_text("Preview")
    expect(preview).to_be_visible()
    page.screenshot(path=screenshots / "preview.png")
    assert state_of(page) == "loading"
    expect(page.get_by_test_id("quality").first).to_be_hidden()
    hold.let_go()
    expect(page.get_by_test_id("quality").first).to_have_text("Full quality", timeout=20_000)
    expect(preview).to_be_hidden()
    expect(badge).to_be_hidden()
    page.screenshot(path=screenshots / "image.png")


def test_an_image_that_is_waited_for_has_a_badge(
    demonstration: Demonstration, longest_ct: str, sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    asked: list[list[str]] = []
    # Nothing comes after the first image.
    hold = Hold(page, lambda frames: asked.append(frames) or len(asked) > 1)
    page.goto(address(demonstration, longest_ct))
    viewport = page.get_by_test_id("viewport").first
    expect(viewport).to_have_attribute("data-image-index", SHOWN, timeout=20_000)
    page.keyboard.press("Home")
    expect(page.locator('[data-part="waiting"]').first).to_be_visible()
    expect(page.locator('[data-part="waiting-words"]').first).to_have_text("Getting image 1")
    hold.let_go()
    expect(viewport).to_have_attribute("data-image-index", "0")
