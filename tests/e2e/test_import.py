"""A radiologist brings studies in: drops files and ZIPs, loses the page in mid-upload, and keeps a letter as DICOM."""

import base64
import io
import zipfile
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests
from playwright.sync_api import Page, Route, expect
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.demonstration import Demonstration, wait_until
from tests.e2e.conftest import SignIn

pytestmark = pytest.mark.timeout(240)

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
IN_TIME = 60_000
# Drops files as a mouse does: nobody but a person may choose files from a disk.
DROP = """
async files => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of ['dragenter', 'dragover', 'drop']) {
    const event = new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
    document.querySelector('[data-drop]').dispatchEvent(event);
  }
}
"""


def made_study(instances: int, *, side: int = 16, name: str = "Import^Test") -> tuple[str, list[bytes]]:
    """A CT study of its own, and its files."""
    study, series, patient = generate_uid(), generate_uid(), generate_uid()[-12:]
    files = []
    for number in range(1, instances + 1):
        ds = pydicom.Dataset()
        ds.file_meta = pydicom.dataset.FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
        ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = name, f"IMP-{patient}", "19800102", "F"
        ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.Modality = "20261101", "101112", "Brought in", "CT"
        ds.SeriesNumber, ds.InstanceNumber = 1, number
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", side, side
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
        ds.PixelData = bytes((number * 37 + at) % 251 if at % 2 == 0 else 0 for at in range(side * side * 2))
        ds["PixelData"].VR = "OW"
        buffer = io.BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        files.append(buffer.getvalue())
    return str(study), files


def zipped(entries: list[tuple[str, bytes]]) -> bytes:
    """An archive of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def with_filler(content: bytes) -> bytes:
    """An archive of several pieces' length, with one image in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("image", content)
        archive.writestr("filler.bin", bytes(20 * 1024 * 1024))
    return buffer.getvalue()


