"""Images that are damaged, odd or hostile: each says what is wrong, and the rest keeps working."""

import imagecodecs
import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, JPEGLSLossless

from tests.demonstration import Demonstration, wait_until
from tests.e2e.conftest import SignIn
from tests.e2e.made_objects import HOSTILE, RIGHT_TO_LEFT, in_study_of
from tests.e2e.measured_images import image, ramp, send

pytestmark = pytest.mark.timeout(300)

SEEN_SECONDS = 40
MANY_SERIES = 3000
SHOWS_INSTANCE = "uid => document.querySelector('[data-testid=viewport]').dataset.sopInstanceUid === uid"
SAYS = "words => document.querySelector('[data-testid=stage-message]').innerText === words"
ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
EXPECTED = ("Failed to load resource", "cannot be read", "its description says", "answered 40", "CORS policy")
TAKEN = "You may no longer open this study."


def stack(first: Dataset | None, name: str, number: int, places: list[float]) -> list[Dataset]:
    """A series of small CT slices, in the study of `first`."""
    made = [image("CT", CTImageStorage, ramp(64, 64), index + 1) for index in range(len(places))]
    for ds, place in zip(made, places, strict=True):
        in_study_of(first or made[0], ds, number)
        ds.SeriesInstanceUID, ds.SeriesDescription = made[0].SeriesInstanceUID, name
        ds.FrameOfReferenceUID = made[0].SOPInstanceUID
        ds.PixelSpacing, ds.ImageOrientationPatient = ["1", "1"], [1, 0, 0, 0, 1, 0]
        ds.ImagePositionPatient = [0, 0, place]
        ds.RescaleSlope, ds.RescaleIntercept = "1", "-24"
    return made


def compressed(ds: Dataset, content: bytes | None = None) -> None:
    """The image in JPEG-LS, or with these bytes instead."""
    pixels = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)
    ds.PixelData = encapsulate([content or imagecodecs.jpegls_encode(pixels)])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    ds.file_meta.TransferSyntaxUID = JPEGLSLossless


def odd_study() -> list[Dataset]:
    """One series a kind of damage; the sound one comes first."""
    sound = stack(None, "Sound", 1, [0, -1, -2, -3])
    damaged = stack(sound[0], "Damaged", 2, [0, -1, -2, -3])
    for ds in damaged:
        compressed(ds)
    damaged[2].PixelData = encapsulate([bytes(range(256)) * 4])
    wrong = stack(sound[0], "Wrong size", 3, [0, -1])
    for ds in wrong:
        compressed(ds)
    wrong[1].Rows = 32
    askew = stack(sound[0], "Askew", 8, [0, -1])
    askew[1].Columns = 60
    missing = stack(sound[0], "Missing", 4, [0, -1, -2, -3, -5, -6, -7])
    mixed = stack(sound[0], "Mixed", 5, [0, -1, -2])
    mixed[1].Rows, mixed[1].Columns, mixed[1].PixelData = 32, 32, ramp(32, 32).astype("<u2").tobytes()
    spaceless = stack(sound[0], "No spacing", 6, [0, -1])
    for ds in spaceless:
        ds.PixelSpacing = ["0", "0"]
    hostile = stack(sound[0], HOSTILE[:64], 7, [0])
    hostile[0].SpecificCharacterSet = "ISO_IR 192"
    hostile[0].InstitutionName = RIGHT_TO_LEFT + HOSTILE[:30]
    hostile[0].ConvolutionKernel = HOSTILE[:16]
    return [*sound, *damaged, *wrong, *askew, *missing, *mixed, *spaceless, *hostile]


@pytest.fixture(scope="module")
def study(demonstration: Demonstration) -> str:
    """The odd study, seen in the portal."""
    made = odd_study()
    uid = send(demonstration.server("A"), made)
    radiologist = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(radiologist, uid) == len(made), SEEN_SECONDS, "the study is known")
    return uid


@pytest.fixture
def page(demonstration: Demonstration, study: str, sign_in: SignIn) -> Page:
    """The viewer with the study open; what browsers write of answers that say no is no trouble here."""
    sign_in.excuse(*EXPECTED)
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/viewer/{study}/")
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    return page


def choose(page: Page, name: str) -> None:
    """Open a series by its name, and wait for what becomes of it."""
    page.locator("[data-series-button]").filter(has_text=name).first.click()
    page.wait_for_function(
        "() => ['ready', 'error'].includes(document.querySelector('.pane').dataset.state)", timeout=30_000
    )


def at(page: Page, index: int) -> None:
    """Wait until an image is on the screen."""
    expect(page.get_by_test_id("viewport").first).to_have_attribute("data-image-index", str(index))


def test_images_beside_damaged_ones_are_shown(page: Page) -> None:
    choose(page, "Damaged")
    notices = page.get_by_test_id("notices").first
    expect(notices).to_contain_text("1 of 4 images cannot be shown")
    page.get_by_test_id("viewport").first.focus()
    page.keyboard.press("End")
    at(page, 3)
    page.keyboard.press("ArrowUp")
    message = page.get_by_test_id("stage-message").first
    expect(message).to_contain_text("Image 3 cannot be shown: its pixels are damaged, or compressed in a way (JPEG-LS)")
    expect(message).to_contain_text("The other images work.")
    page.keyboard.press("ArrowUp")
    at(page, 1)
    expect(message).to_be_hidden()


