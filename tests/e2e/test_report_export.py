"""What a radiologist measured becomes DICOM objects of the study, which readers that others wrote understand."""

import re
import shutil
import subprocess
from pathlib import Path

import highdicom
import pydicom
import pytest
import requests
from playwright.sync_api import Page, expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e.conftest import SignIn
from tests.e2e.laid_out import study_called

pytestmark = pytest.mark.timeout(300)

COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
ABDOMEN = "04-54988"
STORED_SECONDS = 30
LINE_PIXELS = ((100.0, 120.0), (180.0, 180.0))
CIRCLE_PIXELS = ((256.0, 256.0), (276.0, 256.0))


@pytest.fixture(scope="module")
def dciodvfy() -> str:
    """The validator of dicom3tools."""
    found = shutil.which("dciodvfy")
    if found is None:
        pytest.skip("dicom3tools is not installed")
    return found


def drag(page: Page, pixels: tuple[tuple[float, float], tuple[float, float]]) -> None:
    """Drag the chosen tool between two pixels of the image, through the map that the viewport publishes."""
    viewport = page.locator("[data-image-index]").first
    a, b, c, d, e, f = map(float, (viewport.get_attribute("data-affine") or "").split())
    box = viewport.bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = ((box["x"] + a * x + c * y + e, box["y"] + b * x + d * y + f) for x, y in pixels)
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    page.mouse.move(x1, y1)
    page.mouse.up()


def stored(demonstration: Demonstration, study_instance_uid: str, sop_class_uid: str) -> list[Path]:
    """Files of a class that server A keeps of the study."""
    files = [path for path in demonstration.server("A").archived_files if path.parts[-3] == study_instance_uid]
    return [path for path in files if pydicom.dcmread(path, stop_before_pixels=True).SOPClassUID == sop_class_uid]


def no_errors(dciodvfy: str, path: Path) -> None:
    told = subprocess.run([dciodvfy, str(path)], capture_output=True, text=True, check=False)
    errors = [line for line in (told.stdout + told.stderr).splitlines() if line.startswith("Error")]
    assert errors == []


@pytest.fixture
def measured_study(demonstration: Demonstration) -> str:
    """A CT of the demonstration on which the radiologist has marked nothing yet."""
    radiologist = demonstration.person("radiologist", "A")
    uid = study_called(demonstration, radiologist, ABDOMEN)
    address = f"{demonstration.portal_url}/api/v1/studies/{uid}/annotations/"
    headers = {"Authorization": f"Token {radiologist.api_token}"}
    for mark in requests.get(address, headers=headers, timeout=10).json()["results"]:
        gone = requests.delete(f"{address}{mark['id']}/?version={mark['version']}", headers=headers, timeout=10)
        assert gone.status_code == requests.codes.no_content
    return uid


@pytest.fixture
def exported(demonstration: Demonstration, measured_study: str, sign_in: SignIn) -> Page:
    """The viewer after a line, a circle and a key image were exported."""
    page = sign_in(demonstration.person("radiologist", "A"))
    page.goto(f"{demonstration.portal_url}/viewer/{measured_study}/")
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)
    for key, pixels in (("l", LINE_PIXELS), ("c", CIRCLE_PIXELS)):
        page.keyboard.press(key)
        drag(page, pixels)
    page.keyboard.press("k")
    expect(page.get_by_test_id("export-sr")).to_be_enabled()
    page.keyboard.press("Shift+E")
    expect(page.get_by_test_id("panel-said")).to_have_text(
        re.compile(r"2 marks, 1 key image stored with the study at Nistru Clinical\."), timeout=30_000
    )
    return page


def test_measurements_become_a_report_that_highdicom_reads(
    demonstration: Demonstration, measured_study: str, exported: Page, dciodvfy: str
) -> None:
    found = stored(demonstration, measured_study, COMPREHENSIVE_SR)
    assert found
    newest = max(found, key=lambda path: path.stat().st_mtime)
    no_errors(dciodvfy, newest)
    report = highdicom.sr.srread(newest)
    groups = report.content.get_planar_roi_measurement_groups()
    assert [len(groups), len(report.content.get_image_measurement_groups())] == [1, 1]
    (line,) = report.content.get_image_measurement_groups()
    (length,) = line.get_measurements()
    image = pydicom.dcmread(
        next(
            path
            for path in demonstration.server("A").archived_files
            if path.stem == exported.locator("[data-image-index]").first.get_attribute("data-sop-instance-uid")
        ),
        stop_before_pixels=True,
    )
    spacing = float(image.PixelSpacing[0])
    # 80 and 60 pixels: a triangle of 3, 4, 5.
    assert float(length.value) == pytest.approx(100 * spacing, abs=spacing)
    assert length.unit.value == "mm"
    (circle,) = groups
    area = next(number for number in circle.get_measurements() if number.name.meaning == "Area")
    assert float(area.value) == pytest.approx(3.141592653589793 * (20 * spacing) ** 2, rel=0.1)
    # The corner of the first pixel is 0\\0 in a report, its centre in the viewer.
    center = circle.roi.value[0]
    assert center == pytest.approx([256.5, 256.5], abs=0.6)
    assert report.PatientID == image.PatientID


def test_key_images_become_a_selection_and_the_study_lists_both(
    demonstration: Demonstration, measured_study: str, exported: Page, dciodvfy: str
) -> None:
    (newest, *_) = sorted(
        stored(demonstration, measured_study, KEY_OBJECT_SELECTION), key=lambda path: -path.stat().st_mtime
    )
    no_errors(dciodvfy, newest)
    ds = pydicom.dcmread(newest)
    shown = exported.locator("[data-image-index]").first.get_attribute("data-sop-instance-uid")
    references = [item.ReferencedSOPSequence[0] for item in ds.ContentSequence if item.ValueType == "IMAGE"]
    assert [str(reference.ReferencedSOPInstanceUID) for reference in references] == [shown]
    radiologist = demonstration.person("radiologist", "A")

    def portal_knows() -> bool:
        study = demonstration.api(radiologist, f"studies/{measured_study}/").json()
        return {"SR", "KO"} <= set(study["modalities_in_study"])

    wait_until(portal_knows, STORED_SECONDS, "the portal lists the report and the key images")
