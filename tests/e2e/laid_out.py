"""Reads what stands in which viewport of the viewer's page, and makes studies whose images lie at known places."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import requests
from playwright.sync_api import Locator, Page, expect
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, DigitalMammographyXRayImageStorageForPresentation, generate_uid

from tests.demonstration import Demonstration, Person, wait_until
from tests.e2e import measured_images

IN_THE_WORKLIST_SECONDS = 20
SIDE = 64
PIXEL_MM = 2.0

AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]


@dataclass(frozen=True)
class Viewport:
    """One viewport of the page."""

    pane: Locator

    @property
    def element(self) -> Locator:
        """What takes the focus, and says what it shows."""
        return self.pane.locator(".viewport")

    def said(self, name: str) -> str:
        """What an attribute says to tests."""
        return self.element.get_attribute(f"data-{name}") or ""

    def shows(self, image: int) -> None:
        """Wait for an image, counted from 0."""
        expect(self.element).to_have_attribute("data-image-index", str(image))
        expect(self.pane).to_have_attribute("data-covered", "false")

    def says(self, words: str) -> None:
        """Wait for words in the place of the image."""
        expect(self.pane.get_by_test_id("stage-message")).to_contain_text(words)

    @property
    def affine(self) -> list[float]:
        """a b c d e f of the map from pixels of the image to the viewport."""
        return [float(value) for value in self.said("affine").split()]

    def on_screen(self, column: float, row: float) -> tuple[float, float]:
        """Where a pixel of the image lies, in CSS pixels of the viewport."""
        a, b, c, d, e, f = self.affine
        return a * column + c * row + e, b * column + d * row + f

    def line(self) -> list[float]:
        """x1 y1 x2 y2 of the reference line that is drawn, from left to right; empty where there is none."""
        ends: list[float] = self.pane.evaluate(
            """pane => [...pane.querySelectorAll('.reference-line')]
                .filter(group => group.style.display !== 'none')
                .flatMap(group => ['x1', 'y1', 'x2', 'y2'].map(name => Number(group.firstChild.getAttribute(name))))"""
        )
        return ends if not ends or ends[0] <= ends[2] else [*ends[2:], *ends[:2]]


class Screen:
    """The viewer's page with several viewports."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    def opened(cls, page: Page, url: str) -> "Screen":
        """Open a study and wait for its images."""
        page.goto(url)
        screen = cls(page)
        screen.is_ready()
        return screen

    def is_ready(self) -> None:
        """Wait for the images of the active viewport."""
        self.page.wait_for_selector('html[data-viewer-state="ready"]', state="attached", timeout=60_000)

    def __getitem__(self, at: int) -> Viewport:
        return Viewport(self.page.locator(".pane-grid > .pane").nth(at))

    def has(self, count: int) -> None:
        """Wait for so many viewports."""
        expect(self.page.locator(".pane-grid > .pane")).to_have_count(count)

    def series(self, name: str) -> Locator:
        """A series in the rail."""
        return self.page.get_by_test_id("series").filter(has_text=name)

    def key(self, *names: str) -> None:
        """Press keys."""
        for name in names:
            self.page.keyboard.press(name)

    def arrange(self, rows: int, columns: int) -> None:
        """Choose a grid by its two digits."""
        self.key("v")
        expect(self.page.get_by_test_id("layout-picker")).to_be_visible()
        self.key(str(rows), str(columns))
        self.has(rows * columns)


def study_called(demonstration: Demonstration, person: Person, accession: str) -> str:
    """The UID of a study of the demonstration."""
    found = demonstration.api(person, "studies/", accession_number=accession).json()["results"]
    return str(found[0]["study_instance_uid"])


def viewer_url(demonstration: Demonstration, uid: str) -> str:
    """The viewer's address of a study."""
    return f"{demonstration.portal_url}/viewer/{uid}/"