@pytest.fixture
def page(demonstration: Demonstration, sign_in: SignIn) -> Page:
    """The import page of a radiologist of hospital A, ready to take files."""
    page = sign_in(demonstration.person("radiologist", "A"))
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.locator("[data-import][data-ready]")).to_be_attached()
    return page


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drop files onto the page."""
    page.evaluate(DROP, [[name, base64.b64encode(content).decode()] for name, content in files])


def row_of(page: Page, name: str) -> Any:
    """The row of a file that was chosen now."""
    return page.locator("[data-rows] tr").filter(has=page.get_by_text(name, exact=True))


def count_of(page: Page, outcome: str) -> Any:
    return page.locator(f'[data-count="{outcome}"] b')


def instances_of(demonstration: Demonstration, study: str) -> int:
    """How many instances the portal knows of the study; 0 where it does not know it."""
    answer = demonstration.api(demonstration.person("radiologist", "A"), f"studies/?study_instance_uid={study}")
    found = answer.json()["results"]
    return found[0]["number_of_study_related_instances"] if found else 0


def test_files_and_a_zip_with_junk_are_dropped(
    demonstration: Demonstration, page: Page, screenshots: Path, tmp_path: Path
) -> None:
    study, files = made_study(6)
    archive = zipped([
        ("cd/IM1", files[3]), ("cd/IM2", files[4]), ("cd/readme.txt", b"hello"), ("../evil.dcm", files[5]),
        ("cd/empty.dcm", b""),
    ])  # fmt: skip
    drop(
        page, ("one.dcm", files[0]), ("two.dcm", files[1]), ("disc.zip", archive), ("lies.dcm", b"not an image at all")
    )
    expect(page.locator("[data-all-words]")).to_have_text("Done: 4 of 4 files. Nothing is left to do.", timeout=IN_TIME)
    expect(count_of(page, "stored")).to_have_text("4")
    expect(count_of(page, "refused")).to_have_text("4")
    expect(row_of(page, "one.dcm")).to_contain_text("Stored")
    expect(row_of(page, "lies.dcm")).to_contain_text("The file is not DICOM.")
    disc = row_of(page, "disc.zip")
    expect(disc).to_contain_text("../evil.dcm: Its name leads out of the ZIP. Nothing of it was opened.")
    expect(disc).to_contain_text("cd/empty.dcm: The file is empty.")
    link = row_of(page, "one.dcm").get_by_role("link", name="Open the study")
    expect(link).to_be_visible(timeout=IN_TIME)
    page.screenshot(path=screenshots / "import-results.png", full_page=True)
    assert instances_of(demonstration, study) == 4
    link.click()
    page.wait_for_url(f"**/studies/{study}/**")
    expect(page.get_by_text("Brought in").first).to_be_visible()


def test_the_same_files_again_are_known(page: Page) -> None:
    _, files = made_study(2)
    drop(page, ("a.dcm", files[0]), ("b.dcm", files[1]))
    expect(count_of(page, "stored")).to_have_text("2", timeout=IN_TIME)
    page.reload()
    expect(page.locator("[data-earlier-rows] tr").first).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PATCH" else None)
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    drop(page, ("a.dcm", files[0]), ("renamed.dcm", files[1]))
    expect(count_of(page, "already_stored")).to_have_text("2", timeout=IN_TIME)
    assert sent == []
    assert [url for url in posted if url.endswith("/imports/")] == []


def test_a_page_that_was_lost_in_mid_upload_goes_on_where_it_stopped(
    demonstration: Demonstration, page: Page, sign_in: SignIn, screenshots: Path, tmp_path: Path
) -> None:
    study, files = made_study(3, side=1500)
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, content in enumerate(files):
            archive.writestr(f"{number}.dcm", content)
        archive.writestr("filler.bin", bytes(18 * 1024 * 1024))
    assert path.stat().st_size > 30_000_000
    sizes: list[int] = []
    # Two pieces of 8 MiB of four come through.
    allowed = 2

    def let_through(route: Route) -> None:
        nonlocal allowed
        if route.request.method in {"POST", "PATCH"} and "/imports/known" not in route.request.url:
            if allowed == 0:
                route.abort("connectionreset")
                return
            allowed -= 1
            sizes.append(len(route.request.post_data_buffer or b""))
        route.continue_()

    page.route("**/imports/**", let_through)
    page.set_input_files("#import-files", path)
    expect(page.get_by_text("The line is broken. Trying again.")).to_be_visible(timeout=IN_TIME)
    expect(page.locator("[data-all-words]")).to_contain_text("The hospital cannot be reached.")
    page.screenshot(path=screenshots / "import-broken-line.png", full_page=True)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    # Only now: until the page is gone it tries again by itself.
    page.unroute("**/imports/**")
    waiting = page.locator("[data-earlier-rows] tr").filter(has=page.get_by_text("large.zip", exact=True)).first
    expect(waiting).to_contain_text(f"Here so far: {100 * sum(sizes) // path.stat().st_size} %")
    expect(page.get_by_text("what was sent already is not sent again")).to_be_visible()
    page.screenshot(path=screenshots / "import-unfinished.png", full_page=True)
    # A file of the same name and size with other bytes is another file: it begins anew.
    other = tmp_path / "other" / "large.zip"
    other.parent.mkdir()
    content = bytearray(path.read_bytes())
    content[-30_000_000] ^= 0xFF
    other.write_bytes(content)
    begun: list[str] = []
    page.on("request", lambda request: begun.append(request.method) if request.url.endswith("/imports/") else None)
    page.set_input_files("#import-files", other)
    expect(row_of(page, "large.zip").locator("[data-state]")).to_contain_text("Stored", timeout=IN_TIME)
    assert "POST" in begun
    page.reload()
    expect(waiting).to_contain_text(f"Here so far: {100 * sum(sizes) // path.stat().st_size} %")
    again: list[tuple[str, str]] = []
    page.on("request", lambda request: again.append((request.method, request.headers.get("upload-offset", ""))))
    page.set_input_files("#import-files", path)
    # Some of its images came with the other file already.
    expect(page.locator("[data-all-words]")).to_contain_text("Done: 1 of 1 files.", timeout=IN_TIME)
    pieces = [offset for method, offset in again if method == "PATCH"]
    assert pieces
    assert len(pieces) == 2
    assert int(pieces[0]) == sum(sizes) == 16 * 1024 * 1024
    # The browser notes the line that was broken on purpose.
    sign_in.excuse("ERR_CONNECTION_RESET")
    expect(row_of(page, "large.zip").get_by_role("link", name="Open the study")).to_be_visible(timeout=IN_TIME)
    wait_until(lambda: instances_of(demonstration, study) == 3, 60, "the portal knows all three images")


def test_an_upload_is_stopped_and_gone_on_with(page: Page, tmp_path: Path) -> None:
    _, files = made_study(1)
    path = tmp_path / "slow.zip"
    path.write_bytes(with_filler(files[0]))
    held: list[Route] = []
    page.route("**/imports/*-*", lambda route: held.append(route))  # noqa: PLW0108 - a bound method is no handler
    page.set_input_files("#import-files", path)
    expect(page.locator("[data-stop]")).to_be_visible()
    page.wait_for_timeout(500)
    page.locator("[data-stop]").click()
    expect(page.locator("[data-all-words]")).to_contain_text("Stopped.")
    page.unroute("**/imports/*-*")
    page.locator("[data-go]").click()
    expect(count_of(page, "stored")).to_have_text("1", timeout=IN_TIME)


def test_a_letter_is_kept_for_a_study_and_for_a_new_patient(
    demonstration: Demonstration, page: Page, screenshots: Path
) -> None:
    name = f"Letter{generate_uid()[-6:]}"
    study, files = made_study(1, name=f"{name}^Lena")
    drop(page, ("image.dcm", files[0]))
    expect(row_of(page, "image.dcm").get_by_role("link", name="Open the study")).to_be_visible(timeout=IN_TIME)
    drop(page, ("letter.pdf", PDF))
    form = page.locator("[data-wrap]")
    expect(form).to_be_visible()
    form.get_by_role("button", name="Keep as DICOM").click()
    expect(form.locator("[data-wrap-error]")).to_be_visible()
    page.fill("#import-find", name)
    form.get_by_text(f"{name}, Lena").click()
    page.fill("#import-title", "Discharge letter")
    page.screenshot(path=screenshots / "import-whose.png", full_page=True)
    form.get_by_role("button", name="Keep as DICOM").click()
    expect(row_of(page, "letter.pdf")).to_contain_text("Stored", timeout=IN_TIME)
    drop(page, ("scan.pdf", PDF))
    form.get_by_label("A new patient").check()
    page.fill("#import-family", name)
    page.fill("#import-given", "Nova")
    page.fill("#import-id", f"N-{name}")
    form.get_by_role("button", name="Keep as DICOM").click()
    expect(row_of(page, "scan.pdf")).to_contain_text("Stored", timeout=IN_TIME)
    expect(row_of(page, "scan.pdf").get_by_role("link", name="Open the study")).to_be_visible(timeout=IN_TIME)
    answer = demonstration.api(demonstration.person("radiologist", "A"), f"studies/?patient_id=N-{name}")
    assert [one["patient_name"] for one in answer.json()["results"]] == [f"{name}^Nova"]
    answer = demonstration.api(demonstration.person("radiologist", "A"), f"studies/?study_instance_uid={study}")
    assert sorted(answer.json()["results"][0]["modalities_in_study"]) == ["CT", "DOC"]


def test_letters_go_to_an_order_and_to_a_known_patient_by_keyboard(
    demonstration: Demonstration, page: Page, screenshots: Path
) -> None:
    number = generate_uid()[-8:]
    accession, patient_id = f"ORD-{number}", f"PAT-{number}"
    body = {
        "accession_number": accession,
        "requested_procedure_description": "CT chest",
        "server": demonstration.server("A").id,
        "patient": {
            "patient_id": patient_id,
            "patient_name": f"Ordered{number}^Ștefan",
            "patient_birth_date": "1962-08-31",
        },
        "scheduled_procedure_steps": [
            {
                "modality": "CT",
                "scheduled_procedure_step_start_date": "2026-12-01",
                "scheduled_procedure_step_start_time": "08:30",
            }
        ],
    }
    reader = demonstration.person("radiologist", "A")
    headers = {"Authorization": f"Token {reader.api_token}"}
    placed = requests.post(f"{demonstration.portal_url}/api/v1/orders/", json=body, headers=headers, timeout=30)
    assert placed.status_code == 201, placed.text
    order = f"orders/{placed.json()['id']}/"
    wait_until(lambda: demonstration.api(reader, order).json()["reported_at"], 90, "the server has the order")
    drop(page, ("letter.pdf", PDF))
    form = page.locator("[data-wrap]")
    form.get_by_label("An order", exact=True).check()
    page.locator("#import-find").focus()
    page.keyboard.type(f"stefan ordered{number}")
    choice = form.locator("[data-found] label")
    expect(choice).to_contain_text(f"Ordered{number}, Ștefan")
    expect(choice).to_contain_text("born 31 Aug 1962")
    expect(choice).to_contain_text("ordered for 1 Dec 2026")
    page.keyboard.press("ArrowDown")
    expect(form.locator("[data-choice]")).to_be_focused()
    expect(form.locator("[data-choice]")).to_be_checked()
    page.screenshot(path=screenshots / "import-order.png", full_page=True)
    page.keyboard.press("Enter")
    expect(row_of(page, "letter.pdf")).to_contain_text("Stored", timeout=IN_TIME)
    expect(row_of(page, "letter.pdf").get_by_role("link", name="Open the study")).to_be_visible(timeout=IN_TIME)
    drop(page, ("second.pdf", PDF + b" "))
    form.get_by_label("A new study of a known patient").check()
    # What was said of the letter is not said of the next file.
    expect(page.locator("#import-find")).to_have_value("")
    page.fill("#import-find", patient_id)
    expect(choice).to_contain_text("born 31 Aug 1962")
    choice.click()
    with page.expect_response("**/import/choices/"):
        page.fill("#import-find", f"{patient_id} ordered{number}")
    expect(form.locator("[data-choice]")).to_be_checked()
    page.screenshot(path=screenshots / "import-patient.png", full_page=True)
    form.get_by_role("button", name="Keep as DICOM").click()
    expect(row_of(page, "second.pdf")).to_contain_text("Stored", timeout=IN_TIME)
    expect(row_of(page, "second.pdf").get_by_role("link", name="Open the study")).to_be_visible(timeout=IN_TIME)
    found = demonstration.api(reader, f"studies/?patient_id={patient_id}").json()["results"]
    told = sorted((one["accession_number"], one["patient_name"], one["patient_birth_date"]) for one in found)
    name = f"Ordered{number}^Ștefan"
    assert told == [("", name, "1962-08-31"), (accession, name, "1962-08-31")]


def test_the_page_looks_calm_when_nothing_was_chosen(page: Page, screenshots: Path) -> None:
    page.screenshot(path=screenshots / "import-empty.png")
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
