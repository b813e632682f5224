"""Printing and saving in the viewer: paper, PDF, PNG, JPEG and DICOM files, each written down before it leaves."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Download, Page, Route, expect
from pydicom.dataset import Dataset

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.measured_images import COLUMN_SPACING, COLUMNS, ROW_SPACING, ROWS
from tests.e2e.printing_desk import (
    DO_NOT_ASK,
    events,
    open_print,
    pdf_of,
    placed_on,
    preview_is_drawn,
    saved,
    size_mm,
    told,
)

pytestmark = pytest.mark.timeout(300)

IN_THE_WORKLIST_SECONDS = 20
A4, A3_WIDE = (210.0, 297.0), (420.0, 297.0)
NAME, IDENTIFIER, ACCESSION = "Țurcanu", "LEAK-4711", "ACC-0815"
CENTER, WIDTH = 236.0, 800.0

OpenViewer = Callable[..., Page]


@pytest.fixture
def open_viewer(demonstration: Demonstration, sign_in: SignIn) -> OpenViewer:
    """Sends images to server A, and opens them as a radiologist of A."""

    def opened(instances: list[Dataset], **size: int) -> Page:
        person = demonstration.person("radiologist", "A")
        uid = measured_images.send(demonstration.server("A"), instances)
        wait_until(
            lambda: demonstration.instances_seen(person, uid) == len(instances),
            IN_THE_WORKLIST_SECONDS,
            "the study stands in the portal",
        )
        page = sign_in(person, **size)
        page.add_init_script(DO_NOT_ASK)
        page.goto(f"{demonstration.portal_url}/viewer/{uid}/")
        page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
        return page

    return opened


def named(slices: int) -> list[Dataset]:
    """Slices of the ramp with an identity that must not leak."""
    made = measured_images.ct(slices)
    for ds in made:
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = f"{NAME}^Ștefan", IDENTIFIER, "19620314"
        ds.AccessionNumber, ds.InstitutionName = ACCESSION, "Codru Leak"
    return made


def windowed(values: np.ndarray, center: float = CENTER, width: float = WIDTH) -> np.ndarray:
    """Values in 8-bit grey through a linear window (PS3.3 C.11.2.1.2)."""
    return np.clip(((values - (center - 0.5)) / (width - 1) + 0.5) * 255, 0, 255)


def grey(content: bytes) -> np.ndarray:
    """The shades of a picture."""
    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float64)


def test_a_range_becomes_a_pdf_of_as_many_pages_as_it_says(
    demonstration: Demonstration, open_viewer: OpenViewer, screenshots: Path
) -> None:
    made = measured_images.ct(12)
    page = open_viewer(made)
    open_print(page)
    expect(page.get_by_test_id("print-dialog")).to_have_attribute("aria-labelledby", "print-title")
    expect(page.get_by_test_id("print-from")).to_be_focused()
    expect(page.get_by_test_id("print-count")).to_have_text("12 images on 1 page of A4")
    page.get_by_test_id("print-from").fill("2")
    page.get_by_test_id("print-every").select_option("2")
    page.get_by_test_id("print-across").fill("2")
    page.get_by_test_id("print-down").fill("2")
    page.get_by_test_id("print-a3").check(force=True)
    page.get_by_test_id("print-wide").check(force=True)
    expect(page.get_by_test_id("print-count")).to_have_text("6 images on 2 pages of A3")
    expect(page.get_by_test_id("print-now")).to_contain_text("Print 2 pages")
    page.get_by_test_id("print-next").click()
    expect(page.get_by_test_id("print-page")).to_have_text("2 of 2")
    preview_is_drawn(page)
    expect(page.get_by_test_id("print-canvas")).to_have_attribute("aria-label", "Page 2 of 2: images 10, 12")
    page.screenshot(path=screenshots / "print-a3.png")
    files: list[tuple[str, bytes]] = []
    body = told(demonstration, page, lambda: files.append(saved(page, "print-pdf")))
    series_uid = str(made[0].SeriesInstanceUID)
    assert body == {"how": "pdf", "images": 6, "series_instance_uid": series_uid}
    name, content = files[0]
    assert name == "CT_series2.pdf"
    pdf = pdf_of(content)
    assert [size_mm(one) for one in pdf.pages] == [A3_WIDE, A3_WIDE]
    # Head and foot, and four images, then two.
    assert [len(placed_on(one)) for one in pdf.pages] == [6, 4]
    preferences: Any = pdf.viewer_preferences
    assert preferences["/PrintScaling"] == "/None"
    kept = events(demonstration, str(made[0].StudyInstanceUID))
    assert [(event["action"], event["outcome"]) for event in kept] == [("images_saved", "allowed")]
    assert (kept[0]["details"]["how"], kept[0]["details"]["instances"]) == ("pdf", 6)


@pytest.mark.parametrize("turned", [False, True])
def test_true_size_is_millimetres_of_the_patient_on_paper(open_viewer: OpenViewer, turned: bool) -> None:
    page = open_viewer(measured_images.ct(2))
    if turned:
        page.keyboard.press("]")
    open_print(page)
    page.get_by_test_id("print-this").check(force=True)
    page.get_by_test_id("print-true").check(force=True)
    page.get_by_test_id("print-numbers").uncheck()
    preview_is_drawn(page)
    expect(page.get_by_test_id("print-note")).to_contain_text("choose 100 %, without fitting to the page")
    pdf = pdf_of(saved(page, "print-pdf")[1])
    assert [size_mm(one) for one in pdf.pages] == [A4]
    _head, image, _foot = placed_on(pdf.pages[0])
    # 200 columns of 0.5 mm, 160 rows of 0.8 mm.
    across, down = COLUMNS * COLUMN_SPACING, ROWS * ROW_SPACING
    wanted = (down, across) if turned else (across, down)
    assert (image.width, image.height) == pytest.approx(wanted, abs=0.1)
    expected = windowed(measured_images.hounsfield())
    if turned:
        expected = np.rot90(expected, -1)
    with Image.open(io.BytesIO(image.picture)) as picture:
        size = (expected.shape[1], expected.shape[0])
        shown = np.asarray(picture.convert("L").resize(size, Image.Resampling.BILINEAR), dtype=np.float64)
    assert np.abs(shown - expected).mean() < 2


def test_what_has_no_millimetres_has_no_true_size(open_viewer: OpenViewer) -> None:
    page = open_viewer([measured_images.x_ray(imager_spacing=True)])
    open_print(page)
    page.get_by_test_id("print-true").check(force=True)
    expect(page.get_by_test_id("print-trouble")).to_contain_text("those at the detector")
    expect(page.get_by_test_id("print-now")).to_be_disabled()
    expect(page.get_by_test_id("print-pdf")).to_be_disabled()
    page.get_by_test_id("print-fit").check(force=True)
    expect(page.get_by_test_id("print-trouble")).to_be_empty()
    expect(page.get_by_test_id("print-now")).to_be_enabled()


def test_paper_carries_the_pages_at_their_size_and_never_the_screen(
    demonstration: Demonstration, open_viewer: OpenViewer, screenshots: Path
) -> None:
    page = open_viewer(measured_images.ct(2))
    screen = pdf_of(page.pdf(prefer_css_page_size=True))
    assert [placed_on(one) for one in screen.pages] == [[]]
    open_print(page)
    page.get_by_test_id("print-true").check(force=True)
    page.get_by_test_id("print-across").fill("1")
    page.get_by_test_id("print-down").fill("1")
    preview_is_drawn(page)
    body = told(demonstration, page, lambda: page.keyboard.press("Control+p"))
    assert (body["how"], body["images"]) == ("print", 2)
    page.wait_for_function("() => window.asked === 1", timeout=60_000)
    path = screenshots / "printed.pdf"
    pdf = pdf_of(page.pdf(path=path, prefer_css_page_size=True, print_background=True))
    assert [size_mm(one) for one in pdf.pages] == [pytest.approx(A4, abs=0.3)] * 2
    for one in pdf.pages:
        _head, image, _foot = placed_on(one)
        wanted = (COLUMNS * COLUMN_SPACING, ROWS * ROW_SPACING)
        assert (image.width, image.height) == pytest.approx(wanted, abs=0.1)
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.get_by_test_id("printed-pages")).to_have_count(0)


def test_nothing_names_the_patient_where_it_was_asked_for(open_viewer: OpenViewer) -> None:
    page = open_viewer(named(2))
    open_print(page)
    expect(page.get_by_test_id("print-dialog")).to_contain_text(NAME)
    page.get_by_test_id("print-anonymous").check()
    preview_is_drawn(page)
    expect(page.get_by_test_id("print-note")).to_contain_text("The page names nobody")
    # What is drawn on canvases cannot be read as text: the words are listened to as they are drawn.
    page.evaluate(
        """() => {
            window.written = [];
            for (const kind of [OffscreenCanvasRenderingContext2D, CanvasRenderingContext2D]) {
                const draw = kind.prototype.fillText;
                kind.prototype.fillText = function (words, ...place) {
                    window.written.push(words);
                    return draw.call(this, words, ...place);
                };
            }
        }"""
    )
    name, content = saved(page, "print-pdf")
    written = page.evaluate("window.written")
    assert "CT, series 2" in written
    assert any("Not for diagnosis" in words for words in written)
    # No name, ID, accession, institution; no reader, no day, no UID.
    for secret in (NAME, "Ștefan", IDENTIFIER, ACCESSION, "Codru", "Nistru", "Pascaru", "Known sizes", "Printed"):
        assert not any(secret in words for words in written), secret
        assert secret.encode() not in content
        assert secret not in name
    assert pdf_of(content).metadata is not None
    page.get_by_test_id("print-anonymous").uncheck()
    page.evaluate("window.written.length = 0")
    saved(page, "print-pdf")
    assert f"{NAME}, Ștefan" in page.evaluate("window.written")


def test_a_png_holds_the_values_of_the_image_through_its_window(
    demonstration: Demonstration, open_viewer: OpenViewer, screenshots: Path
) -> None:
    made = measured_images.ct(3)
    for ds in made:
        ds.PixelSpacing = ["0.5", "0.5"]
    page = open_viewer(made)
    page.keyboard.press("1")
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("save-title")).to_have_text("Save image 2 of series 2, Known sizes")
    page.screenshot(path=screenshots / "save.png")
    files: list[tuple[str, bytes]] = []
    body = told(demonstration, page, lambda: files.append(saved(page, "save-now")))
    assert (body["how"], body["images"]) == ("png", 1)
    name, content = files[0]
    assert name == "CT_series2_image2.png"
    shown, expected = grey(content), windowed(measured_images.hounsfield(), center=25, width=95)
    assert shown.shape == expected.shape
    assert np.abs(shown - np.round(expected)).max() <= 1
    expect(page.get_by_test_id("save-progress")).to_have_text("Saved.")
    page.get_by_test_id("save-jpeg").check(force=True)
    name, content = saved(page, "save-now")
    assert name == "CT_series2_image2.jpg"
    assert np.abs(grey(content) - expected).mean() < 2
    page.get_by_test_id("save-png").check(force=True)
    page.get_by_test_id("save-screen").check(force=True)
    box = page.locator(".pane .viewport").first.bounding_box()
    assert box is not None
    assert grey(saved(page, "save-now")[1]).shape == (round(box["height"]), round(box["width"]))


def test_measurements_are_burned_in_where_they_were_drawn(open_viewer: OpenViewer) -> None:
    page = open_viewer(measured_images.ct(1))
    a, _b, _c, d, e, f = map(float, (page.locator(".pane .viewport").first.get_attribute("data-affine") or "").split())
    box = page.locator(".pane .viewport").first.bounding_box()
    assert box is not None
    page.keyboard.press("l")
    for column, act in ((40, page.mouse.down), (160, page.mouse.up)):
        page.mouse.move(box["x"] + a * column + e, box["y"] + d * 80 + f, steps=4)
        act()
    expect(page.get_by_test_id("mark-value")).to_have_text("60.0 mm")
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("save-dialog")).to_be_visible()
    with_marks = grey(saved(page, "save-now")[1])
    page.get_by_test_id("save-marks").uncheck()
    without = grey(saved(page, "save-now")[1])
    assert np.abs(with_marks - without)[150:200].max() == 0
    changed = np.abs(with_marks - without)
    # Rows are 1.6 times as high as columns are wide: row 80 is line 128 of the picture.
    assert changed[128, 45:155].min() > 0
    assert without.shape == (ROWS * ROW_SPACING / COLUMN_SPACING, COLUMNS)


def test_a_zip_holds_the_files_of_the_series_as_they_are_kept(
    demonstration: Demonstration, open_viewer: OpenViewer
) -> None:
    made = measured_images.ct(5)
    page = open_viewer(made)
    page.keyboard.press("Control+s")
    expect(page.get_by_test_id("save-dialog")).to_be_visible()
    page.get_by_test_id("save-zip").check(force=True)
    expect(page.get_by_test_id("save-note")).to_contain_text("5 files as the DICOM Server keeps them")
    files: list[tuple[str, bytes]] = []
    body = told(demonstration, page, lambda: files.append(saved(page, "save-now")))
    assert (body["how"], body["images"]) == ("zip", 5)
    name, content = files[0]
    assert name == "CT_series2.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        inside = sorted(archive.read(one) for one in archive.namelist() if one.startswith("DICOM/"))
    uid = str(made[0].StudyInstanceUID)
    kept = [path for path in demonstration.server("A").archived_files if path.parts[-3] == uid]
    assert inside == sorted(path.read_bytes() for path in kept)
    expect(page.get_by_test_id("save-progress")).to_have_text("Saved 5 files.")


def test_images_are_chosen_by_click_by_keys_and_as_key_images(open_viewer: OpenViewer) -> None:
    page = open_viewer(measured_images.ct(12))
    page.keyboard.press("k")
    expect(page.get_by_test_id("panel-tab-key")).to_contain_text("1")
    open_print(page)
    page.get_by_test_id("print-key").check(force=True)
    expect(page.get_by_test_id("print-count")).to_have_text("1 image on 1 page of A4")
    preview_is_drawn(page)
    expect(page.get_by_test_id("print-canvas")).to_have_attribute("aria-label", "Page 1 of 1: images 6")
    page.get_by_test_id("print-click").check(force=True)
    picker = page.get_by_test_id("print-picker")
    expect(picker.get_by_role("button", pressed=True)).to_have_count(1)
    picker.get_by_role("button", name="Image 2", exact=True).click()
    picker.get_by_role("button", name="Image 4", exact=True).click(modifiers=["Shift"])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    # The one on the screen was chosen from the start: the key lets it go.
    page.keyboard.press("Space")
    expect(page.get_by_test_id("print-count")).to_have_text("3 images on 1 page of A4")
    preview_is_drawn(page)
    expect(page.get_by_test_id("print-canvas")).to_have_attribute("aria-label", "Page 1 of 1: images 2, 3, 4")
    expect(page.get_by_test_id("print-across")).to_have_value("2")


def test_images_that_name_two_patients_do_not_share_a_head(open_viewer: OpenViewer) -> None:
    made = measured_images.ct(2)
    made[1].PatientID = "SOMEBODY-ELSE"
    page = open_viewer(made)
    open_print(page)
    expect(page.get_by_test_id("print-trouble")).to_contain_text("These images name different patients")
    expect(page.get_by_test_id("print-now")).to_be_disabled()
    page.get_by_test_id("print-this").check(force=True)
    expect(page.get_by_test_id("print-now")).to_be_enabled()


def test_escape_stops_what_is_made_and_then_closes(open_viewer: OpenViewer) -> None:
    page = open_viewer(measured_images.ct(12))
    open_print(page)

    # The portal takes its time; nothing is made before it says yes.
    def slowly(route: Route) -> None:
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/taken-out/**", slowly)
    page.get_by_test_id("print-pdf").click()
    expect(page.get_by_test_id("print-cancel")).to_contain_text("Stop")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("print-progress")).to_have_text("Stopped. Nothing was given out.")
    expect(page.get_by_test_id("print-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("print-dialog")).to_be_hidden()
    expect(page.locator(".pane .viewport").first).to_be_visible()


def test_the_image_is_copied_as_it_lies_on_the_screen(demonstration: Demonstration, open_viewer: OpenViewer) -> None:
    page = open_viewer(measured_images.ct(2))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("save").click()
    expect(page.get_by_test_id("save-dialog")).to_be_visible()
    body = told(demonstration, page, lambda: page.get_by_test_id("save-copy").click())
    assert (body["how"], body["images"]) == ("png", 1)
    expect(page.get_by_test_id("save-progress")).to_have_text("The image was copied, without name and ID.")
    size = page.evaluate(
        """async () => {
            const [item] = await navigator.clipboard.read();
            const picture = await createImageBitmap(await item.getType("image/png"));
            return [picture.width, picture.height];
        }"""
    )
    box = page.locator(".pane .viewport").first.bounding_box()
    assert box is not None
    assert size == [round(box["width"]), round(box["height"])]


def test_nothing_leaves_where_the_portal_does_not_say_yes(open_viewer: OpenViewer, sign_in: SignIn) -> None:
    page = open_viewer(measured_images.ct(2))
    page.route("**/taken-out/**", lambda route: route.fulfill(status=403, json={"code": "not_allowed"}))
    downloads: list[Download] = []

    def note(download: Download) -> None:
        downloads.append(download)

    page.on("download", note)
    open_print(page)
    page.get_by_test_id("print-pdf").click()
    expect(page.get_by_test_id("print-trouble")).to_contain_text("You may no longer take images out of this study")
    page.keyboard.press("Control+p")
    expect(page.get_by_test_id("print-now")).to_be_enabled()
    assert page.evaluate("window.asked ?? 0") == 0
    assert downloads == []
    # The browser itself says that an answer was 403.
    sign_in.excuse("403")


def test_who_may_only_look_is_offered_neither_print_nor_save(
    demonstration: Demonstration, sign_in: SignIn, browser: Browser
) -> None:
    patient = demonstration.person("patient", "A")
    uid = demonstration.api(patient, "studies/").json()["results"][0]["study_instance_uid"]
    page = sign_in(patient)
    page.goto(f"{demonstration.portal_url}/studies/{uid}/share/")
    page.fill("#id_label", "to look only")
    page.uncheck("#id_may_download")
    page.get_by_role("button", name="Make the link").click()
    pin = page.get_by_test_id("pin").inner_text()
    address = page.get_by_label("Link", exact=True).input_value()
    holder = browser.new_context().new_page()
    holder.goto(address)
    holder.fill("#id_pin", pin.replace(" ", ""))
    holder.get_by_role("button", name="Open the images").click()
    expect(holder.get_by_test_id("patient-banner")).to_be_visible()
    holder.goto(f"{demonstration.portal_url}/viewer/{uid}/")
    holder.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    expect(holder.get_by_test_id("print")).to_be_hidden()
    expect(holder.get_by_test_id("save")).to_be_hidden()
    holder.keyboard.press("Control+p")
    expect(holder.get_by_test_id("print-dialog")).to_be_hidden()
    answer = holder.evaluate(
        """async () => {
            const config = JSON.parse(document.getElementById("viewer-config").textContent);
            const headers = {
                "Content-Type": "application/json",
                [config.csrf_header ?? "X-CSRFToken"]: document.querySelector('meta[name="csrf-token"]').content,
            };
            const body = JSON.stringify({ how: "print", images: 1 });
            return (await fetch(config.taken_out_url, { method: "POST", headers, body })).status;
        }"""
    )
    assert answer == 403


def test_on_a_phone_it_is_a_plain_form(open_viewer: OpenViewer, screenshots: Path) -> None:
    page = open_viewer(measured_images.ct(4), width=390, height=844)
    page.get_by_test_id("phone-more").click()
    page.screenshot(path=screenshots / "more-phone.png")
    page.get_by_test_id("tool-print").click()
    expect(page.get_by_test_id("print-dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    form = page.locator("#print-form")
    assert form.evaluate("form => form.scrollWidth <= form.clientWidth")
    expect(page.get_by_test_id("print-now")).to_be_in_viewport()
    page.get_by_test_id("print-canvas").scroll_into_view_if_needed()
    preview_is_drawn(page)
    page.screenshot(path=screenshots / "print-phone.png")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("print-dialog")).to_be_hidden()
