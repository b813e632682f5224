"""A radiologist finds nothing in the worklist, looks in an Orthanc, has a study fetched and opens it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.demonstration import Demonstration, Server, wait_until
from tests.e2e.conftest import SignIn
from tests.interop.archives import (
    Archive,
    Desk,
    name_of_its_own,
    orthanc_archive,
    until_something_came,
    write_study,
)

pytestmark = pytest.mark.timeout(300)
SECONDS = 60_000
SLICES = 40
MANY = 800


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    """The server of the radiologist's institution."""
    return demonstration.server("A")


@pytest.fixture(scope="module")
def orthanc(
    demonstration: Demonstration, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Archive]:
    """An Orthanc that knows the server."""
    with orthanc_archive(demonstration, server, tmp_path_factory.mktemp("orthanc") / "one") as archive:
        demonstration.wait_for_peers()
        yield archive


@pytest.fixture
def page(demonstration: Demonstration, sign_in: SignIn) -> Page:
    """A radiologist's browser, on the worklist."""
    page = sign_in(demonstration.person("radiologist", "A"))
    page.set_default_timeout(SECONDS)
    return page


def test_a_study_is_found_elsewhere_fetched_and_opened(
    demonstration: Demonstration, page: Page, orthanc: Archive, tmp_path: Path, screenshots: Path
) -> None:
    family = name_of_its_own()
    uid = write_study(tmp_path / "one", family, SLICES, StudyDescription="CT chest, outside hospital")
    other = write_study(tmp_path / "two", family, 2, StudyDescription="CT head", Modality="CT")
    orthanc.store(tmp_path / "one")
    orthanc.store(tmp_path / "two")

    page.goto(f"{demonstration.portal_url}/worklist/?search={family}")
    page.locator(".empty").get_by_role("link", name="Find elsewhere").click()
    expect(page.get_by_label("Patient name")).to_have_value(family)
    # What was looked for stands behind the #, which no server sees.
    assert "?" not in page.url

    row = page.locator(f'tr[data-study="{uid}"]')
    expect(row).to_be_visible(timeout=SECONDS)
    expect(row.locator("b")).to_have_text(family)
    expect(row.locator(".col-images")).to_contain_text(str(SLICES))
    expect(row.locator(".col-here")).to_contain_text("Not here")
    expect(page.locator(f'[data-archive="{orthanc.name}"]')).to_have_attribute(
        "data-state", "answered", timeout=SECONDS
    )
    expect(page.locator("[data-stop-search]")).to_be_hidden(timeout=SECONDS)
    page.screenshot(path=screenshots / "elsewhere-found.png")

    page.locator(f'tr[data-study="{other}"]').locator(".col-date").click()
    # One of the two keys leads to the other row; at the end of the list a key stays where it is.
    for key in ("j", "k", "k"):
        if row.get_attribute("aria-selected") != "true":
            page.keyboard.press(key)
    expect(row).to_have_attribute("aria-selected", "true")
    page.keyboard.press("f")
    expect(row.locator("progress, [data-open]").first).to_be_visible(timeout=SECONDS)
    page.screenshot(path=screenshots / "elsewhere-fetching.png")
    expect(row.locator(".col-here")).to_contain_text("All here", timeout=SECONDS)
    opens = row.locator("[data-open]")
    expect(opens).to_have_text("Open")
    page.screenshot(path=screenshots / "elsewhere-here.png")

    reader = demonstration.person("radiologist", "A")
    wait_until(lambda: demonstration.instances_seen(reader, uid) == SLICES, 90, "it is in the worklist")
    opens.click()
    page.wait_for_url(f"**/viewer/{uid}/**")
    expect(page.get_by_text(family).first).to_be_visible(timeout=SECONDS)


