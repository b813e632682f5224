"""The viewer in Romanian and Russian: chosen in its settings, and written as people there write."""

import pytest
from playwright.sync_api import expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.measured_images import COLUMN_SPACING
from tests.e2e.reading_desk import Desk

pytestmark = pytest.mark.timeout(300)

IN_THE_WORKLIST_SECONDS = 20
CUT_OFF = "words => words.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"


@pytest.fixture
def desk(demonstration: Demonstration, sign_in: SignIn) -> Desk:
    """A CT that is open in English."""
    person = demonstration.person("radiologist", "A")
    instances = measured_images.ct()
    uid = measured_images.send(demonstration.server("A"), instances)
    wait_until(
        lambda: demonstration.instances_seen(person, uid) == len(instances),
        IN_THE_WORKLIST_SECONDS,
        "the study stands in the portal",
    )
    return Desk(sign_in(person), demonstration.portal_url, uid)


def choose(desk: Desk, language: str) -> None:
    """Choose a language in the settings, as a reader does, and wait for the page in it."""
    desk.key("?")
    desk.page.get_by_test_id("open-settings").click()
    desk.page.get_by_test_id(f"language-{language}").click()
    expect(desk.page.locator("html")).to_have_attribute("lang", language)
    desk.open()


def nothing_is_cut_off(desk: Desk) -> None:
    """Every word of the tools and presets has room."""
    for words in (".viewer-tools .tool", ".viewer-presets", ".viewer-tools-title", ".viewer-tools"):
        assert desk.page.locator(f"{words}:visible").evaluate_all(CUT_OFF) == []


def test_the_viewer_speaks_romanian_and_russian(desk: Desk) -> None:
    length = f"{30 * COLUMN_SPACING:.1f}".replace(".", ",")
    count = len(measured_images.ct())
    for row, (language, window, position, position_on_image, title) in enumerate(
        (
            ("ro", "Fereastră", f"1 din {count}", f"Imaginea 1 din {count}", "Linie"),
            ("ru", "Окно", f"1 из {count}", f"Снимок 1 из {count}", "Линия"),
        )
    ):
        choose(desk, language)
        page = desk.page
        expect(page.get_by_test_id("tool-window")).to_contain_text(window)
        expect(page.get_by_test_id("cine-position")).to_have_text(position)
        expect(page.locator(".pane .on-image").first).to_contain_text(position_on_image)
        nothing_is_cut_off(desk)
        desk.key("l")
        desk.drag((20, 40 + 40 * row), (50, 40 + 40 * row))
        expect(desk.items.last).to_contain_text(title)
        assert desk.values()[-1] == f"{length} mm"
        desk.is_saved()
    choose(desk, "en")
    expect(desk.page.get_by_test_id("tool-window")).to_contain_text("Window")
    assert desk.values() == [f"{30 * COLUMN_SPACING:.1f} mm"] * 2
