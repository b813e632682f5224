"""An institution's administrator has a study deleted: found, confirmed, gone from server, lists and viewer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, wait_until
from tests.e2e.conftest import SignIn
from tests.e2e.test_import import drop, made_study

pytestmark = pytest.mark.timeout(240)
IN_TIME = 60_000
REASON = "Снято не тому пациенту, request 44"


@pytest.fixture
def study(demonstration: Demonstration, sign_in: SignIn) -> tuple[str, str]:
    """A study of its own at hospital A: its UID and the patient's family name."""
    family = f"Gone{generate_uid()[-8:]}"
    uid, files = made_study(3, name=f"{family}^Ana")
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/import/")
    expect(page.locator("[data-import][data-ready]")).to_be_attached()
    drop(page, *[(f"{number}.dcm", content) for number, content in enumerate(files)])
    expect(page.locator('[data-count="stored"] b')).to_have_text("3", timeout=IN_TIME)
    reader = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(reader, uid) == 3, 60, "the portal knows the study")
    return uid, family


@pytest.fixture
def page(demonstration: Demonstration, sign_in: SignIn) -> Page:
    """The page on which the administrator of hospital A looks for what is to be deleted."""
    page = sign_in(demonstration.person("institution_administrator", "A"))
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="Delete a study").click()
    expect(page.get_by_role("heading", name="Delete a study")).to_be_visible()
    return page


def found(page: Page, family: str, uid: str) -> Page:
    """Find the study and open the page about it."""
    page.get_by_label("Accession number, patient ID, name or study UID").fill(family)
    page.keyboard.press("Enter")
    row = page.locator(f'li[data-study="{uid}"]')
    expect(row).to_contain_text(family)
    assert family not in page.url
    row.get_by_role("link").click()
    expect(page.locator("[data-deletion][data-ready]")).to_be_attached()
    return page


def confirm(page: Page) -> None:
    """Fill in reason and number, and press the button."""
    page.locator("#reason").fill(REASON)
    page.locator("#confirmation").fill(page.locator("#confirmation").get_attribute("data-expected") or "")
    page.get_by_role("button", name="Delete 3 images").click()


def test_a_study_is_deleted_and_everybody_forgets_it(
    demonstration: Demonstration, page: Page, study: tuple[str, str], screenshots: Path, sign_in: SignIn
) -> None:
    uid, family = study
    reader = sign_in(demonstration.person("radiologist", "A"))
    reader.goto(f"{demonstration.portal_url}/studies/{uid}/")
    expect(reader.get_by_text("Brought in").first).to_be_visible()
    found(page, family, uid)
    expect(page.get_by_test_id("patient-banner")).to_contain_text(family)
    expect(page.locator("[data-images]")).to_contain_text("3, 1 series")
    expect(page.locator("[data-only-copy]")).to_be_visible()
    page.get_by_role("button", name="Delete 3 images").click()
    expect(page.locator("#reason-error")).to_be_visible()
    expect(page.locator("#confirmation-error")).to_be_visible()
    expect(page.locator("#reason")).to_be_focused()
    page.screenshot(path=screenshots / "deletion-form.png", full_page=True)
    confirm(page)
    expect(page.locator("[data-result]")).to_contain_text("has deleted the study. Images: 3.", timeout=IN_TIME)
    until = datetime.strptime(page.locator("[data-until]").inner_text(), "%d %b %Y").replace(tzinfo=UTC)
    assert timedelta(days=28) < until - datetime.now(UTC) < timedelta(days=31)
    expect(page.locator("[data-result]")).to_contain_text("have forgotten the study", timeout=IN_TIME)
    page.screenshot(path=screenshots / "deletion-done.png", full_page=True)
    assert reader.goto(f"{demonstration.portal_url}/studies/{uid}/").status == 410  # type: ignore[union-attr]
    assert reader.goto(f"{demonstration.portal_url}/viewer/{uid}/").status in {404, 410}  # type: ignore[union-attr]
    assert demonstration.instances_seen(demonstration.person("radiologist", "A"), uid) is None
    sign_in.excuse("404", "410")

    def told(action: str) -> list[str]:
        auditor = demonstration.person("auditor", "A")
        answer = demonstration.api(auditor, "audit-events/", study_instance_uid=uid, action=action)
        return [event["details"]["reason"] for event in answer.json()["results"]]

    assert told("errand_begun") == [REASON]
    wait_until(lambda: told("instances_deleted") == [REASON], 90, "the server told the audit who deleted what, and why")


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (0, "unreachable", "No answer came from"),
        (401, "refused", "refused. Nothing was deleted."),
        (404, "gone_already", "it was deleted before"),
        (503, "retained", "Nothing was deleted, the study is whole."),
    ],
)
def test_what_goes_wrong_is_said_and_can_be_tried_again(
    page: Page, study: tuple[str, str], sign_in: SignIn, screenshots: Path, status: int, state: str, words: str
) -> None:
    uid, family = study
    found(page, family, uid)

    def answer(route: Route) -> None:
        if route.request.method != "DELETE":
            route.continue_()
        elif status:
            route.fulfill(status=status, headers={"Access-Control-Allow-Origin": "*"}, body="{}")
        else:
            route.abort("connectionrefused")

    page.route(f"**/dicomweb/studies/{uid}", answer)
    confirm(page)
    expect(page.locator("[data-result]")).to_contain_text(words)
    page.screenshot(path=screenshots / f"deletion-{state}.png", full_page=True)
    page.unroute(f"**/dicomweb/studies/{uid}")
    sign_in.excuse("Failed to load resource")
    if status == 404:
        # It is not so: the study is there, and the page does not claim that the lists have forgotten it.
        expect(page.locator("[data-form]")).to_be_hidden()
        assert "have forgotten" not in page.locator("[data-result]").inner_text()
        return
    assert page.locator("#reason").input_value() == REASON
    page.get_by_role("button", name="Delete 3 images").click()
    expect(page.locator("[data-result]")).to_contain_text("have forgotten the study", timeout=IN_TIME)


def test_it_works_by_keyboard_on_a_phone_in_both_themes(
    demonstration: Demonstration, sign_in: SignIn, study: tuple[str, str], screenshots: Path
) -> None:
    uid, family = study
    page = sign_in(demonstration.person("institution_administrator", "A"), width=390, height=844)
    page.goto(f"{demonstration.portal_url}/settings/deletion/")
    page.keyboard.press("/")
    page.keyboard.type(family)
    page.keyboard.press("Enter")
    expect(page.locator(f'li[data-study="{uid}"]')).to_be_visible()
    page.screenshot(path=screenshots / "deletion-found-phone.png", full_page=True)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[data-deletion][data-ready]")).to_be_attached()
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        page.screenshot(path=screenshots / f"deletion-phone-{theme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#reason").focus()
    page.keyboard.type("Sent under another patient")
    page.keyboard.press("Tab")
    page.keyboard.type("not the number")
    page.keyboard.press("Enter")
    expect(page.locator("#confirmation-error")).to_be_visible()
    expect(page.locator("#confirmation")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type(page.locator("#confirmation").get_attribute("data-expected") or "")
    page.keyboard.press("Enter")
    expect(page.locator("[data-result]")).to_contain_text("have forgotten the study", timeout=IN_TIME)
    page.screenshot(path=screenshots / "deletion-done-phone.png", full_page=True)
