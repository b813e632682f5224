"""What the viewer asks for before its layout is there is what the layout then shows; a link may name a series."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk

pytestmark = pytest.mark.timeout(240)

IN_THE_WORKLIST_SECONDS = 20
# So rare that no other test's study hangs by what is kept for it.
BODY_PART = "TOE"


def made() -> list[Dataset]:
    """Two series of a CT, each of two images; the first one is what opens usually."""
    first, second = measured_images.ct(), measured_images.ct()
    uid = generate_uid()[:60].rstrip(".")
    for number, series in enumerate((first, second), 1):
        for ds in series:
            ds.StudyInstanceUID, ds.SeriesInstanceUID = first[0].StudyInstanceUID, f"{uid}.{number}"
            ds.PatientID, ds.BodyPartExamined = first[0].PatientID, BODY_PART
            ds.SeriesNumber, ds.SeriesDescription = number, f"Way {'AB'[number - 1]}"
    return [*first, *second]


@pytest.fixture
def desk(demonstration: Demonstration, sign_in: SignIn) -> Iterator[Desk]:
    """The study as a radiologist of B has it open; what they keep for toes is forgotten afterwards."""
    person = demonstration.person("radiologist", "B")
    instances = made()
    uid = measured_images.send(demonstration.server("B"), instances)
    wait_until(
        lambda: demonstration.instances_seen(person, uid) == len(instances),
        IN_THE_WORKLIST_SECONDS,
        "the study stands in the portal",
    )
    opened = Desk(sign_in(person), demonstration.portal_url, uid)
    yield opened
    opened.key("v")
    opened.page.get_by_test_id("layout-reset").click()
    expect(opened.page.get_by_test_id("layout-picker")).to_be_hidden()


def frames_asked(page: Page) -> list[Any]:
    """Numbers of the series of which frames are asked for from now on."""
    asked: list[str] = []

    def note(request: Any) -> None:
        if request.url.endswith("/frames"):
            asked.append(request.url.split("/series/")[1].split("/")[0].rsplit(".", 1)[-1])

    page.on("request", note)
    return asked


def test_a_kept_layout_asks_for_no_image_that_it_does_not_show(desk: Desk) -> None:
    page = desk.page
    page.locator("[data-series-button]").nth(1).click()
    expect(page.get_by_test_id("corner-series").first).to_contain_text("Way B")
    desk.key("v")
    page.get_by_test_id("layout-keep").click()
    expect(page.get_by_test_id("layout-said")).to_contain_text("Kept.")
    asked = frames_asked(page)
    desk.open()
    expect(page.get_by_test_id("corner-series").first).to_contain_text("Way B")
    assert set(asked) == {"2"}
    # Loaded again, the tab shows what stood there.
    page.locator("[data-series-button]").first.click()
    expect(page.get_by_test_id("corner-series").first).to_contain_text("Way A")
    asked.clear()
    page.reload()
    expect(page.get_by_test_id("corner-series").first).to_contain_text("Way A")
    assert set(asked) <= {"1"}


def test_a_series_of_the_study_page_opens_itself(desk: Desk) -> None:
    page = desk.page
    page.goto(desk.url.replace("/viewer/", "/studies/"))
    page.get_by_role("link", name="Way B").click()
    expect(page.get_by_test_id("corner-series").first).to_contain_text("Way B")
    asked = frames_asked(page)
    page.goto(page.url)
    expect(page.get_by_test_id("corner-series").first).to_contain_text("Way B")
    assert set(asked) == {"2"}
