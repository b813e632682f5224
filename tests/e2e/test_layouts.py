"""Several viewports: grids, tables of images, linked scrolling by millimetres, reference lines, hanging."""

import pytest
from playwright.sync_api import expect

from tests.demonstration import Demonstration
from tests.e2e.conftest import SignIn
from tests.e2e.laid_out import (
    Screen,
    mammograms,
    sent,
    study_called,
    study_of_known_places,
    viewer_url,
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def places(demonstration: Demonstration) -> str:
    """The UID of a study whose images lie at known places."""
    return sent(demonstration, study_of_known_places())


@pytest.fixture
def screen(demonstration: Demonstration, places: str, sign_in: SignIn) -> Screen:
    """That study, open."""
    page = sign_in(demonstration.person("radiologist", "A"))
    return Screen.opened(page, viewer_url(demonstration, places))


def test_a_grid_takes_the_next_series_and_says_how_to_fill_the_other_places(screen: Screen) -> None:
    screen.has(1)
    screen.key("v")
    picker = screen.page.get_by_test_id("layout-picker")
    expect(screen.page.get_by_test_id("layout-1-1")).to_be_focused()
    screen.key("ArrowDown", "ArrowRight")
    expect(screen.page.get_by_test_id("layout-words")).to_have_text("2 × 2")
    screen.key("Enter")
    expect(picker).to_be_hidden()
    screen.has(4)
    expect(screen.page.get_by_test_id("layout")).to_contain_text("2 × 2")
    for at in range(3):
        screen[at].shows(10)
    assert len({screen[at].said("series-uid") for at in range(3)}) == 3
    empty = screen[3].pane.get_by_test_id("pane-empty")
    expect(empty).to_have_text("Drag a series here, or choose this place and then a series on the left.")
    screen.series("Front").drag_to(screen[3].pane)
    screen[3].shows(10)
    expect(empty).to_be_hidden()
    expect(screen[3].pane).to_have_attribute("data-active", "")
    screen[0].element.click()
    screen.series("Thin").press("Enter")
    expect(screen[0].element).to_have_attribute("data-series-uid", screen[1].said("series-uid"))


def test_twenty_places_and_one_over_three_stand_beside_the_rail(screen: Screen) -> None:
    screen.arrange(4, 5)
    screen[2].shows(10)
    screen.key("v")
    screen.page.get_by_test_id("layout-one-over-three").click()
    screen.has(4)
    large, small = screen[0].pane.bounding_box(), screen[1].pane.bounding_box()
    assert large is not None
    assert small is not None
    assert large["width"] > 2.9 * small["width"]
    assert large["height"] > 1.9 * small["height"]
    expect(screen.page.get_by_test_id("layout")).to_contain_text("1 over 3")


def test_one_viewport_goes_over_all_and_back(screen: Screen) -> None:
    screen.arrange(2, 2)
    screen[1].element.click()
    screen.key("q")
    full, stage = screen[1].pane.bounding_box(), screen.page.locator("#grid").bounding_box()
    assert full == stage
    expect(screen[0].element).to_be_hidden()
    screen.key("q")
    expect(screen[0].element).to_be_visible()


def test_tab_goes_through_the_viewports_and_out(screen: Screen) -> None:
    screen.arrange(1, 3)
    screen[0].element.click()
    for at in (1, 2):
        screen.key("Tab")
        expect(screen[at].element).to_be_focused()
        expect(screen[at].pane).to_have_attribute("data-active", "")
    screen.key("Shift+Tab")
    expect(screen[1].element).to_be_focused()
    screen.key("Tab", "Tab")
    expect(screen.page.get_by_test_id("cine-play")).to_be_focused()


def test_a_table_of_images_turns_over_by_pages(screen: Screen) -> None:
    screen.series("Thick").click()
    screen.key("Home", "v")
    screen.page.get_by_test_id("layout-shows-images").check()
    screen.page.get_by_test_id("layout-2-3").click()
    screen.has(6)
    for at in range(6):
        screen[at].shows(at)
    assert len({screen[at].said("series-uid") for at in range(6)}) == 1
    screen[0].element.hover()
    screen.page.mouse.wheel(0, 100)
    for at in range(6):
        screen[at].shows(6 + at)
    screen.key("End")
    # 21 images: the last page holds three of them.
    for at in range(3):
        screen[at].shows(18 + at)
    expect(screen[3].pane).to_have_attribute("data-covered", "true")
    expect(screen[2].pane).to_have_attribute("data-active", "")
    screen.key("+", "2")
    for at in range(3):
        expect(screen[at].element).to_have_attribute("data-zoom", screen[2].said("zoom"))
        expect(screen[at].element).to_have_attribute("data-voi-lower", "-1200")


def test_linked_series_follow_by_millimetres_and_say_where_they_do_not_reach(screen: Screen) -> None:
    screen.arrange(1, 3)
    thick, thin, front = screen[0], screen[1], screen[2]
    for viewport in (thick, thin, front):
        viewport.shows(10)
    screen.key("y")
    # Image 10 of the thick ones lies at z 0: the last of the thin ones.
    thin.shows(20)
    expect(thin.pane.get_by_test_id("link")).to_have_text("Linked")
    expect(front.pane.get_by_test_id("link")).to_be_hidden()
    screen.key("ArrowUp", "ArrowUp")
    thick.shows(8)
    thin.shows(10)
    screen.key("ArrowDown", "ArrowDown", "ArrowDown")
    thick.shows(11)
    thin.says("No image of this series lies here.")
    expect(thin.pane).to_have_attribute("data-covered", "true")
    front.shows(10)
    # The thin one leads: z 13 is nearest to z 15.
    screen.key("ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp")
    thin.element.click()
    screen.key("Home", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown")
    thin.shows(7)
    thick.shows(7)
    screen.key("+", "3")
    expect(thick.element).to_have_attribute("data-zoom", thin.said("zoom"))
    for viewport in (thick, thin, front):
        expect(viewport.element).to_have_attribute("data-voi-lower", "-190")
    screen.key("y", "ArrowDown")
    thin.shows(8)
    thick.shows(7)


def test_reference_lines_stand_where_the_active_image_cuts_the_others(screen: Screen) -> None:
    screen.arrange(1, 3)
    thick, thin, front = screen[0], screen[1], screen[2]
    for viewport in (thick, thin, front):
        viewport.shows(10)
    screen.key("ArrowUp", "ArrowUp", "ArrowUp")
    thick.shows(7)
    # z 15: the front's rows begin at z 63 and are 2 mm apart, so row 24, over all its columns.
    expected = [*front.on_screen(-0.5, 24), *front.on_screen(63.5, 24)]
    assert front.line() == pytest.approx(expected, abs=0.02)
    assert thin.line() == []
    front.element.click()
    screen.key("ArrowDown", "ArrowDown")
    front.shows(12)
    # y 8: 71 mm, or 35.5 rows, below the first row of the axial images.
    for viewport in (thick, thin):
        expected = [*viewport.on_screen(-0.5, 35.5), *viewport.on_screen(63.5, 35.5)]
        assert viewport.line() == pytest.approx(expected, abs=0.02)
    assert front.line() == []


def test_the_layout_outlives_a_reload_of_the_tab(screen: Screen) -> None:
    screen.arrange(2, 2)
    screen[2].element.click()
    # Before its series is there, no key moves it.
    screen[2].shows(10)
    screen.key("Home")
    screen[2].shows(0)
    shown = [screen[at].said("series-uid") for at in range(4)]
    screen.page.reload()
    screen.has(4)
    screen[2].shows(0)
    expect(screen[2].pane).to_have_attribute("data-active", "")
    assert [screen[at].said("series-uid") for at in range(4)] == shown


def test_a_kept_layout_opens_such_studies_until_it_is_taken_back(
    demonstration: Demonstration, places: str, screen: Screen
) -> None:
    screen.arrange(1, 2)
    screen[1].element.click()
    screen.series("Front").click()
    screen[1].shows(10)
    front = screen[1].said("series-uid")
    screen.key("v")
    screen.page.get_by_test_id("layout-keep").click()
    expect(screen.page.get_by_test_id("layout-said")).to_have_text(
        "Kept. Studies of CT open like this for you from now on."
    )
    screen.page.goto(f"{demonstration.portal_url}/")
    again = Screen.opened(screen.page, viewer_url(demonstration, places))
    again.has(2)
    again[1].shows(10)
    assert again[1].said("series-uid") == front
    again.key("v")
    again.page.get_by_test_id("layout-reset").click()
    again.has(1)
    Screen.opened(screen.page, viewer_url(demonstration, places)).has(1)


def test_magnetic_resonance_hangs_as_four_and_chest_x_rays_front_beside_side(
    demonstration: Demonstration, sign_in: SignIn
) -> None:
    person = demonstration.person("radiologist", "A")
    page = sign_in(person)
    brain = Screen.opened(page, viewer_url(demonstration, study_called(demonstration, person, "04-54971")))
    brain.has(4)
    assert len({brain[at].said("series-uid") for at in range(4)}) == 4
    chest = Screen.opened(page, viewer_url(demonstration, study_called(demonstration, person, "04-55007")))
    chest.has(2)
    assert {chest[at].said("image-index") for at in range(2)} == {"0", "1"}


def test_mammograms_hang_with_the_chest_walls_facing_each_other(demonstration: Demonstration, sign_in: SignIn) -> None:
    uid = sent(demonstration, mammograms())
    screen = Screen.opened(sign_in(demonstration.person("radiologist", "A")), viewer_url(demonstration, uid))
    screen.has(4)
    # The right breasts stand on the left, and each chest wall on the inner side: mirrored where it was not.
    mirrored = ["false", "false", "true", "true"]
    for at in range(4):
        screen[at].shows(0)
        expect(screen[at].element).to_have_attribute("data-flipped", mirrored[at])
        names = screen[at].pane.get_by_test_id("corner-series").locator("> div").first
        expect(names).to_contain_text(["R CC", "L CC", "R MLO", "L MLO"][at])
        left, _, width, _ = map(float, screen[at].said("image-rect").split())
        room = screen[at].element.bounding_box()
        assert room is not None
        if at % 2 == 0:
            assert left + width == pytest.approx(room["width"], abs=1)
        else:
            assert left == pytest.approx(0, abs=1)


def test_a_phone_keeps_one_viewport(demonstration: Demonstration, places: str, sign_in: SignIn) -> None:
    person = demonstration.person("radiologist", "A")
    page = sign_in(person, width=390, height=844)
    screen = Screen.opened(page, viewer_url(demonstration, study_called(demonstration, person, "04-54971")))
    screen.has(1)
    page.set_viewport_size({"width": 1440, "height": 900})
    screen.arrange(2, 2)
    page.set_viewport_size({"width": 390, "height": 844})
    screen.has(1)
    Screen.opened(page, viewer_url(demonstration, places)).has(1)