def test_size_that_the_pixels_do_not_have_is_told(page: Page) -> None:
    choose(page, "Wrong size")
    page.get_by_test_id("viewport").first.focus()
    page.keyboard.press("Home")
    at(page, 0)
    page.keyboard.press("End")
    expect(page.get_by_test_id("stage-message").first).to_contain_text(
        "Image 2 cannot be shown: its description says 64 × 32 pixels, but it holds 64 × 64."
    )


def test_pixels_that_the_description_leaves_out_are_told(page: Page) -> None:
    choose(page, "Askew")
    notices = page.get_by_test_id("notices").first
    page.get_by_test_id("viewport").first.focus()
    page.keyboard.press("Home")
    at(page, 0)
    expect(notices).to_have_text("Images of 2 sizes")
    page.keyboard.press("End")
    at(page, 1)
    expect(notices).to_contain_text("Rows and columns do not fit the pixels: the image may be wrong")


@pytest.mark.parametrize(
    ("series", "words"),
    [("Missing", "1 slice missing after 4"), ("Mixed", "Images of 2 sizes"), ("Sound", "")],
)
def test_what_is_odd_about_a_stack_stands_under_the_badge(page: Page, series: str, words: str) -> None:
    choose(page, series)
    expect(page.get_by_test_id("notices").first).to_have_text(words)
    # Opened again, it is told again.
    choose(page, series)
    expect(page.get_by_test_id("notices").first).to_have_text(words)
    page.get_by_test_id("viewport").first.focus()
    page.keyboard.press("End")
    count = int(page.get_by_test_id("viewport").first.get_attribute("data-image-count") or 0)
    at(page, count - 1)


def test_spacing_of_nothing_is_no_calibration(page: Page) -> None:
    choose(page, "No spacing")
    expect(page.get_by_test_id("not-calibrated").first).to_be_visible()
    expect(page.get_by_test_id("scale").first).to_be_hidden()


def test_hostile_words_are_words(page: Page) -> None:
    choose(page, "<img")
    at(page, 0)
    expect(page.get_by_test_id("corner-series").first).to_contain_text("<img src=x")
    expect(page.get_by_test_id("corner-study").first).to_contain_text("<img src=x")
    assert page.evaluate("window.hurt") is None
    assert page.locator("img[src='x']").count() == 0


def test_study_deleted_while_open_says_so_image_by_image(page: Page) -> None:
    def gone(route: Route) -> None:
        route.fulfill(status=404, content_type="application/problem+json", headers=ANY_ORIGIN, body="{}")

    page.route("**/dicomweb/studies/*/series/*/frames", gone)
    choose(page, "Mixed")
    message = page.get_by_test_id("stage-message").first
    expect(message).to_contain_text("is no longer on the DICOM Server")
    # What was loaded can still be read.
    choose(page, "Sound")
    at(page, 1)


def test_token_refused_in_mid_scroll_takes_the_images_away(page: Page) -> None:
    def refused(route: Route) -> None:
        route.fulfill(
            status=403,
            content_type="application/problem+json",
            headers=ANY_ORIGIN,
            body='{"code": "token_revoked"}',
        )

    page.route("**/dicomweb/studies/*/series/*/frames", refused)
    page.locator("[data-series-button]").filter(has_text="Mixed").first.click()
    expect(page.get_by_test_id("stage-message").first).to_contain_text(TAKEN)
    expect(page.get_by_test_id("viewport").first).to_have_attribute("data-image-index", "-1")


def test_thousands_of_series_leave_the_page_usable(demonstration: Demonstration, sign_in: SignIn) -> None:
    made = [*stack(None, "First of many", 1, [0]), *stack(None, "Last of many", MANY_SERIES, [0])]
    in_study_of(made[0], made[1], MANY_SERIES)
    made[1].SeriesDescription = "Last of many"
    uid = send(demonstration.server("A"), made)
    radiologist = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(radiologist, uid) == len(made), SEEN_SECONDS, "it is known")
    sign_in.excuse(*EXPECTED)
    page = sign_in(radiologist)
    buttons = page.locator("[data-series-button]")
    for _ in range(5):
        pretend(demonstration, uid)
        page.goto(f"{demonstration.portal_url}/viewer/{uid}/")
        page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=90_000)
        # A report that came in between says what the server has.
        if buttons.count() == MANY_SERIES:
            break
    assert buttons.count() == MANY_SERIES
    # Not by what Playwright expects: where that is not so at once, it describes the whole page, which with thousands of
    # buttons keeps the page from doing anything for up to a minute.
    buttons.nth(MANY_SERIES - 1).press("Enter")
    page.wait_for_function(SHOWS_INSTANCE, arg=made[1].SOPInstanceUID, timeout=30_000)
    buttons.nth(MANY_SERIES - 2).press("Enter")
    page.wait_for_function(SAYS, arg="This series is no longer on the DICOM Server.", timeout=30_000)


def pretend(demonstration: Demonstration, uid: str) -> None:
    """Let the portal know of series that the server does not have: sending them all would take minutes."""
    columns = (
        "series_instance_uid, modality, series_number, series_description, body_part_examined, protocol_name,"
        " station_name, number_of_series_related_instances, study_id, burned_in_annotation"
    )
    done = demonstration.sql(
        "portal",
        f"INSERT INTO studies_series ({columns}) SELECT '2.25.7' || n, 'CT', n, 'Part ' || n, '', '', '', 1, id, ''"
        f" FROM studies_study, generate_series(2, {MANY_SERIES - 1}) AS n WHERE study_instance_uid = '{uid}'"
        " ON CONFLICT DO NOTHING",
    )
    assert done.returncode == 0, done.stderr
