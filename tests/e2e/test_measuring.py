"""Measuring in the viewer: each tool drawn in a real browser, its number compared with one computed by hand."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from playwright.sync_api import expect

from tests.demonstration import ROOT, Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.measured_images import COLUMN_SPACING, ROW_SPACING
from tests.e2e.reading_desk import Desk, Point

pytestmark = pytest.mark.timeout(300)

IN_THE_WORKLIST_SECONDS = 20
MAKE_VOLUME = ROOT.parent / "shared" / "tools" / "make_volume.py"
LIVER_LESION_Z, LUNG_NODULE_Z = 235.0, 420.0

OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(demonstration: Demonstration, sign_in: SignIn) -> OpenDesk:
    """Sends images to server A, and opens them as a radiologist of A."""

    def opened(instances: list[pydicom.Dataset]) -> Desk:
        person = demonstration.person("radiologist", "A")
        uid = measured_images.send(demonstration.server("A"), instances)
        wait_until(
            lambda: demonstration.instances_seen(person, uid) == len(instances),
            IN_THE_WORKLIST_SECONDS,
            "the study stands in the portal",
        )
        return Desk(sign_in(person), demonstration.portal_url, uid)

    return opened


def millimetres(a: Point, b: Point) -> float:
    """Distance on the CT, whose pixels are not square."""
    return math.hypot((b[0] - a[0]) * COLUMN_SPACING, (b[1] - a[1]) * ROW_SPACING)


def inside_circle(center: Point, radius: float) -> np.ndarray:
    """Values of the CT's pixels whose centres lie in a circle; the radius is in millimetres."""
    values = measured_images.hounsfield()
    row, column = np.mgrid[0 : values.shape[0], 0 : values.shape[1]]
    apart = np.hypot((column - center[0]) * COLUMN_SPACING, (row - center[1]) * ROW_SPACING)
    return values[apart <= radius + 1e-9]


def test_lengths_are_those_of_pixels_that_are_not_square(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.key("l")
    desk.drag((20, 20), (60, 60))
    # 40 columns of 0.5 mm and 40 rows of 0.8 mm: 20 and 32 mm.
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["37.7 mm"])
    desk.click((100, 30), (100, 80))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["37.7 mm", "40.0 mm"])
    desk.key("u")
    desk.click((20, 100), (40, 100), (60, 100))
    desk.key("Enter")
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["37.7 mm", "40.0 mm", "20.0 mm"])
    desk.is_saved()
    first, second, curve = desk.kept()
    assert first["points"] == [[20, 20], [60, 60]]
    assert first["values"] == {"length": pytest.approx(math.hypot(20, 32)), "length_unit": "mm"}
    assert second["values"]["length"] == pytest.approx(40)
    assert (curve["kind"], curve["values"]["length"]) == ("curve", pytest.approx(20))


def test_a_diameter_has_a_short_axis_at_a_right_angle_to_the_long_one(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.key("d")
    desk.drag((20, 120), (60, 120))
    # The pointer slips by five columns: the short axis does not.
    desk.drag((40, 110), (45, 125))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["20.0 × 12.0 mm"])
    desk.is_saved()
    (mark,) = desk.kept()
    assert mark["points"][2:] == [[40, 110], [pytest.approx(40, abs=0.002), pytest.approx(125, abs=0.002)]]
    # A slanted one, whose axes are at a right angle in millimetres, not in pixels.
    desk.drag((100, 60), (140, 100))
    desk.drag((120, 80), (150, 70))
    desk.is_saved()
    a, b, c, d = desk.kept()[1]["points"]
    across = (b[0] - a[0]) * (d[0] - c[0]) * COLUMN_SPACING**2 + (b[1] - a[1]) * (d[1] - c[1]) * ROW_SPACING**2
    assert across / (millimetres(a, b) * millimetres(c, d)) == pytest.approx(0, abs=1e-3)
    shown = f"{max(millimetres(a, b), millimetres(c, d)):.1f} × {min(millimetres(a, b), millimetres(c, d)):.1f} mm"
    expect(desk.items.nth(1).get_by_test_id("mark-value")).to_have_text(shown)


def test_angles_are_taken_in_millimetres(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.key("n")
    # 40 columns of 0.5 mm to the right; then 40 columns and 25 rows, 20 mm each way.
    desk.click((100, 50), (60, 50), (100, 75))
    desk.key("b")
    desk.drag((20, 100), (60, 100))
    desk.drag((60, 145), (20, 120))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["45.0°", "45.0°"])
    desk.is_saved()
    assert [(mark["kind"], mark["values"]) for mark in desk.kept()] == [
        ("angle", {"angle": pytest.approx(45)}),
        ("cobb", {"angle": pytest.approx(45)}),
    ]


