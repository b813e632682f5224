"""A radiologist looks through the institution's orders, opens one by keyboard, and takes it back with a reason."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.demonstration import Demonstration
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(240)

PROCEDURES = (
    ("CT", "CT chest with contrast", "STAT", "08:30", "Munteanu^Elena^Maria", "F", "1962-08-31"),
    ("MR", "MR brain", "ROUTINE", "09:15", "Țurcanu^Ștefan", "M", "1988-02-14"),
    ("US", "Abdominal ultrasound", "", "09:40", "Козлова^Анна", "F", "1971-12-01"),
    ("CR", "Chest, two views", "HIGH", "10:05", "Rusu^Ion", "M", ""),
)


def place(demonstration: Demonstration, mark: str) -> list[dict[str, Any]]:
    """Orders of this test alone: their accession numbers begin with the mark."""
    person = demonstration.person("radiologist", "A")
    placed = []
    for number, (modality, title, priority, time, name, sex, born) in enumerate(PROCEDURES):
        body = {
            "accession_number": f"{mark}{number}",
            "requested_procedure_description": title,
            "requested_procedure_priority": priority,
            "requesting_physician_name": "Popescu^Ion^^Dr.",
            "requesting_service": "Pulmonology",
            "patient": {
                "patient_id": f"{mark}-{number}",
                "patient_name": name,
                "patient_sex": sex,
                **({"patient_birth_date": born} if born else {}),
            },
            "scheduled_procedure_steps": [
                {
                    "modality": modality,
                    "scheduled_station_ae_titles": [f"{modality}_EAST"],
                    "scheduled_procedure_step_start_date": "2031-03-04",
                    "scheduled_procedure_step_start_time": time,
                }
            ],
        }
        answer = requests.post(
            f"{demonstration.portal_url}/api/v1/orders/",
            json=body,
            headers={"Authorization": f"Token {person.api_token}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        placed.append(answer.json())
    return placed


@pytest.fixture
def mark() -> str:
    """How the numbers of the test's own orders begin."""
    return f"Q{uuid4().hex[:8]}".upper()


@pytest.fixture
def page(demonstration: Demonstration, sign_in: SignIn, mark: str) -> Page:
    """The list, narrowed to the test's own orders."""
    place(demonstration, mark)
    page = sign_in(demonstration.person("radiologist", "A"))
    page.get_by_role("link", name="Orders", exact=True).click()
    search(page, mark)
    return page


def search(page: Page, mark: str) -> None:
    """Narrow the list of orders by its keys, once the page knows them."""
    page.wait_for_url("**/orders/*")
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type(mark)
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-order]")).to_have_count(4)


def test_an_order_is_found_opened_by_keyboard_and_taken_back(page: Page, mark: str, screenshots: Path) -> None:
    rows = page.locator("tr[data-order]")
    expect(rows.first).to_contain_text("Rusu, Ion")
    expect(rows.first).to_contain_text("birth date not given")
    expect(rows.last).to_contain_text("Munteanu, Elena Maria")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(2)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("MR brain")
    expect(page.get_by_test_id("patient-banner")).to_contain_text("Țurcanu, Ștefan")
    expect(page.get_by_text("Placed at the portal by")).to_be_visible()
    page.screenshot(path=screenshots / "order.png")
    page.get_by_role("button", name="Take the order back").click()
    expect(page.get_by_label("Why it is not to be done")).to_be_focused()
    page.get_by_label("Why it is not to be done").fill("The patient has a pacemaker")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The patient has a pacemaker")).to_be_visible()
    expect(page.locator(".order-state.cancelled").first).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Take the order back")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
    search(page, mark)
    # docs/images/orders.jpg
    page.screenshot(path=screenshots / "orders.jpg", type="jpeg", quality=85)
    page.get_by_label("State", exact=True).select_option("cancelled")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tr[data-order]")).to_have_count(1)
    expect(page.locator("tr[data-order]")).to_contain_text("Cancelled")