def grant(demonstration: Demonstration, giver: Person, grantee: Person, uid: str) -> str:
    """Let a person view a study for an hour; returns the address at which the grant is taken back."""
    headers = {"Authorization": f"Token {giver.api_token}"}
    asked = {
        "grantee": grantee.username,
        "study_instance_uid": uid,
        "permissions": ["view"],
        "valid_until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    grants = f"{demonstration.portal_url}/api/v1/grants/"
    given = requests.post(grants, json=asked, headers=headers, timeout=10)
    assert given.status_code == requests.codes.created, given.text
    return f"{grants}{given.json()['id']}/"


def placed_series(
    study: Dataset, name: str, number: int, orientation: list[int], places: list[list[float]]
) -> list[Dataset]:
    """CT images of 64 x 64 pixels of 2 mm, the first pixels of which have their centres at these places."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    made = [
        measured_images.image("CT", CTImageStorage, rows * 4 + columns * 4 + 20 * at, at + 1)
        for at in range(len(places))
    ]
    for ds, place in zip(made, places, strict=True):
        ds.StudyInstanceUID, ds.SeriesInstanceUID = study.StudyInstanceUID, made[0].SeriesInstanceUID
        ds.PatientName, ds.PatientID = study.PatientName, study.PatientID
        ds.StudyDescription, ds.SeriesDescription, ds.SeriesNumber = "Known places", name, number
        ds.FrameOfReferenceUID = study.FrameOfReferenceUID
        ds.PixelSpacing = [str(PIXEL_MM), str(PIXEL_MM)]
        ds.ImageOrientationPatient, ds.ImagePositionPatient = orientation, place
        ds.RescaleSlope, ds.RescaleIntercept = "1", "0"
    return made


def study_of_known_places() -> list[Dataset]:
    """Thick axial images from z 50 down to -50, thin ones from z 20 down to 0, and coronal ones from y -40 to 40."""
    study = Dataset()
    study.StudyInstanceUID, study.FrameOfReferenceUID = generate_uid(), generate_uid()
    study.PatientName, study.PatientID = "Phantom^Places", f"L{study.StudyInstanceUID[-12:]}"
    thick = [[-63.0, -63.0, 50.0 - 5 * at] for at in range(21)]
    thin = [[-63.0, -63.0, 20.0 - at] for at in range(21)]
    front = [[-63.0, -40.0 + 4 * at, 63.0] for at in range(21)]
    return [
        *placed_series(study, "Thick", 1, AXIAL, thick),
        *placed_series(study, "Thin", 2, AXIAL, thin),
        *placed_series(study, "Front", 3, CORONAL, front),
    ]


def mammograms() -> list[Dataset]:
    """Four views of the breasts, each with the chest wall (bright) where its orientation says."""
    study_uid, patient = generate_uid(), f"B{generate_uid()[-12:]}"
    made = []
    for number, (side, view, right) in enumerate(
        [("L", "MLO", "P"), ("R", "CC", "P"), ("L", "CC", "A"), ("R", "MLO", "A")], 1
    ):
        pixels = np.full((120, 90), 100)
        wall = slice(70, 90) if right == "P" else slice(0, 20)
        pixels[:, wall] = 600
        ds = measured_images.image("MG", DigitalMammographyXRayImageStorageForPresentation, pixels)
        ds.StudyInstanceUID, ds.SeriesNumber, ds.SeriesDescription = study_uid, number, f"{side} {view}"
        ds.PatientName, ds.PatientID, ds.PatientSex = "Phantom^Breasts", patient, "F"
        ds.ImageLaterality, ds.ViewPosition = side, view
        ds.PatientOrientation = [right, "F"]
        made.append(ds)
    return made


def sent(demonstration: Demonstration, instances: list[Dataset]) -> str:
    """Send a study to server A and wait until the portal has it; returns its UID."""
    person = demonstration.person("radiologist", "A")
    uid = measured_images.send(demonstration.server("A"), instances)
    wait_until(
        lambda: demonstration.instances_seen(person, uid) == len(instances),
        IN_THE_WORKLIST_SECONDS,
        "the study stands in the portal",
    )
    return uid


def chest_scans(national_id: str, days: dict[str, str]) -> dict[str, list[Dataset]]:
    """A CT of three slices of one person at each institution, taken on these days, known by the national ID alone."""
    made = {}
    for institution, day in days.items():
        slices = measured_images.ct(3)
        for ds in slices:
            ds.PatientName, ds.PatientBirthDate, ds.PatientSex = "Phantom^Twice", "19700102", "F"
            ds.PatientID = f"{institution}-{national_id[-6:]}"
            known = Dataset()
            known.PatientID, known.IssuerOfPatientID, known.TypeOfPatientID = national_id, "IDNP", "TEXT"
            ds.OtherPatientIDsSequence = [known]
            ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = day
            ds.SeriesDescription, ds.BodyPartExamined = "Lung", "CHEST"
        made[institution] = slices
    return made