def test_a_circle_has_its_area_and_what_its_pixels_hold(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.key("c")
    desk.drag((100, 80), (120, 80))
    item = desk.items.first
    # A radius of 20 columns is 10 mm: 314.16 mm².
    expect(item.get_by_test_id("mark-value")).to_have_text("314.2 mm²")
    values = inside_circle((100, 80), 10)
    expect(item.get_by_test_id("mark-mean")).to_have_text(f"Mean {values.mean():.0f} HU, SD {values.std():.0f}")
    expect(item.get_by_test_id("mark-detail")).to_have_text(f"min {values.min()}, max {values.max()}, diameter 20.0 mm")
    desk.is_saved()
    kept = desk.kept()[0]["values"]
    assert kept["area"] == pytest.approx(math.pi * 100)
    assert (kept["mean"], kept["sd"]) == (pytest.approx(values.mean()), pytest.approx(values.std()))
    assert (kept["min"], kept["max"], kept["pixels"]) == (values.min(), values.max(), values.size)
    assert (kept["mean"], kept["diameter"]) == (pytest.approx(236), pytest.approx(20))


def test_a_rectangle_and_a_closed_curve_have_area_and_values(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.key("r")
    desk.drag((149.6, 19.6), (170.4, 30.4))
    values = measured_images.hounsfield()[20:31, 150:171]
    item = desk.items.first
    # 20.8 columns of 0.5 mm by 10.8 rows of 0.8 mm.
    expect(item.get_by_test_id("mark-value")).to_have_text("89.9 mm²")
    expect(item.get_by_test_id("mark-mean")).to_have_text(f"Mean {values.mean():.0f} HU, SD {values.std():.0f}")
    desk.key("u")
    around = [
        (60 + 24 * math.cos(turn / 12 * 2 * math.pi), 80 + 15 * math.sin(turn / 12 * 2 * math.pi)) for turn in range(12)
    ]
    desk.click(*around, around[0])
    desk.is_saved()
    kept = desk.kept()[1]
    # 24 columns and 15 rows are 12 mm each: nearly a circle of 452.4 mm².
    assert kept["values"]["area"] == pytest.approx(math.pi * 144, rel=0.003)
    assert kept["values"]["mean"] == pytest.approx(2 * 80 + 60 - 24, abs=0.5)


def test_a_probe_tells_the_value_of_its_pixel(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.key("o")
    desk.click((30, 140))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text([f"{2 * 140 + 30 - 24} HU"])


def test_pet_is_measured_in_suv_by_body_weight(open_desk: OpenDesk) -> None:
    desk = open_desk([measured_images.pet()])
    desk.key("o")
    desk.click((100, 80))
    # 4000 Bq/ml × 70 000 g / (370 MBq × 2^(−3600 s / 6586.2 s)).
    suv = 4000 * 70_000 / (370e6 * 2 ** (-3600 / 6586.2))
    assert f"{suv:.2f}" == "1.11"
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["1.11 SUVbw"])


def test_an_x_ray_is_measured_at_the_detector_and_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk([measured_images.x_ray(imager_spacing=True)])
    desk.key("l")
    desk.drag((20, 20), (110, 140))
    # 150 pixels of 0.13 mm.
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["19.5 mm, detector plane"])
    desk.is_saved()
    assert desk.kept()[0]["values"]["plane"] == "detector"


def test_an_x_ray_without_any_spacing_is_measured_in_pixels_and_says_why(open_desk: OpenDesk) -> None:
    desk = open_desk([measured_images.x_ray(imager_spacing=False)])
    desk.key("l")
    desk.drag((20, 20), (110, 140))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["150.0 px"])
    expect(desk.items.get_by_test_id("mark-why")).to_have_text(
        ["Not calibrated: the image does not say how large its pixels are"]
    )
    assert "mm" not in (desk.page.locator(".pane .marks").text_content() or "")


def test_ultrasound_is_measured_by_its_regions(open_desk: OpenDesk) -> None:
    desk = open_desk([measured_images.ultrasound()])
    desk.key("l")
    desk.drag((20, 20), (50, 60))
    desk.drag((120, 20), (150, 60))
    desk.drag((40, 70), (160, 70))
    desk.drag((20, 100), (120, 150))
    value = desk.items.get_by_test_id("mark-value")
    # 0.2 mm left, 0.5 mm right; from one to the other nobody knows; the trace has seconds and centimetres a second.
    expect(value).to_have_text(["10.0 mm", "25.0 mm", "120.0 px", "0.500 s × 100.00 cm/s"])
    why = desk.items.get_by_test_id("mark-why")
    expect(why.nth(0)).to_be_hidden()
    expect(why.nth(2)).to_have_text("In pixels: it reaches over two regions of the ultrasound")
    desk.key("o")
    desk.click((100, 130))
    # Ten rows below the base line, 2 cm/s each.
    expect(value.nth(4)).to_have_text("0.500 s × −20.00 cm/s")


