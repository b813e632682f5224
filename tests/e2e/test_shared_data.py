"""Every file of the developers' DICOM set is opened in the viewer; what is shown or said goes into a table."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.demonstration import ROOT, SHARED_DATA, Demonstration, wait_until
from tests.e2e.conftest import SignIn
from tests.e2e.shared_files import SharedFile, shared_files
from tests.e2e.shared_pictures import expected_picture, shades_apart, shown_picture

pytestmark = [pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore::UserWarning:pydicom")]

SETTLED_SECONDS = 20
NO_ANSWER = "no answer"
# What is published of an image is drawn in a later frame of the screen; large ones take a while.
DRAWN_MILLISECONDS = 250
# A hundred studies are reported one after the other, after whatever other tests have sent.
KNOWN_SECONDS = 180
FEW = 12
# Of 256: what two decoders of lossy JPEG, and scaling to the screen and back, may differ by.
MEAN_SHADES_APART = 6.0
TABLE = ROOT / "docs" / "viewer" / "data-table.md"
SETTLED = """
uid => {
  const pane = document.querySelector('.pane');
  const viewport = pane.querySelector('[data-testid="viewport"]');
  const isIt = viewport.dataset.seriesUid === uid || pane.dataset.wanted === uid;
  const drawn = viewport.dataset.imageIndex === '-1' || viewport.dataset.imageRect !== '';
  return isIt && drawn && ['ready', 'error'].includes(pane.dataset.state);
}
"""


@dataclass(frozen=True)
class Row:
    """What became of one series."""

    name: str
    modality: str
    syntax: str
    result: str
    words: str
    apart: float | None = None


@pytest.fixture(scope="module")
def files() -> list[SharedFile]:
    """All files, ready to be sent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("../shared is absent, so there is no set of DICOM files")
    return list(shared_files(SHARED_DATA))


