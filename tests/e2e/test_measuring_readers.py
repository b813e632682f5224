"""Measuring beside an earlier study, by readers who may not report, and on the developers' real images."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pydicom
import pytest
import requests
from playwright.sync_api import expect
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, Person, shared_data, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk

pytestmark = pytest.mark.timeout(300)

Send = Callable[..., str]


@pytest.fixture
def send(demonstration: Demonstration) -> Send:
    """Sends images to server A, and waits until a radiologist of A sees them."""

    def sent(instances: list[pydicom.Dataset]) -> str:
        uid = measured_images.send(demonstration.server("A"), instances)
        person = demonstration.person("radiologist", "A")
        wait_until(
            lambda: demonstration.instances_seen(person, uid) == len(instances), 20, "the study stands in the portal"
        )
        return uid

    return sent


def test_a_change_against_the_prior_is_told_by_the_label(
    demonstration: Demonstration, sign_in: SignIn, send: Send
) -> None:
    earlier, now = measured_images.ct(1), measured_images.ct(1)
    for ds in earlier:
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = "20260503"
        ds.PatientID = now[0].PatientID
    uids = [send(earlier), send(now)]
    page = sign_in(demonstration.person("radiologist", "A"))
    prior = Desk(page, demonstration.portal_url, uids[0])
    prior.key("l")
    prior.drag((20, 20), (41.6, 20))
    prior.is_saved()
    prior.items.nth(0).get_by_test_id("mark-label").fill("Nodule, right upper lobe")
    prior.items.nth(0).get_by_test_id("mark-label").press("Enter")
    wait_until(lambda: prior.kept()[0]["text"] != "", 10, "the label is saved")
    desk = Desk(page, demonstration.portal_url, uids[1])
    desk.key("l")
    desk.drag((20, 20), (59, 20))
    own = desk.items.nth(0)
    expect(own.get_by_test_id("mark-value")).to_have_text("19.5 mm")
    expect(own.get_by_test_id("mark-prior")).to_be_hidden()
    own.get_by_test_id("mark-label").fill("nodule, right upper lobe")
    own.get_by_test_id("mark-label").press("Enter")
    expect(own.get_by_test_id("mark-prior")).to_have_text("↗ was 10.8 mm on 3 May 2026")
    # The prior's own mark stands below, under the date of its study.
    expect(desk.page.locator(".marked-heading")).to_have_text("Prior, 3 May 2026")
    expect(desk.items.nth(1).get_by_test_id("mark-value")).to_have_text("10.8 mm")


def test_earlier_versions_of_a_mark_can_be_read(demonstration: Demonstration, sign_in: SignIn, send: Send) -> None:
    uid = send(measured_images.ct(1))
    desk = Desk(sign_in(demonstration.person("radiologist", "A")), demonstration.portal_url, uid)
    desk.key("l")
    desk.drag((20, 20), (60, 20))
    desk.is_saved()
    desk.drag((60, 20), (80, 20))
    desk.is_saved()
    versions = desk.items.nth(0).get_by_test_id("mark-versions")
    expect(versions.locator("summary")).to_contain_text("by Dr. Elena Pascaru")
    versions.locator("summary").click()
    expect(versions.locator("li")).to_have_count(2)
    expect(versions.locator("li").nth(0)).to_contain_text("20.0 mm")
    expect(versions.locator("li").nth(1)).to_contain_text("30.0 mm")


def test_a_value_that_differs_from_the_one_that_was_saved_says_so(
    demonstration: Demonstration, sign_in: SignIn, send: Send
) -> None:
    instances = measured_images.ct(1)
    uid, person = send(instances), radiologist(demonstration)
    mark = {
        "version": 0,
        "kind": "line",
        "series_instance_uid": str(instances[0].SeriesInstanceUID),
        "sop_instance_uid": str(instances[0].SOPInstanceUID),
        "frame_number": 1,
        "points": [[20, 20], [60, 60]],
        # As by a viewer that took pixels for square ones of half a millimetre.
        "values": {"length": 28.284, "length_unit": "mm"},
    }
    url = f"{demonstration.portal_url}/api/v1/studies/{uid}/annotations/{uuid4()}/"
    answer = requests.put(url, json=mark, headers={"Authorization": f"Token {person.api_token}"}, timeout=10)
    assert answer.ok, answer.text
    desk = Desk(sign_in(person), demonstration.portal_url, uid)
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["37.7 mm"])
    expect(desk.items.get_by_test_id("mark-differs")).to_have_text(["It was 28.3 mm when it was saved"])


def test_a_reader_who_may_not_report_draws_and_is_told_that_it_is_not_saved(
    demonstration: Demonstration, sign_in: SignIn
) -> None:
    doctor = demonstration.person("referring_doctor", "A")
    studies = demonstration.api(doctor, "studies/").json()["results"]
    uid = next(one["study_instance_uid"] for one in studies if "CT" in one["modalities_in_study"])
    desk = Desk(sign_in(doctor), demonstration.portal_url, uid)
    before = demonstration.api(radiologist(demonstration), f"studies/{uid}/annotations/").json()["results"]
    desk.key("l")
    desk.drag((200, 200), (260, 200))
    own = desk.items.get_by_test_id("mark-value").filter(has_text="mm").last
    expect(own).to_be_visible()
    expect(desk.saved).to_have_attribute("data-state", "not-kept")
    expect(desk.saved).to_contain_text("It is not saved, because you do not report on this study.")
    after = demonstration.api(radiologist(demonstration), f"studies/{uid}/annotations/").json()["results"]
    assert after == before


def radiologist(demonstration: Demonstration) -> Person:
    """Who sees every study of A."""
    return demonstration.person("radiologist", "A")


def real(folder: str, name: str) -> Path:
    """A file of the developers' DICOM set."""
    found = shared_data(folder)
    if found is None:
        pytest.skip("../shared is absent, so there are no real images")
    return found / name