def test_plain_drawings_have_no_numbers(open_desk: OpenDesk) -> None:
    desk = open_desk(measured_images.ct())
    desk.page.get_by_test_id("tool-draw-only").click()
    for key in ("l", "c", "r", "u"):
        desk.key(key)
        desk.drag((40, 40), (60, 70), (80, 60))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(
        ["Drawn line", "Drawn circle", "Drawn rectangle", "Drawn curve"]
    )
    expect(desk.page.locator(".pane .mark-plate")).to_have_count(0)
    desk.is_saved()
    assert [(mark["kind"], mark["values"]) for mark in desk.kept()] == [
        ("draw_line", {}),
        ("draw_circle", {}),
        ("draw_rectangle", {}),
        ("draw_curve", {}),
    ]


@pytest.fixture(scope="module")
def torso(tmp_path_factory: pytest.TempPathFactory) -> list[pydicom.Dataset]:
    """Three slices of the developers' synthetic torso: liver lesion, between, and one above."""
    return made_torso(tmp_path_factory.mktemp("torso"), step=65)


def made_torso(folder: Path, *, step: int) -> list[pydicom.Dataset]:
    """Slices of the synthetic torso around its middle at 300 mm, so many millimetres apart."""
    if not MAKE_VOLUME.exists():
        pytest.skip("../shared is absent, so there is no synthetic torso with known lesions")
    command = [sys.executable, str(MAKE_VOLUME), "study", "--modality", "CT", "--slices", "3"]
    subprocess.run([*command, "--step", str(step), "--out", str(folder)], check=True, capture_output=True)
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def slice_at(torso: list[pydicom.Dataset], z: float) -> pydicom.Dataset:
    """The slice at a height, as a study of its own."""
    ds = next(ds for ds in torso if float(ds.ImagePositionPatient[2]) == z)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = pydicom.uid.generate_uid(), pydicom.uid.generate_uid()
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    ds.PatientID = f"M{ds.StudyInstanceUID[-12:]}"
    return ds


def on_slice(ds: pydicom.Dataset, x: float, y: float) -> Point:
    """Column and row of a place in the patient, on an axial slice."""
    left, top, _ = (float(value) for value in ds.ImagePositionPatient)
    row_spacing, column_spacing = (float(value) for value in ds.PixelSpacing)
    return (x - left) / column_spacing, (y - top) / row_spacing


def test_the_liver_lesion_of_the_synthetic_torso_has_its_true_size_and_value(
    open_desk: OpenDesk, torso: list[pydicom.Dataset]
) -> None:
    ds = slice_at(torso, LIVER_LESION_Z)
    desk = open_desk([ds])
    # As its manifest says: at −75, −15 mm, a radius of 14 mm, 60 HU.
    desk.key("l")
    desk.drag(on_slice(ds, -75 - 14, -15), on_slice(ds, -75 + 14, -15))
    desk.key("c")
    desk.drag(on_slice(ds, -75, -15), on_slice(ds, -75 + 10, -15))
    desk.is_saved()
    line, circle = desk.kept()
    assert line["values"]["length"] == pytest.approx(28, abs=0.1)
    assert circle["values"]["area"] == pytest.approx(math.pi * 100, rel=0.01)
    assert circle["values"]["mean"] == pytest.approx(60, abs=3)
    expect(desk.items.nth(0).get_by_test_id("mark-value")).to_have_text("28.0 mm")


def test_the_edge_of_the_lung_nodule_is_found_where_its_true_diameter_ends(open_desk: OpenDesk, tmp_path: Path) -> None:
    ds = slice_at(made_torso(tmp_path, step=120), LUNG_NODULE_Z)
    row = round(on_slice(ds, 0, 10)[1])
    values = ds.pixel_array[row].astype(float) + float(ds.RescaleIntercept)
    middle = round(on_slice(ds, -78, 0)[0])
    # Half way between lung and nodule; a line is drawn between the two edges that the pixels have.
    level = (values[middle] + -850) / 2
    ends = []
    for step in (-1, 1):
        column = middle
        while values[column] > level:
            column += step
        share = (values[column - step] - level) / (values[column - step] - values[column])
        ends.append(column - step + step * share)
    desk = open_desk([ds])
    desk.key("l")
    desk.drag((ends[0], row), (ends[1], row))
    desk.is_saved()
    # Its radius is 10 mm, and a pixel 0.84 mm.
    assert desk.kept()[0]["values"]["length"] == pytest.approx(20, abs=0.9)
