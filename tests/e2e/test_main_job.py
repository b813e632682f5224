"""The main job: a CT travels from a modality to a radiologist's screen, and nobody else's."""

import base64
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.demonstration import Demonstration, shared_data, wait_until
from tests.dicom_files import data_set_bytes
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(300)

IN_THE_WORKLIST_SECONDS = 10
PATIENT_ID = "LIDC-IDRI-0314"
LUNG_CENTER, LUNG_WIDTH = -400.0, 1600.0
# Of 256 shades, on average over the slice: what scaling up to the screen and down again may blur.
MEAN_SHADES_APART = 3.0
CANVAS_AS_PNG = "viewport => viewport.querySelector('canvas').toDataURL('image/png')"


@pytest.fixture(scope="module")
def chest() -> list[Path]:
    """The 180 files of a real chest CT."""
    folder = shared_data("ct-chest")
    if folder is None:
        pytest.skip("../shared is absent, so there is no real chest CT")
    return sorted(folder.glob("*.dcm"))


@pytest.fixture(scope="module")
def sent_chest(demonstration: Demonstration, chest: list[Path]) -> str:
    """The chest CT, sent to server A by dcmtk and seen in the portal; returns its StudyInstanceUID."""
    storescu = shutil.which("storescu", path="/usr/bin:/usr/local/bin")
    if storescu is None:
        pytest.skip("dcmtk's storescu is not installed")
    server = demonstration.server("A")
    command = [storescu, "-xt", "-aet", "MODALITY", "-aec", server.ae_title, server.host, str(server.dicom_port)]
    subprocess.run([*command, *map(str, chest)], check=True, capture_output=True)
    uid = str(pydicom.dcmread(chest[0], stop_before_pixels=True).StudyInstanceUID)
    radiologist = demonstration.person("radiologist", "A")
    wait_until(
        # Another test may have sent objects of the same study.
        lambda: (demonstration.instances_seen(radiologist, uid) or 0) >= len(chest),
        IN_THE_WORKLIST_SECONDS,
        "the whole study stands in the portal",
    )
    return uid


def search(page: Page, demonstration: Demonstration, words: str) -> None:
    """Search in the worklist, whose first page need not hold what came before many other studies."""
    page.goto(f"{demonstration.portal_url}/worklist/?search={words}")


def wait_for_images(page: Page) -> None:
    page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)


def test_study_stands_in_the_list_of_its_institution_and_in_no_other(
    demonstration: Demonstration, sent_chest: str, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    search(page, demonstration, PATIENT_ID)
    expect(page.locator(f'tr[data-study="{sent_chest}"]')).to_be_visible()
    page.screenshot(path=screenshots / "worklist.png")
    elsewhere = sign_in(demonstration.person("radiologist", "B"))
    expect(elsewhere.locator("tr[data-study]").first).to_be_visible()
    search(elsewhere, demonstration, PATIENT_ID)
    expect(elsewhere.get_by_test_id("count")).to_have_text("0 studies")
    expect(elsewhere.locator(f'tr[data-study="{sent_chest}"]')).to_have_count(0)
    stranger = demonstration.person("radiologist", "B")
    assert demonstration.api(stranger, f"studies/{sent_chest}/").status_code == 404
    assert demonstration.viewer_token(stranger, sent_chest).status_code == 404


def test_archive_holds_every_data_set_as_it_was_sent(
    demonstration: Demonstration, sent_chest: str, chest: list[Path]
) -> None:
    kept = {path.stem: path for path in demonstration.server("A").archived_files if path.parts[-3] == sent_chest}
    for sent in chest:
        uid = str(pydicom.dcmread(sent, stop_before_pixels=True).SOPInstanceUID)
        assert data_set_bytes(kept[uid]) == data_set_bytes(sent)


def test_viewer_shows_the_chest_as_pydicom_windows_it(
    demonstration: Demonstration, sent_chest: str, chest: list[Path], sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    search(page, demonstration, PATIENT_ID)
    page.locator(f'tr[data-study="{sent_chest}"]').dblclick()
    wait_for_images(page)
    page.keyboard.press("2")
    expect(page.locator("[data-image-index]")).to_have_attribute("data-voi-lower", re.compile(r"-1200"))
    page.screenshot(path=screenshots / "viewer.png")
    viewport = page.locator("[data-image-index]")
    ds = slice_of(chest, viewport.get_attribute("data-sop-instance-uid"))
    expected = windowed(ds, center=LUNG_CENTER, width=LUNG_WIDTH)
    shown = shown_slice(page, expected.shape)
    assert np.abs(shown - expected).mean() < MEAN_SHADES_APART
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.995


def shown_slice(page: Page, shape: tuple[int, ...]) -> np.ndarray:
    """The slice as the viewport's canvas shows it, in grey, scaled to the slice's own pixels."""
    viewport = page.locator("[data-image-index]")
    left, top, width, height = map(float, (viewport.get_attribute("data-image-rect") or "").split())
    png = viewport.evaluate(CANVAS_AS_PNG).split(",", 1)[1]
    with Image.open(BytesIO(base64.b64decode(png))) as picture:
        box = viewport.bounding_box()
        assert box is not None
        scale = picture.width / box["width"]
        edges = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
        grey = picture.convert("L").resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=edges)
    return np.asarray(grey, dtype=np.float64)


def slice_of(files: list[Path], sop_instance_uid: str | None) -> pydicom.Dataset:
    """The data set of one instance."""
    for path in files:
        ds = pydicom.dcmread(path)
        if sop_instance_uid == ds.SOPInstanceUID:
            return ds
    raise AssertionError(f"the viewer shows {sop_instance_uid}, which nobody sent")


def windowed(ds: pydicom.Dataset, *, center: float, width: float) -> np.ndarray:
    """The slice in 8-bit grey through a linear window (PS3.3 C.11.2.1.2)."""
    values = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    grey = ((values - (center - 0.5)) / (width - 1) + 0.5) * 255
    return np.clip(grey, 0, 255)
