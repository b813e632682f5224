"""Readers change keys and mouse buttons in the viewer; the portal keeps them for the reader."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk

pytestmark = pytest.mark.timeout(240)

IN_THE_WORKLIST_SECONDS = 20


@pytest.fixture
def desk(demonstration: Demonstration, sign_in: SignIn) -> Iterator[Desk]:
    """A CT as a radiologist of B has it open, whose settings are the usual ones before and after."""
    person = demonstration.person("radiologist", "B")
    instances = measured_images.ct()
    uid = measured_images.send(demonstration.server("B"), instances)
    wait_until(
        lambda: demonstration.instances_seen(person, uid) == len(instances),
        IN_THE_WORKLIST_SECONDS,
        "the study stands in the portal",
    )
    opened = Desk(sign_in(person), demonstration.portal_url, uid)
    yield opened
    settings(opened.page)
    with opened.page.expect_response(is_kept):
        opened.page.get_by_test_id("settings-reset").click()


def is_kept(answer: Response) -> bool:
    """True for the portal's answer to changed settings."""
    return answer.request.method == "PUT" and "preferences" in answer.url and answer.ok


def settings(page: Page) -> Locator:
    """The settings, open."""
    page.keyboard.press("?")
    page.get_by_test_id("open-settings").click()
    dialog = page.get_by_test_id("settings")
    expect(dialog).to_be_visible()
    return dialog


def test_every_key_is_reached_by_the_wheel_changed_and_remembered(desk: Desk) -> None:
    page = desk.page
    dialog = settings(page)
    body = dialog.locator(".dialog-body")
    across = body.evaluate("body => [body.scrollWidth, body.clientWidth]")
    assert across[0] <= across[1]
    last = dialog.locator(".settings-key").last
    body.hover()
    for _ in range(20):
        page.mouse.wheel(0, 400)
    expect(last).to_be_in_viewport()
    key = dialog.get_by_role("button", name="Key for Rectangle", exact=True)
    key.click()
    page.keyboard.press("l")
    # Another command has it: nothing is changed, and the reader hears whose it is.
    expect(key).to_have_text("L is Line")
    key.click()
    with page.expect_response(is_kept):
        page.keyboard.press("j")
    right = dialog.get_by_role("combobox", name="Right button", exact=True)
    right.select_option(label="Zoom")
    # Left at once: what was set a moment ago is kept all the same.
    config = page.evaluate("JSON.parse(document.getElementById('viewer-config').textContent)")
    page.goto("about:blank")
    url = f"{desk.portal_url}{config['preferences_url']}"
    wait_until(lambda: '"right":"zoom"' in page.request.get(url).text().replace(" ", ""), 20, "the settings are kept")
    desk.open()
    desk.key("j")
    expect(page.get_by_test_id("tool-rectangle")).to_have_attribute("aria-pressed", "true")
    zoom = desk.viewport.get_attribute("data-zoom") or ""
    page.mouse.move(*desk.on_page((60, 60)))
    page.mouse.down(button="right")
    page.mouse.move(*desk.on_page((60, 30)), steps=4)
    page.mouse.up(button="right")
    expect(desk.viewport).not_to_have_attribute("data-zoom", zoom)
