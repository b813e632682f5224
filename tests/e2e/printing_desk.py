"""Prints and saves in the viewer as a reader does, and reads what came out."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from playwright.sync_api import Download, Page, expect
from pypdf import PageObject, PdfReader

from tests.demonstration import Demonstration

POINTS_PER_MM = 72 / 25.4

# The browser's own dialog needs a person; what it would print stays in the page.
DO_NOT_ASK = "window.print = () => { window.asked = (window.asked ?? 0) + 1; };"


@dataclass(frozen=True)
class Placed:
    """An image on a page of a PDF, in millimetres; and the pixels that were put there."""

    width: float
    height: float
    picture: bytes


def open_print(page: Page) -> None:
    """Open the print dialog by its key, and wait for its page."""
    page.keyboard.press("Control+p")
    expect(page.get_by_test_id("print-dialog")).to_be_visible()
    preview_is_drawn(page)


def preview_is_drawn(page: Page) -> None:
    """Wait until each image of the open page is drawn."""
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector("#print-canvas");
            const images = (canvas.getAttribute("aria-label").split(": images ")[1] ?? "").split(", ");
            return canvas.dataset.images === String(images.filter((one) => one !== "").length);
        }""",
        timeout=60_000,
    )


def saved(page: Page, button: str) -> tuple[str, bytes]:
    """Press a button that saves a file; its name and its bytes."""
    with page.expect_download(timeout=120_000) as waiting:
        page.get_by_test_id(button).click()
    return _content(waiting.value)


def _content(download: Download) -> tuple[str, bytes]:
    return download.suggested_filename, Path(download.path()).read_bytes()


def pdf_of(content: bytes) -> PdfReader:
    """The PDF to read."""
    return PdfReader(BytesIO(content))


def size_mm(page: PageObject) -> tuple[float, float]:
    """Width and height of a page, in tenths of a millimetre."""
    box = page.mediabox
    return round(float(box.width) / POINTS_PER_MM, 1), round(float(box.height) / POINTS_PER_MM, 1)


def placed_on(page: PageObject) -> list[Placed]:
    """The images of a page from top to bottom: head, images, foot."""
    found: list[Placed] = []
    resources: Any = page["/Resources"]

    def see(operator: bytes, operands: Any, matrix: Iterable[float], _text: Iterable[float]) -> None:
        if operator != b"Do":
            return
        a, b, c, d, *_ = matrix
        assert (b, c) == (0, 0)
        picture = resources["/XObject"][operands[0]].get_data()
        found.append(Placed(abs(a) / POINTS_PER_MM, abs(d) / POINTS_PER_MM, picture))

    page.extract_text(visitor_operand_before=see)
    return found


def told(demonstration: Demonstration, page: Page, act: Callable[[], None]) -> dict[str, Any]:
    """What the portal was told while something was done."""
    with page.expect_response(re.compile("/taken-out/")) as waiting:
        act()
    response = waiting.value
    assert response.url.startswith(demonstration.portal_url)
    assert response.status == 204
    body: dict[str, Any] = json.loads(response.request.post_data or "{}")
    return body


def events(demonstration: Demonstration, study_instance_uid: str) -> list[dict[str, Any]]:
    """The events of a study that the audit keeps of images that left, oldest first."""
    statement = (
        "SELECT row_to_json(found) FROM (SELECT action, actor_name, outcome, details FROM audit_auditevent "
        f"WHERE study_instance_uid = '{study_instance_uid}' AND action IN ('images_printed', 'images_saved') "
        "ORDER BY id) AS found"
    )
    done = demonstration.sql("portal", statement)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