def store(demonstration: Demonstration, path: Path) -> str:
    """Send one real instance as a study of its own; returns its StudyInstanceUID."""
    ds = pydicom.dcmread(path)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    # A person of its own: nothing else in the network is a prior of it.
    ds.PatientID, ds.PatientName = f"M{ds.StudyInstanceUID[-12:]}", f"Real^{ds.StudyInstanceUID[-6:]}"
    ds.PatientBirthDate = ""
    for keyword in ("OtherPatientIDs", "OtherPatientIDsSequence"):
        if keyword in ds:
            delattr(ds, keyword)
    return measured_images.send(demonstration.server("A"), [ds])


def test_real_ultrasound_is_measured_by_its_own_scale(
    demonstration: Demonstration, sign_in: SignIn, tmp_path: Path
) -> None:
    uid = store(demonstration, real("us-color", "US-YBR_FULL_422-EVRLE.dcm"))
    wait_until(lambda: demonstration.instances_seen(radiologist(demonstration), uid) == 1, 20, "it is in the portal")
    desk = Desk(sign_in(radiologist(demonstration)), demonstration.portal_url, uid)
    desk.key("l")
    desk.drag((300, 200), (600, 200))
    desk.drag((100, 200), (600, 200))
    # One region from column 184 on, 0.00616 cm a pixel; column 100 lies outside of it.
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["18.5 mm", "500.0 px"])
    desk.key("c")
    desk.drag((400, 300), (450, 300))
    expect(desk.items.nth(2).get_by_test_id("mark-why")).to_have_text("No values: the pixels are colours")
    desk.is_saved()
    assert desk.kept()[2]["values"]["area"] == pytest.approx(3.14159265 * (50 * 0.0616) ** 2, rel=1e-3)


def test_a_real_pet_slice_is_measured_in_suv(demonstration: Demonstration, sign_in: SignIn) -> None:
    path = real("pet", "1.dcm")
    ds = pydicom.dcmread(path)
    values = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    row, column = (int(place) for place in divmod(int(values.argmax()), values.shape[1]))
    # 69.7344 kg; 178.34 MBq given 3976.921 s before the scan, half of it gone each 6586.2 s.
    factor = 69_734.4 / (178_340_011.59668 * 2 ** (-3976.921 / 6586.2))
    uid = store(demonstration, path)
    wait_until(lambda: demonstration.instances_seen(radiologist(demonstration), uid) == 1, 20, "it is in the portal")
    desk = Desk(sign_in(radiologist(demonstration)), demonstration.portal_url, uid)
    desk.key("o")
    desk.click((column, row))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text([f"{values[row, column] * factor:.2f} SUVbw"])


def test_a_real_x_ray_whose_spacing_is_nought_is_measured_in_pixels(
    demonstration: Demonstration, sign_in: SignIn, tmp_path: Path
) -> None:
    uid = store(demonstration, real("xray", "RG1_J2KI.dcm"))
    wait_until(lambda: demonstration.instances_seen(radiologist(demonstration), uid) == 1, 20, "it is in the portal")
    desk = Desk(sign_in(radiologist(demonstration)), demonstration.portal_url, uid)
    desk.key("l")
    desk.drag((600, 600), (900, 1000))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["500.0 px"])
