"""Takes the screenshots of `docs/viewer/contact-sheet.md` from a running demonstration.

`python -m tests.e2e.contact_sheet /path/of/the/demo docs/images/viewer`: phantoms and made images only.
"""

import shutil
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import BROWSER_OPTIONS, BROWSERS
from tests.demonstration import Demonstration, Person
from tests.e2e import made_objects, measured_images
from tests.e2e.laid_out import Screen, mammograms, sent, study_called, viewer_url
from tests.e2e.printing_desk import open_print

CHEST, HEAD_MR, X_RAY = "04-55011", "04-54971", "04-55007"
WIDTH, QUALITY = 1080, 82
DESK, PHONE = (1440, 900), (390, 844)


class Photographer:
    """Opens studies as people do, and keeps what the screen shows."""

    def __init__(self, demonstration: Demonstration, browser: Browser, folder: Path) -> None:
        self.demonstration, self.browser, self.folder = demonstration, browser, folder
        self.reader = demonstration.person("radiologist", "A")

    def open(self, uid: str, person: Person, size: tuple[int, int]) -> Page:
        """The viewer, signed in."""
        width, height = size
        context = self.browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.goto(f"{self.demonstration.portal_url}/accounts/login/")
        page.fill("#id_login", person.username)
        page.fill("#id_password", person.password)
        page.press("#id_password", "Enter")
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        Screen.opened(page, viewer_url(self.demonstration, uid))
        return page

    def shoot(
        self,
        name: str,
        uid: str,
        act: Callable[[Page], None] = lambda _page: None,
        *,
        person: Person | None = None,
        size: tuple[int, int] = DESK,
    ) -> None:
        """One picture, after something was done on the page."""
        page = self.open(uid, person or self.reader, size)
        act(page)
        page.mouse.move(1, 1)
        page.wait_for_timeout(1500)
        with Image.open(BytesIO(page.screenshot())) as picture:
            width = min(WIDTH, picture.width)
            smaller = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)))
            smaller.save(self.folder / f"{name}.jpg", quality=QUALITY)
        page.context.close()
        print(name)


def keys(*names: str) -> Callable[[Page], None]:
    """Presses keys one after the other."""

    def act(page: Page) -> None:
        for name in names:
            page.keyboard.press(name)
            page.wait_for_timeout(300)

    return act


def grid(rows: int, columns: int) -> Callable[[Page], None]:
    """Arranges viewports."""
    return lambda page: Screen(page).arrange(rows, columns)


def planes(page: Page) -> None:
    """The three planes, complete."""
    page.keyboard.press("x")
    page.wait_for_selector('html[data-viewer-mpr="ready"]', state="attached", timeout=120_000)


def solid(page: Page) -> None:
    """The volume, drawn."""
    page.get_by_test_id("volume").click()
    page.wait_for_timeout(15_000)


def object_of(modality: str) -> Callable[[Page], None]:
    """Opens the made object of a modality."""
    return lambda page: page.locator("[data-series-button]").filter(has_text=f"Made {modality}").first.click()


def desk(photographer: Photographer) -> None:
    """Layouts on a desk."""
    demonstration, reader = photographer.demonstration, photographer.reader
    chest, head, x_ray = (study_called(demonstration, reader, name) for name in (CHEST, HEAD_MR, X_RAY))
    photographer.shoot("ct", chest, keys("2"))
    photographer.shoot("ct-prior", chest, keys("2", "p"))
    photographer.shoot("ct-grid", chest, grid(2, 2))
    photographer.shoot("mr", head)
    photographer.shoot("x-ray", x_ray)
    photographer.shoot("planes", chest, planes)
    photographer.shoot("volume", chest, solid)
    photographer.shoot("print", chest, open_print)
    photographer.shoot("settings", chest, lambda page: keys("?")(page) or page.get_by_test_id("open-settings").click())
    photographer.shoot("phone", chest, person=reader, size=PHONE)
    photographer.shoot("phone-patient", chest, person=demonstration.person("patient", "A"), size=PHONE)


def made(photographer: Photographer) -> None:
    """Images and objects made for the occasion."""
    demonstration = photographer.demonstration
    for name, instances in (
        ("ultrasound", [measured_images.ultrasound()]),
        ("pet", [measured_images.pet()]),
        ("detector-plane", [measured_images.x_ray(imager_spacing=True)]),
        ("mammography", mammograms()),
    ):
        photographer.shoot(name, sent(demonstration, instances))
    slices = measured_images.ct(3)
    objects = [made_objects.report(slices[0]), made_objects.ecg(slices[0]), made_objects.pdf(slices[0])]
    uid = sent(demonstration, [*slices, *objects, made_objects.segmentation(slices[1])])
    photographer.shoot("report", uid, object_of("SR"))
    photographer.shoot("ecg", uid, object_of("ECG"))


def main() -> None:
    """Take all pictures."""
    running, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(BROWSER_OPTIONS))
        photographer = Photographer(Demonstration(running), browser, folder)
        desk(photographer)
        made(photographer)
        browser.close()


if __name__ == "__main__":
    main()
