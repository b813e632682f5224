"""A prior beside the study, also from another institution's server; a second window for another monitor."""

import re
from functools import partial
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, expect
from stdnum.md import idno

from tests.demonstration import Demonstration, Person, wait_until
from tests.e2e.conftest import SignIn
from tests.e2e.laid_out import Screen, chest_scans, grant, study_called, viewer_url
from tests.e2e.measured_images import send

pytestmark = pytest.mark.timeout(300)

SECONDS_TO_END = 60
KNOWN_SECONDS = 30
# What the browser itself writes into the console when a server does not answer, or refuses what ended.
EXPECTED = r"ERR_CONNECTION|Failed to fetch|40[134]|Refused|Unreachable"


def chest_of(demonstration: Demonstration, institution: str) -> str:
    """The UID of the chest CT of one patient, whom both institutions know."""
    accession = {"A": "04-55011", "B": "IS-88127"}[institution]
    return study_called(demonstration, demonstration.person("radiologist", institution), accession)


@pytest.fixture
def chest(demonstration: Demonstration, sign_in: SignIn) -> Screen:
    """The chest CT of institution A, which has a prior."""
    page = sign_in(demonstration.person("radiologist", "A"))
    return Screen.opened(page, viewer_url(demonstration, chest_of(demonstration, "A")))


def test_a_prior_stands_beside_its_study_linked_and_says_what_it_is(chest: Screen) -> None:
    chest.key("2", "p")
    chest.has(2)
    now, prior = chest[0], chest[1]
    now.shows(29)
    prior.shows(23)
    expect(now.pane.get_by_test_id("prior-plate")).to_be_hidden()
    expect(prior.pane.get_by_test_id("prior-plate")).to_have_text(re.compile(r"^Prior, \d+ \w{3} \d{4}$"))
    expect(prior.pane.get_by_test_id("corner-series")).to_contain_text("Lung")
    expect(prior.pane.get_by_test_id("link")).to_have_text("Linked from here")
    expect(prior.element).to_have_attribute("data-voi-lower", "-1200")
    expect(chest.page.get_by_test_id("linked")).to_have_attribute("aria-pressed", "true")
    # Five images of 5 mm are four of 6.25 mm.
    chest.key(*["ArrowDown"] * 5)
    now.shows(34)
    prior.shows(27)
    prior.element.click()
    chest.key("ArrowUp", "ArrowUp")
    prior.shows(25)
    # Two of 6.25 mm back are 12.5 mm of the 25: image 2.5, which is as near to the third as to the second.
    assert now.said("image-index") in {"31", "32"}
    chest.key("p")
    chest.has(1)
    expect(chest[0].pane.get_by_test_id("prior-plate")).to_be_hidden()
    expect(chest.page.get_by_test_id("compare-prior")).to_have_attribute("aria-pressed", "false")


@pytest.fixture
def two_institutions(demonstration: Demonstration) -> dict[str, str]:
    """The UIDs of a person's scans: today at institution A, in May at B, which gives A's radiologist access."""
    first_twelve = f"2{uuid4().int % 10**11:011d}"
    national_id = first_twelve + idno.calc_check_digit(first_twelve)
    made = chest_scans(national_id, {"A": "20261120", "B": "20260503"})
    people = {institution: demonstration.person("radiologist", institution) for institution in made}
    uids = {}
    for institution, slices in made.items():
        uid = uids[institution] = send(demonstration.server(institution), slices)
        reader = people[institution]
        wait_until(partial(seen_whole, demonstration, reader, uid), KNOWN_SECONDS, "the scan is known")
    grant(demonstration, people["B"], people["A"], uids["B"])
    return uids


def seen_whole(demonstration: Demonstration, reader: Person, uid: str) -> bool:
    """Whether the portal knows all three slices."""
    return demonstration.instances_seen(reader, uid) == 3