@pytest.fixture(scope="module")
def sent(
    demonstration: Demonstration, files: list[SharedFile], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Import them into server A; returns what it said of each file that it did not take."""
    folder = tmp_path_factory.mktemp("shared")
    names = {}
    for number, file in enumerate(files):
        (folder / f"{number:04d}.dcm").write_bytes(file.content)
        names[f"{number:04d}.dcm"] = file.name
    environment = demonstration.environment_of("run_scp", "dicomserver.settings")
    command = [sys.executable, "-m", "dicomserver", "import_dicom", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    said = {}
    for line in done.stderr.splitlines():
        name = next((name for file, name in names.items() if f"/{file}: " in line), None)
        if name:
            said[name] = line.split(": ", 1)[1]
    return said


def test_every_file_is_shown_or_says_why_not(
    demonstration: Demonstration, files: list[SharedFile], sent: dict[str, str], sign_in: SignIn
) -> None:
    radiologist = demonstration.person("radiologist", "A")
    studies: dict[str, dict[str, list[SharedFile]]] = {}
    for file in files:
        if file.is_whole and file.name not in sent:
            studies.setdefault(file.study_instance_uid, {}).setdefault(file.series_instance_uid, []).append(file)
    last = list(studies)[-1]
    wait_until(
        lambda: demonstration.instances_seen(radiologist, last) is not None, KNOWN_SECONDS, "the last study is known"
    )
    page = sign_in(radiologist)
    rows = [row for study, series in studies.items() for row in study_rows(demonstration, page, study, series)]
    rows += [
        Row(file.name, file.modality, file.transfer_syntax, "refused", sent[file.name])
        for file in files
        if file.name in sent
    ]
    rows += [
        Row(file.name, "", "", "not sent", "It is no picture and names no study.")
        for file in files
        if not file.is_whole and file.name not in sent
    ]
    # Browsers write down each answer that says no, and the page what it could not decode: the table has both.
    sign_in.excuse("^console: ")
    TABLE.write_text(table_of(sorted(rows, key=lambda row: row.name)))
    assert [row.name for row in rows if row.result == NO_ANSWER] == []
    wrong = [row for row in rows if row.apart is not None and row.apart > MEAN_SHADES_APART]
    assert not wrong, wrong


def study_rows(
    demonstration: Demonstration, page: Page, study: str, series: dict[str, list[SharedFile]]
) -> Iterator[Row]:
    """Open each series of a study and note what is on the screen."""
    page.goto(f"{demonstration.portal_url}/viewer/{study}/")
    for uid, files in series.items():
        button = page.locator(f'[data-series-uid="{uid}"]').first
        page.locator(".pane").first.evaluate("(pane, uid) => { pane.dataset.wanted = uid }", uid)
        if button.count():
            button.click()
        try:
            page.wait_for_function(SETTLED, arg=uid, timeout=SETTLED_SECONDS * 1000)
        except PlaywrightTimeoutError:
            yield Row(name_of(files), files[0].modality, files[0].transfer_syntax, NO_ANSWER, "")
            continue
        page.wait_for_timeout(DRAWN_MILLISECONDS)
        yield from rows_of(page, files)


def rows_of(page: Page, files: list[SharedFile]) -> Iterator[Row]:
    """One row for a stack; one for each image where they were written in different ways."""
    if len(files) == 1 or len(files) > FEW or len({file.transfer_syntax for file in files}) == 1:
        yield row_of(page, files)
        return
    viewport = page.locator('[data-testid="viewport"]').first
    viewport.focus()
    page.keyboard.press("Home")
    for index in range(int(viewport.get_attribute("data-image-count") or 0)):
        reached = f"""() => {{
          const viewport = document.querySelector('[data-testid="viewport"]');
          const message = document.querySelector('[data-testid="stage-message"]');
          return viewport.dataset.imageIndex === '{index}' && viewport.dataset.imageRect !== '' || !message.hidden;
        }}"""
        page.wait_for_function(reached, timeout=SETTLED_SECONDS * 1000)
        page.wait_for_timeout(DRAWN_MILLISECONDS)
        uid = viewport.get_attribute("data-sop-instance-uid")
        yield row_of(page, [file for file in files if file.sop_instance_uid == uid] or files)
        page.keyboard.press("ArrowDown")


def name_of(files: list[SharedFile]) -> str:
    """A file's name, or the folder of a stack."""
    first = files[0].name
    return first if len(files) == 1 else f"{Path(first).parent}/ ({len(files)} files)"


def row_of(page: Page, files: list[SharedFile]) -> Row:
    """What is on the screen now."""
    pane = page.locator(".pane").first
    viewport = pane.locator('[data-testid="viewport"]')
    shown_uid = viewport.get_attribute("data-sop-instance-uid") or ""
    message = pane.locator('[data-testid="stage-message"]')
    words = message.inner_text() if message.is_visible() else ""
    notices = pane.locator('[data-testid="notices"]').inner_text().replace("\n", "; ")
    quality = pane.locator('[data-testid="quality"]')
    badge = quality.inner_text() if quality.is_visible() else ""
    said = "; ".join(part for part in (words, notices, badge if badge != "Full quality" else "") if part)
    entry = (name_of(files), files[0].modality, files[0].transfer_syntax)
    if pane.locator('[data-part="object"]').is_visible():
        text = pane.locator('[data-part="object"]').inner_text().strip().replace("\n", " ")
        return Row(*entry, "shown as an object", text[:90] or "(a document or a video)")
    if words:
        return Row(*entry, "cannot", said)
    file = next((one for one in files if one.sop_instance_uid == shown_uid), None)
    if file is None:
        return Row(*entry, "shown on its images", said)
    lower, upper = viewport.get_attribute("data-voi-lower"), viewport.get_attribute("data-voi-upper")
    window = (float(lower), float(upper)) if lower and upper else None
    number = int(viewport.get_attribute("data-frame-number") or 1)
    expected = expected_picture(file.content, number, window)
    apart = None if expected is None else shades_apart(shown_picture(viewport, expected.shape), expected)
    return Row(*entry, "shown with notice" if said else "shown", said, apart)


def table_of(rows: list[Row]) -> str:
    """The table in Markdown."""
    lines = [
        "# What the viewer makes of the developers' DICOM files",
        "",
        "Written by `tests/e2e/test_shared_data.py`, which sends each file to a DICOM Server and opens it in Chromium.",
        "*Apart* is the mean difference of shades (of 256) between the screen and what pydicom makes of the same",
        "frame, after scaling to the screen and back; – where pydicom cannot decode it, or there is no picture.",
        "",
        "| file or series | modality | transfer syntax | result | apart | words on the screen |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        apart = "–" if row.apart is None else f"{row.apart:.1f}"
        words = row.words.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| {row.name} | {row.modality or '–'} | {row.syntax or '–'} | {row.result} | {apart} | {words} |")
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.result] = counts.get(row.result, 0) + 1
    summary = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    return "\n".join([*lines, "", f"{len(rows)} rows: {summary}.", ""])
