"""A patient shares a study by link on a phone; a doctor without an account opens, keeps and loses it."""

import io
import re
import zipfile
from pathlib import Path

import pydicom
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.demonstration import Demonstration
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(180)

PHONE = {"width": 390, "height": 844}
NARROW = 320


def fits(page: Page) -> bool:
    """True where nothing is wider than the screen, also on the narrowest phone."""
    widths = []
    for width in (NARROW, PHONE["width"]):
        page.set_viewport_size({"width": width, "height": PHONE["height"]})
        widths.append(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
    return all(widths)


def wrong(pin: str) -> str:
    """A PIN that is not this one."""
    return "000000" if pin != "000000" else "111111"


def own_study(demonstration: Demonstration) -> dict[str, object]:
    """The newest study of the patient."""
    answer = demonstration.api(demonstration.person("patient", "A"), "studies/")
    answer.raise_for_status()
    study: dict[str, object] = answer.json()["results"][0]
    return study


def make_link(page: Page, demonstration: Demonstration, uid: object, screenshots: Path) -> tuple[str, str]:
    """Make a link with download, as the patient; its address and PIN."""
    page.goto(f"{demonstration.portal_url}/studies/{uid}/share/")
    assert fits(page)
    page.fill("#id_label", "for my family doctor")
    page.check("#id_may_download")
    page.get_by_role("button", name="Make the link").click()
    pin = page.get_by_test_id("pin").inner_text()
    assert re.fullmatch(r"\d{4} \d\d", pin)
    assert fits(page)
    page.screenshot(path=screenshots / "link-ready-phone.png")
    address = page.get_by_label("Link", exact=True).input_value()
    page.get_by_role("link", name="I have noted the PIN").click()
    return address, pin.replace(" ", "")


def opened_on_another_phone(browser: Browser, address: str) -> Page:
    """The page of the link in a browser that knows nobody."""
    page = browser.new_context(viewport=PHONE, accept_downloads=True).new_page()
    page.goto(address)
    return page


def test_a_link_opens_one_study_until_it_is_taken_back(
    demonstration: Demonstration, sign_in: SignIn, browser: Browser, screenshots: Path
) -> None:
    study = own_study(demonstration)
    patient = sign_in(demonstration.person("patient", "A"), **PHONE)
    address, pin = make_link(patient, demonstration, study["study_instance_uid"], screenshots)
    assert pin not in address
    expect(patient.get_by_role("heading", name="Sent")).to_be_visible()
    expect(patient.locator("[data-link]").first).to_contain_text("never used")
    assert fits(patient)

    doctor = opened_on_another_phone(browser, address)
    expect(doctor.get_by_role("heading", name="Images shared with you")).to_be_visible()
    assert "Munteanu" not in doctor.content()
    assert fits(doctor)
    doctor.screenshot(path=screenshots / "door-phone.png")
    doctor.fill("#id_pin", wrong(pin))
    doctor.get_by_role("button", name="Open the images").click()
    expect(doctor.get_by_role("alert")).to_contain_text("4 tries are left")
    doctor.fill("#id_pin", f"{pin[:4]} {pin[4:]}")
    doctor.get_by_role("button", name="Open the images").click()
    expect(doctor.get_by_test_id("patient-banner")).to_contain_text("Munteanu")
    assert doctor.locator("html").get_attribute("data-bs-theme") == "light"
    assert doctor.locator(".topnav a").all_inner_texts() == ["Shared with me"]
    assert fits(doctor)
    doctor.screenshot(path=screenshots / "study-of-holder-phone.png")

    doctor.goto(f"{demonstration.portal_url}/viewer/{study['study_instance_uid']}/")
    doctor.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    assert doctor.goto(f"{demonstration.portal_url}/sharing/").status == 404  # type: ignore[union-attr]

    patient.reload()
    expect(patient.locator("[data-link]").first).to_contain_text("opened 1 of 5 times")
    patient.get_by_role("button", name="Take back").first.click()
    expect(patient.locator("[data-link]").first).to_contain_text("Taken back")
    ended = doctor.goto(f"{demonstration.portal_url}/studies/{study['study_instance_uid']}/")
    assert ended is not None
    assert ended.status == 404
    assert "Munteanu" not in doctor.content()
    again = doctor.goto(address)
    assert again is not None
    assert again.status == 404
    expect(doctor.get_by_role("heading")).to_contain_text("This link does not work")


def test_a_holder_who_may_downloads_the_study_as_dicom(
    demonstration: Demonstration, sign_in: SignIn, browser: Browser, screenshots: Path
) -> None:
    study = own_study(demonstration)
    patient = sign_in(demonstration.person("patient", "A"), **PHONE)
    address, pin = make_link(patient, demonstration, study["study_instance_uid"], screenshots)
    doctor = opened_on_another_phone(browser, address)
    doctor.fill("#id_pin", pin)
    doctor.get_by_role("button", name="Open the images").click()
    with doctor.expect_download(timeout=60_000) as download:
        doctor.get_by_role("button", name="Download").click()
    expect(doctor.locator("[data-download-state]")).to_contain_text("in one ZIP file")
    with zipfile.ZipFile(Path(download.value.path())) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[:2] == ["DICOMDIR", "README.TXT"]
        images = [name for name in archive.namelist() if name.startswith("DICOM/")]
        datasets = [pydicom.dcmread(io.BytesIO(archive.read(name))) for name in images]
    assert {str(ds.StudyInstanceUID) for ds in datasets} == {study["study_instance_uid"]}
    assert len(datasets) == study["number_of_study_related_instances"]
    assert len({ds.SOPInstanceUID for ds in datasets}) == len(datasets)
