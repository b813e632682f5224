"""Pages as axe sees them (WCAG 2.2 A and AA): in both themes, on a desk and at the width of a phone."""

from typing import Any, Final
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.demonstration import Demonstration
from tests.e2e import test_orders
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(240)

WIDTHS: Final = ((1440, 900), (390, 844))
RULES: Final = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
PAGES: Final = (
    ("radiologist", "/orders/"),
    ("radiologist", "/import/"),
    ("radiologist", "/elsewhere/"),
    ("institution_administrator", "/settings/deletion/"),
)


def complaints(page: Page) -> list[str]:
    """What axe finds: rule, place, and why."""
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def assert_is_accessible(page: Page) -> None:
    """Ask axe in either theme, and whether the page fits its width."""
    expect(page.locator("h1, main").first).to_be_visible()
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
        assert complaints(page) == [], theme
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "height"), WIDTHS)
@pytest.mark.parametrize(("role", "path"), PAGES)
def test_a_page_is_accessible(
    demonstration: Demonstration, sign_in: SignIn, role: str, path: str, width: int, height: int
) -> None:
    page = sign_in(demonstration.person(role, "A"), width=width, height=height)
    if path == "/orders/":
        test_orders.place(demonstration, uuid4().hex[:8].upper())
    page.goto(f"{demonstration.portal_url}{path}")
    assert_is_accessible(page)


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_the_page_of_an_order_is_accessible(
    demonstration: Demonstration, sign_in: SignIn, width: int, height: int
) -> None:
    mark = uuid4().hex[:8].upper()
    order = test_orders.place(demonstration, mark)[0]
    page = sign_in(demonstration.person("radiologist", "A"), width=width, height=height)
    page.goto(f"{demonstration.portal_url}/orders/{order['id']}/")
    expect(page.locator("body")).to_contain_text(f"{mark}0")
    assert_is_accessible(page)


def test_axe_tells_a_planted_fault(demonstration: Demonstration, sign_in: SignIn) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/orders/")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert [one.split(":")[0] for one in complaints(page)] == ["image-alt"]
