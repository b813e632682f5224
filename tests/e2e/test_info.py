"""Info: UIDs to copy, facts, and every attribute of the image that is shown; and what the study page tells."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pydicom.dataset import Dataset

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk

pytestmark = pytest.mark.timeout(240)

IN_THE_WORKLIST_SECONDS = 20
COMMENT = "<img src=x onerror=\"document.title='taken over'\"> \u202e end"


def made_ct() -> list[Dataset]:
    """Two slices with a sequence, a private block, and text that would like to be more."""
    instances = measured_images.ct()
    for number, ds in enumerate(instances):
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.Manufacturer, ds.ManufacturerModelName, ds.KVP = "Phantom Works", "Ramp 2", "120"
        ds.ConvolutionKernel, ds.SliceThickness, ds.ImageComments = "B70f", "2", COMMENT
        source = Dataset()
        source.ReferencedSOPClassUID = ds.SOPClassUID
        source.ReferencedSOPInstanceUID = f"1.2.3.4.5.{number + 1}"
        ds.SourceImageSequence = [source]
        block = ds.private_block(0x0029, "RAMP MAKER", create=True)
        block.add_new(0x01, "LO", "private words")
    return instances


@pytest.fixture
def instances() -> list[Dataset]:
    """The images of the study, head first as they are read."""
    return made_ct()


def opened(demonstration: Demonstration, sign_in: SignIn, instances: list[Dataset], **screen: Any) -> Desk:
    """The study as a radiologist of B has it open."""
    person = demonstration.person("radiologist", "B")
    uid = measured_images.send(demonstration.server("B"), instances)
    wait_until(
        lambda: demonstration.instances_seen(person, uid) == len(instances),
        IN_THE_WORKLIST_SECONDS,
        "the study stands in the portal",
    )
    page = sign_in(person, **screen)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return Desk(page, demonstration.portal_url, uid)


def uid_shown(page: Page) -> str:
    """The SOP Instance UID of the image in the viewport."""
    return page.locator(".viewport").first.get_attribute("data-sop-instance-uid") or ""


def copied(page: Page) -> str:
    """What lies on the clipboard."""
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_info_tells_uids_facts_and_all_attributes_and_follows_the_image(
    demonstration: Demonstration, sign_in: SignIn, instances: list[Dataset]
) -> None:
    desk = opened(demonstration, sign_in, instances)
    page = desk.page
    names: list[str] = []
    page.on("request", lambda request: names.append(request.url) if "/sheet-" in request.url else None)
    desk.key("?")
    expect(page.get_by_test_id("key-list")).to_contain_text("Info: UIDs and all attributes of the image")
    desk.key("Escape")
    assert names == []
    page.get_by_test_id("tool-info").click()
    info = page.get_by_test_id("info")
    expect(info).to_be_visible()
    assert names != []
    first = uid_shown(page)
    expect(page.get_by_test_id("info-instance-uid")).to_have_text(first)
    expect(page.get_by_test_id("info-study-uid")).to_have_text(instances[0].StudyInstanceUID)
    expect(page.get_by_test_id("info-series-uid")).to_have_text(instances[0].SeriesInstanceUID)
    for what, uid in (("instance", first), ("series", instances[0].SeriesInstanceUID)):
        page.get_by_test_id(f"info-copy-{what}-uid").click()
        expect(page.get_by_test_id(f"info-copy-{what}-uid")).to_contain_text("Copied")
        assert copied(page) == uid
    desk.viewport.focus()
    facts = page.get_by_test_id("info-facts")
    for words in (
        "DevicePhantom Works, Ramp 2",
        "Tube voltage120 kVp",
        "KernelB70f",
        "Slice thickness2 mm",
        "Rows × columns160 × 200",
        "Pixel spacing, rows × columns0.8 × 0.5 mm",
        "Transfer syntaxExplicit VR Little Endian (1.2.840.10008.1.2.1)",
    ):
        expect(facts).to_contain_text(words)
    # The next image is shown, and Info goes along.
    desk.key("ArrowDown")
    expect(page.get_by_test_id("info-instance-uid")).not_to_have_text(first)
    expect(page.get_by_test_id("info-instance-uid")).to_have_text(uid_shown(page))
    expect(page.get_by_test_id("info-subject")).to_contain_text("image 2 of 2")


def test_attributes_are_searched_unfolded_and_stay_text(
    demonstration: Demonstration, sign_in: SignIn, instances: list[Dataset]
) -> None:
    desk = opened(demonstration, sign_in, instances)
    page = desk.page
    desk.key("Shift+I")
    rows = page.get_by_test_id("info-attributes").locator(".info-attribute")
    comment = rows.filter(has_text="Image Comments")
    expect(comment).to_contain_text("<img src=x onerror=")
    assert page.get_by_test_id("info").locator("img").count() == 0
    assert page.title() != "taken over"
    expect(rows.filter(has_text="Private attribute of RAMP MAKER")).to_contain_text("private words")
    sequence = page.locator('[data-path="00082112"]')
    expect(sequence).to_contain_text("1 item")
    expect(page.get_by_text("Referenced SOP Instance UID")).to_have_count(0)
    sequence.locator("summary").click()
    number = next(at for at, ds in enumerate(instances) if ds.SOPInstanceUID == uid_shown(page))
    inner = page.locator('[data-path="00082112 0 00081155"]')
    expect(inner).to_contain_text(f"1.2.3.4.5.{number + 1}")
    # Unfolded on the next image too, with that image's values.
    page.get_by_test_id("info-search").blur()
    desk.viewport.focus()
    desk.key("ArrowDown" if number == 0 else "ArrowUp")
    search = page.get_by_test_id("info-search")
    search.fill("kvp")
    expect(page.get_by_test_id("info-count")).to_have_text("1 found")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("KVP")
    search.fill("1.2.3.4.5.")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Source Image Sequence, item 1")
    search.fill("no such thing")
    expect(page.get_by_test_id("info-count")).to_have_text("0 found")


def test_info_works_by_keyboard_alone_and_leaves_with_escape(
    demonstration: Demonstration, sign_in: SignIn, instances: list[Dataset]
) -> None:
    desk = opened(demonstration, sign_in, instances)
    page = desk.page
    desk.viewport.focus()
    desk.key("Shift+I")
    info = page.get_by_test_id("info")
    expect(info).to_be_focused()
    expect(page.get_by_test_id("info-instance-uid")).to_have_text(uid_shown(page))
    desk.key("Tab", "Tab", "Tab", "Enter")
    expect(page.get_by_test_id("info-copy-study-uid")).to_contain_text("Copied")
    assert copied(page) == instances[0].StudyInstanceUID
    # In the list the arrows move the list, not the image.
    before = uid_shown(page)
    body = page.get_by_role("region", name="Attributes")
    body.focus()
    desk.key("End")
    wait_until(lambda: body.evaluate("one => one.scrollTop > 0"), 10, "the list is at its end")
    assert uid_shown(page) == before
    page.get_by_test_id("info-search").focus()
    desk.key("Escape")
    expect(info).to_be_hidden()
    expect(desk.viewport).to_be_focused()
    desk.key("Shift+I", "Escape")
    expect(info).to_be_hidden()


def test_on_a_phone_info_is_a_sheet_under_the_image(
    demonstration: Demonstration, sign_in: SignIn, instances: list[Dataset]
) -> None:
    page = opened(demonstration, sign_in, instances, width=390, height=844).page
    page.get_by_test_id("phone-more").click()
    page.get_by_test_id("tool-info").click()
    info = page.get_by_test_id("info")
    expect(page.get_by_test_id("info-instance-uid")).to_have_text(uid_shown(page))
    box, image = info.bounding_box(), page.locator(".viewport").first.bounding_box()
    assert box is not None
    assert image is not None
    assert (box["x"], box["width"]) == (0, 390)
    assert box["y"] > image["y"] + 100
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_test_id("info-close").click()
    expect(info).to_be_hidden()


def test_the_study_page_tells_its_uids_with_copy(
    demonstration: Demonstration, sign_in: SignIn, instances: list[Dataset]
) -> None:
    page = opened(demonstration, sign_in, instances).page
    study, series = instances[0].StudyInstanceUID, instances[0].SeriesInstanceUID
    page.goto(f"{demonstration.portal_url}/studies/{study}/")
    page.get_by_text("Info", exact=True).click()
    for what, uid in (("Study", study), ("Series", series)):
        page.get_by_role("button", name=re.compile(f"Copy {what} Instance UID")).click()
        wait_until(lambda uid=uid: copied(page) == uid, 10, "the UID lies on the clipboard")