def test_a_fetch_that_is_stopped_says_so_until_the_archive_has_stopped(
    demonstration: Demonstration, page: Page, server: Server, orthanc: Archive, tmp_path: Path, screenshots: Path
) -> None:
    family = name_of_its_own()
    uid = write_study(tmp_path / "many", family, MANY)
    orthanc.store(tmp_path / "many")
    page.goto(f"{demonstration.portal_url}/elsewhere/")
    page.get_by_label("Patient name").fill(family)
    page.get_by_role("button", name="Search").click()
    row = page.locator(f'tr[data-study="{uid}"]')
    row.locator('[data-act="fetch"]').click(timeout=SECONDS)
    until_something_came(server, uid)
    # In the middle, so that it cannot stop before somebody has seen what the page says.
    with orthanc.holding_its_breath():
        row.locator('[data-act="stop"]').click(timeout=SECONDS)
        expect(row.locator(".col-here")).to_contain_text("Stopping…", timeout=SECONDS)
        expect(row.locator('[data-act="stop"]')).to_have_count(0)
        page.screenshot(path=screenshots / "elsewhere-stopping.png")
        desk = Desk(demonstration, server)
        wait_until(
            lambda: {
                one["study_instance_uid"]: one["is_stop_told"] for one in desk.ask("GET", "retrievals")["retrievals"]
            }[uid],
            90,
            "Orthanc has been told",
        )
    expect(row.locator('[data-act="again"]')).to_be_visible(timeout=SECONDS)


def test_a_server_that_is_away_says_what_works_meanwhile(
    demonstration: Demonstration, page: Page, server: Server, orthanc: Archive, sign_in: SignIn, screenshots: Path
) -> None:
    base = server.dicomweb_url.removesuffix("/dicomweb")
    page.route(f"{base}/**", lambda route: route.abort())
    page.goto(f"{demonstration.portal_url}/elsewhere/")
    alert = page.get_by_role("alert").filter(has_text="cannot be reached")
    expect(alert).to_contain_text("The worklist works.", timeout=SECONDS)
    expect(alert.get_by_role("button", name="Try now")).to_be_visible()
    page.screenshot(path=screenshots / "elsewhere-unreachable.png")
    page.unroute(f"{base}/**")
    alert.get_by_role("button", name="Try now").click()
    expect(page.locator("[data-trouble]")).to_be_hidden(timeout=SECONDS)
    expect(page.locator(f'[data-archive="{orthanc.name}"]')).to_be_visible(timeout=SECONDS)
    # The browser notes each address that it cannot reach.
    sign_in.excuse("ERR_FAILED")


def test_a_search_for_everything_is_not_begun(demonstration: Demonstration, page: Page) -> None:
    page.goto(f"{demonstration.portal_url}/elsewhere/")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("Give a name, a number or dates.", timeout=SECONDS)


def test_where_no_archive_answers_nothing_is_said_of_what_it_holds(
    demonstration: Demonstration, page: Page, server: Server, screenshots: Path
) -> None:
    name = f"mute{name_of_its_own().lower()}"[:16]
    with socket.socket() as mute:
        # It takes the connection, and says nothing.
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        where = ["--ae-title", "MUTE", "--host", "127.0.0.1", "--port", str(mute.getsockname()[1])]
        demonstration.manage(server, "add_peer", name, *where, "--services", "store", "--archive")
        try:
            page.set_viewport_size({"width": 390, "height": 844})
            page.goto(f"{demonstration.portal_url}/elsewhere/")
            chip = page.locator(f'[data-archive="{name}"]')
            expect(chip).to_be_visible(timeout=SECONDS)
            page.get_by_label("Patient name").fill(name_of_its_own())
            page.keyboard.press("Enter")
            expect(chip).to_have_attribute("data-state", "failed", timeout=SECONDS)
            expect(page.locator("[data-stop-search]")).to_be_hidden(timeout=SECONDS)
            page.screenshot(path=screenshots / "elsewhere-mute-phone.png")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            others = page.locator('[data-archive]:not([data-state="failed"])')
            expect(page.locator("[data-empty-words]")).to_have_text(
                "No archive that answered has such a study." if others.count() else "No archive answered."
            )
        finally:
            demonstration.manage(server, "remove_peer", name)
