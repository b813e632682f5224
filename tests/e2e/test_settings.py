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
    return answer.request.method == "PATCH" and "preferences" in answer.url and answer.ok


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


def other_window(desk: Desk) -> Page:
    """The same study in a second page of the reader, at another computer: it hears nothing of the first one."""
    state = desk.page.context.storage_state()
    browser = desk.page.context.browser
    assert browser is not None
    page = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900}).new_page()
    Desk(page, desk.portal_url, desk.url.rstrip("/").rsplit("/", 1)[-1])
    return page


def choose(page: Page, name: str, label: str) -> None:
    """Change one of the settings, and wait until the portal has it."""
    dialog = settings(page)
    with page.expect_response(is_kept):
        dialog.get_by_role("combobox", name=name, exact=True).select_option(label=label)
    page.locator("#settings-close").click()


def test_windows_keep_what_each_other_changed(desk: Desk) -> None:
    other = other_window(desk)
    beside = desk.page.context.new_page()
    Desk(beside, desk.portal_url, desk.url.rstrip("/").rsplit("/", 1)[-1])
    choose(desk.page, "Right button", "Zoom")
    choose(desk.page, "Zoom", "Not shown")
    # Another window of this browser hears of it at once, one elsewhere when it saves something itself.
    expect(beside.locator('[data-item="zoom"]')).to_have_count(0)
    expect(other.locator('[data-item="zoom"]')).to_have_count(1)
    choose(other, "Middle button", "Scroll")
    expect(other.locator('[data-item="zoom"]')).to_have_count(0)
    choose(other, "Technique", "Top right")
    desk.open()
    dialog = settings(desk.page)
    for name, words in (
        ("Right button", "Zoom"),
        ("Middle button", "Scroll"),
        ("Zoom", "Not shown"),
        ("Technique", "Top right"),
    ):
        chosen = dialog.get_by_role("combobox", name=name, exact=True).locator("option:checked")
        expect(chosen).to_have_text(words)
    desk.page.locator("#settings-close").click()