def test_priors_of_two_institutions_come_each_from_its_own_server(
    demonstration: Demonstration, two_institutions: dict[str, str], sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    screen = Screen.opened(page, viewer_url(demonstration, two_institutions["A"]))
    expect(page.get_by_test_id("prior-title")).to_have_count(1)
    screen.key("p")
    screen.has(2)
    screen[1].shows(1)
    expect(screen[1].pane.get_by_test_id("corner-study")).to_contain_text("Codru")
    expect(screen[1].pane.get_by_test_id("prior-plate")).to_have_text("Prior, 3 May 2026")
    for institution in ("A", "B"):
        origin = demonstration.server(institution).dicomweb_url
        assert any(url.startswith(origin) for url in asked)


def test_a_prior_whose_server_is_away_says_so_and_the_study_works(
    demonstration: Demonstration, two_institutions: dict[str, str], sign_in: SignIn
) -> None:
    page = sign_in(demonstration.person("radiologist", "A"))
    screen = Screen.opened(page, viewer_url(demonstration, two_institutions["A"]))
    away = demonstration.server("B").dicomweb_url
    page.route(f"{away}/**", lambda route: route.abort("connectionrefused"))
    screen.key("p")
    screen.has(2)
    screen[1].says("cannot be reached since")
    screen[0].element.click()
    screen.key("ArrowDown")
    screen[0].shows(2)
    page.unroute(f"{away}/**")
    page.get_by_test_id("notice-try").click()
    expect(screen[1].pane).to_have_attribute("data-covered", "false", timeout=20_000)
    sign_in.excuse(EXPECTED)


def second_window(screen: Screen) -> Screen:
    """The window that the button opens."""
    with screen.page.expect_popup() as opening:
        screen.page.get_by_test_id("second-window").click()
    second = Screen(opening.value)
    second.is_ready()
    return second


def test_a_second_window_follows_and_leads(chest: Screen) -> None:
    chest.key("y")
    second = second_window(chest)
    title = chest.page.title()
    expect(second.page).to_have_title(f"{title}, 2nd window")
    expect(second[0].pane.get_by_test_id("prior-plate")).to_be_visible()
    expect(chest.page.get_by_test_id("series-elsewhere")).to_have_count(1)
    expect(second.page.get_by_test_id("linked")).to_have_attribute("aria-pressed", "true")
    second.series("Soft").click()
    second[0].shows(29)
    chest[0].element.hover()
    chest.page.mouse.wheel(0, 100)
    chest[0].shows(30)
    second[0].shows(30)
    second[0].element.hover()
    second.page.mouse.wheel(0, -100)
    second[0].shows(29)
    chest[0].shows(29)
    second.page.close()
    expect(chest.page.get_by_test_id("series-elsewhere")).to_have_count(0)
    chest.page.mouse.wheel(0, 100)
    chest[0].shows(30)


def test_a_second_window_works_on_alone_and_goes_where_the_first_one_goes(
    demonstration: Demonstration, chest: Screen
) -> None:
    second = second_window(chest)
    reader = demonstration.person("radiologist", "A")
    brain = viewer_url(demonstration, study_called(demonstration, reader, "04-54971"))
    Screen.opened(chest.page, brain)
    second.page.wait_for_url(re.compile(re.escape(brain)))
    second.is_ready()
    expect(second.page).to_have_title(re.compile(r", MR .*, 2nd window$"))
    chest.page.close()
    second.key("Home")
    second[0].shows(0)


def taken_off(page: Page) -> None:
    page.wait_for_selector('html[data-viewer-state="ended"]', state="attached", timeout=(SECONDS_TO_END + 5) * 1000)
    expect(page.locator(".pane-grid > .pane").first).to_have_attribute("data-covered", "true")


def test_access_that_ends_takes_the_images_off_both_windows(demonstration: Demonstration, sign_in: SignIn) -> None:
    giver, reader = demonstration.person("radiologist", "A"), demonstration.person("radiologist", "B")
    uid = study_called(demonstration, giver, "04-55020")
    given = grant(demonstration, giver, reader, uid)
    first = Screen.opened(sign_in(reader), viewer_url(demonstration, uid))
    second = second_window(first)
    headers = {"Authorization": f"Token {giver.api_token}"}
    assert requests.delete(given, headers=headers, timeout=10).status_code == requests.codes.no_content
    taken_off(first.page)
    taken_off(second.page)
    sign_in.excuse(EXPECTED)
