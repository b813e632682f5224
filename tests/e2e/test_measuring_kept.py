"""Marks are kept: on reload, under zoom and turning, for other readers, over a broken connection; and undone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk, Point, near

pytestmark = pytest.mark.timeout(300)

# All at one moment: the layer draws its elements anew.
BOXES = (
    "names => names.map(name => [...document.querySelectorAll(name)].map(one => one.getBoundingClientRect().toJSON()))"
)

IN_THE_WORKLIST_SECONDS = 20
# Moves by keys that follow each other are one change; a second without one, and it is done.
KEYS_REST_MS = 1000
OpenDesk = Callable[..., Desk]
LINE, CIRCLE = ((20.0, 20.0), (60.0, 60.0)), ((100.0, 80.0), (120.0, 80.0))


@pytest.fixture
def study(demonstration: Demonstration) -> str:
    """A CT of two slices on server A."""
    uid = measured_images.send(demonstration.server("A"), measured_images.ct())
    person = demonstration.person("radiologist", "A")
    wait_until(
        lambda: demonstration.instances_seen(person, uid) == 2,
        IN_THE_WORKLIST_SECONDS,
        "the study stands in the portal",
    )
    return uid


@pytest.fixture
def desk(demonstration: Demonstration, sign_in: SignIn, study: str) -> Desk:
    """The study as a radiologist of A has it open."""
    return Desk(sign_in(demonstration.person("radiologist", "A")), demonstration.portal_url, study)


def draw(desk: Desk) -> None:
    """A line and a circle, saved."""
    desk.key("l")
    desk.drag(*LINE)
    desk.key("c")
    desk.drag(*CIRCLE)
    expect(desk.items).to_have_count(2)
    desk.is_saved()


def stands_still(desk: Desk) -> None:
    """Wait until the image is drawn no more, after several keys or another size."""
    last = desk.affine()
    while True:
        desk.page.wait_for_timeout(200)
        if desk.affine() == last:
            return
        last = desk.affine()


def stands_right(desk: Desk) -> None:
    """The line and the circle lie on the screen where their pixels do, once all is drawn."""
    stands_still(desk)
    box = desk.viewport.bounding_box()
    assert box is not None
    line, circle = desk.lines()
    for drawn, pixel in zip(line[:2], LINE, strict=True):
        assert near(drawn, desk.on_screen(pixel), 0.1)
    # The circle's first point lies at its edge, on the row of its centre.
    assert near(circle[0], desk.on_screen(CIRCLE[1]), 0.1)
    # Half way round it lies at the other edge.
    assert near(circle[36], desk.on_screen((80, 80)), 0.1)


def test_marks_stand_on_the_same_pixels_after_reload_zoom_turning_and_mirroring(desk: Desk) -> None:
    draw(desk)
    values, kept = desk.values(), desk.kept()
    stands_right(desk)
    desk.open()
    expect(desk.items).to_have_count(2)
    assert (desk.values(), desk.kept()) == (values, kept)
    stands_right(desk)
    for keys in (["+", "+", "+"], ["]"], ["f"], ["]"], ["-"], ["["]):
        before = desk.affine()
        desk.key(*keys)
        wait_until(lambda before=before: desk.affine() != before, 5, "the image was drawn again")
        stands_right(desk)
        assert desk.values() == values
    before = desk.affine()
    desk.page.set_viewport_size({"width": 1100, "height": 700})
    wait_until(lambda: desk.affine() != before, 5, "the image was drawn again")
    stands_right(desk)
    assert desk.kept() == kept


def test_marks_are_shown_on_their_own_image_alone(desk: Desk) -> None:
    draw(desk)
    assert len(desk.lines()) == 2
    desk.key("End")
    expect(desk.viewport).to_have_attribute("data-image-index", "1")
    expect(desk.page.locator(".pane .mark")).to_have_count(0)
    desk.items.nth(0).locator(".marked-jump").click()
    expect(desk.viewport).to_have_attribute("data-image-index", "0")
    expect(desk.page.locator(".pane .mark[data-selected]")).to_have_count(1)
    stands_right(desk)


def test_marks_are_moved_by_handles_and_keys_undone_and_done_again(desk: Desk) -> None:
    draw(desk)
    value = desk.items.nth(0).get_by_test_id("mark-value")
    desk.key("l")
    desk.click((40, 40))
    desk.drag((60, 60), (60, 20))
    expect(value).to_have_text("20.0 mm")
    # A click on an end takes hold of it; arrow keys move it by one pixel, with Shift by ten.
    desk.click((60, 20))
    desk.key("ArrowRight", "ArrowRight", "Shift+ArrowRight")
    expect(value).to_have_text("26.0 mm")
    wait_until(lambda: desk.kept()[0]["points"] == [[20, 20], [72, 20]], 10, "the moved end is saved")
    desk.key("Control+z")
    expect(value).to_have_text("20.0 mm")
    desk.key("Control+z")
    expect(value).to_have_text("37.7 mm")
    desk.key("Control+y")
    expect(value).to_have_text("20.0 mm")
    # Moved as a whole it keeps its length.
    desk.drag((40, 20), (50, 30))
    expect(value).to_have_text("20.0 mm")
    wait_until(lambda: desk.kept()[0]["points"] == [[30, 30], [70, 30]], 10, "the moved line is saved")
    expect(desk.items.nth(0).get_by_test_id("mark-versions")).to_contain_text("changed")


def test_marks_are_deleted_and_come_back(desk: Desk) -> None:
    draw(desk)
    desk.key("Delete")
    expect(desk.items).to_have_count(1)
    wait_until(lambda: len(desk.kept()) == 1, 10, "the circle is gone from the portal")
    desk.key("Control+z")
    expect(desk.items).to_have_count(2)
    wait_until(lambda: len(desk.kept()) == 2, 10, "the circle is back in the portal")
    desk.key("h")
    expect(desk.page.locator(".pane .mark")).to_have_count(0)
    expect(desk.items).to_have_count(2)
    desk.key("h")
    expect(desk.page.locator(".pane .mark")).to_have_count(2)


def test_escape_leaves_out_what_is_being_drawn(desk: Desk) -> None:
    desk.key("l")
    desk.click((20, 20))
    expect(desk.page.locator(".pane .mark")).to_have_count(1)
    desk.key("Escape")
    expect(desk.page.locator(".pane .mark")).to_have_count(0)
    desk.click((20, 20), (20, 70))
    expect(desk.items.get_by_test_id("mark-value")).to_have_text(["40.0 mm"])


def test_a_mark_is_drawn_and_moved_by_keys_alone(desk: Desk) -> None:
    desk.viewport.focus()
    desk.key("l", "Enter")
    desk.is_saved()
    (first,) = desk.kept()
    desk.key("Shift+ArrowLeft", "ArrowUp", "Enter", "Shift+ArrowDown", "Escape", "Escape")
    before = first["points"]
    wait_until(lambda: desk.kept()[0]["points"] != before and desk.kept()[0]["version"] >= 3, 10, "it is saved")
    after = desk.kept()[0]["points"]
    assert after == [[before[0][0] - 10, before[0][1] - 1], [before[1][0], before[1][1] + 10]]
    desk.key("End")
    expect(desk.viewport).to_have_attribute("data-image-index", "1")


def test_labels_and_arrows_keep_their_text(desk: Desk) -> None:
    draw(desk)
    label = desk.items.nth(0).get_by_test_id("mark-label")
    label.fill("Nodule, right upper lobe")
    label.press("Enter")
    desk.key("t")
    desk.drag((150, 120), (170, 140))
    desk.page.get_by_test_id("mark-text").fill("<b>Șanț</b> & Ж")
    desk.page.get_by_test_id("mark-text").press("Enter")
    desk.is_saved()
    wait_until(lambda: len(desk.kept()) == 3 and desk.kept()[2]["text"] != "", 10, "the text is saved")
    desk.open()
    expect(desk.items).to_have_count(3)
    expect(desk.items.nth(0).get_by_test_id("mark-label")).to_have_value("Nodule, right upper lobe")
    expect(desk.page.locator(".pane .mark-plate").last).to_have_text("<b>Șanț</b> & Ж")
    expect(desk.items.nth(2).get_by_test_id("mark-label")).to_have_value("<b>Șanț</b> & Ж")


def test_key_images_are_listed_and_ticked_on_the_slider(desk: Desk) -> None:
    desk.key("End")
    expect(desk.viewport).to_have_attribute("data-image-index", "1")
    desk.key("k")
    expect(desk.page.get_by_test_id("panel-tab-key")).to_have_text("Key 1")
    expect(desk.page.get_by_test_id("cine-ticks").locator("span")).to_have_count(1)
    desk.is_saved()
    desk.open()
    expect(desk.page.get_by_test_id("panel-tab-key")).to_have_text("Key 1")
    desk.key("End", "k")
    expect(desk.page.get_by_test_id("panel-tab-key")).to_have_text("Key 0")
    wait_until(lambda: desk.kept() == [], 10, "the key image is gone from the portal")


def test_another_reader_sees_marks_with_their_author_and_cannot_change_them(
    demonstration: Demonstration, sign_in: SignIn, desk: Desk, study: str
) -> None:
    draw(desk)
    people = [one for one in demonstration.content["people"] if one["role"] == "radiologist"]
    other = next(one for one in people if one["institution"] == "A" and one["username"] != "elena.pascaru")
    person = type(demonstration.person("radiologist", "A"))(**other)
    theirs = Desk(sign_in(person), demonstration.portal_url, study)
    expect(theirs.items).to_have_count(2)
    assert theirs.values() == desk.values()
    stands_right(theirs)
    expect(theirs.items.nth(0).get_by_test_id("mark-author")).to_have_text("Dr. Elena Pascaru")
    theirs.key("l")
    theirs.click((40, 40))
    theirs.drag((60, 60), (60, 20))
    expect(theirs.page.get_by_test_id("notices").first).to_contain_text("a mark of Dr. Elena Pascaru")
    assert [mark["points"] for mark in theirs.kept()] == [mark["points"] for mark in desk.kept()]
    theirs.items.nth(0).get_by_test_id("mark-copy").click()
    theirs.is_saved()
    expect(theirs.items).to_have_count(3)
    assert [mark["author"]["is_me"] for mark in theirs.kept()] == [False, False, True]


def block(page: Page, *, status: int | None = None) -> None:
    """Let no change of marks through: nothing answers, or with a status."""

    def answer(route: Route) -> None:
        if route.request.method == "GET":
            route.continue_()
        elif status is None:
            route.abort()
        else:
            route.fulfill(status=status, content_type="application/problem+json", body='{"code": "unavailable"}')

    page.route(re.compile(r"/annotations/"), answer)


def test_what_is_drawn_while_the_portal_is_away_outlives_a_reload_and_is_saved(
    demonstration: Demonstration, sign_in: SignIn, desk: Desk
) -> None:
    block(desk.page)
    desk.key("l")
    desk.drag(*LINE)
    expect(desk.saved).to_have_text("1 mark is not saved yet. Trying again.")
    expect(desk.page.get_by_test_id("notices").first).to_contain_text("not saved yet")
    desk.page.on("dialog", lambda dialog: dialog.accept())
    desk.open()
    expect(desk.items).to_have_count(1)
    expect(desk.saved).to_have_attribute("data-state", "waiting")
    assert desk.kept() == []
    desk.page.unroute_all()
    desk.page.get_by_test_id("marks-try-now").click()
    desk.is_saved()
    assert [mark["points"] for mark in desk.kept()] == [[[20, 20], [60, 60]]]
    keys = desk.page.evaluate("Object.keys(sessionStorage)")
    assert [key for key in keys if key.startswith("marks")] == []
    # The browser itself reports each request that nothing answered.
    sign_in.excuse("ERR_FAILED")


def test_what_arrow_keys_moved_just_now_is_undone_deleted_and_kept_like_all_else(desk: Desk) -> None:
    desk.key("l")
    desk.drag(*LINE)
    desk.is_saved()

    def nudged() -> None:
        """An end moved by keys, which is held for a moment until the keys rest."""
        desk.key("Enter", "Enter", "ArrowRight")

    nudged()
    desk.key("Control+z")
    desk.page.wait_for_timeout(KEYS_REST_MS)
    desk.is_saved()
    assert [mark["points"] for mark in desk.kept()] == [[[20, 20], [60, 60]]]
    desk.key("Escape", "Escape")
    desk.click((40, 40))
    nudged()
    desk.open()
    expect(desk.items).to_have_count(1)
    desk.is_saved()
    assert [mark["points"] for mark in desk.kept()] == [[[20, 20], [61, 60]]]
    desk.key("l")
    desk.click((40, 40))
    nudged()
    desk.key("Delete")
    desk.page.wait_for_timeout(KEYS_REST_MS)
    expect(desk.items).to_have_count(0)
    desk.is_saved()
    assert desk.kept() == []


def test_what_somebody_changed_meanwhile_is_shown_and_ones_own_is_kept_as_a_copy(
    sign_in: SignIn, desk: Desk, demonstration: Demonstration, study: str
) -> None:
    draw(desk)
    line = desk.kept()[0]
    twin = Desk(desk.page.context.new_page(), demonstration.portal_url, study)
    expect(twin.items).to_have_count(2)
    # The first page must not hear of it before it changes the same mark.
    desk.page.route(re.compile(r"/annotations/\?"), lambda route: route.abort())
    for one, end in ((twin, (60.0, 20.0)), (desk, (20.0, 60.0))):
        one.page.bring_to_front()
        one.key("l")
        one.click((40, 40))
        one.drag((60, 60), end)
        one.is_saved()
    desk.page.unroute_all()
    expect(desk.page.get_by_test_id("notices").first).to_contain_text("yours is kept as a copy")
    points = {mark["id"]: mark["points"] for mark in desk.kept() if mark["kind"] == "line"}
    assert points.pop(line["id"]) == [[20, 20], [60, 20]]
    assert list(points.values()) == [[[20, 20], [20, 60]]]
    sign_in.excuse("409", "ERR_FAILED")


def test_another_window_of_the_reader_shows_what_is_drawn_at_once(
    demonstration: Demonstration, desk: Desk, study: str
) -> None:
    twin = Desk(desk.page.context.new_page(), demonstration.portal_url, study)
    expect(twin.items).to_have_count(0)
    draw(desk)
    expect(twin.items).to_have_count(2)
    assert twin.values() == desk.values()


def test_the_label_never_lies_on_the_mark_and_stays_in_the_viewport(desk: Desk) -> None:
    places: list[tuple[Point, Point]] = [
        ((2, 2), (20, 20)),
        ((180, 2), (198, 20)),
        ((2, 140), (20, 158)),
        ((180, 140), (198, 158)),
        ((90, 70), (110, 90)),
    ]
    desk.key("l")
    for start, end in places:
        desk.drag(start, end)
    expect(desk.page.locator(".pane .mark-box")).to_have_count(5)
    view = desk.viewport.bounding_box()
    assert view is not None
    boxes, lines = desk.page.evaluate(BOXES, [".pane .mark-box", ".pane .mark-line"])
    for box in boxes:
        assert box["x"] >= view["x"]
        assert box["y"] >= view["y"]
        assert box["x"] + box["width"] <= view["x"] + view["width"]
        assert box["y"] + box["height"] <= view["y"] + view["height"]
    for box, line in zip(boxes, lines, strict=True):
        apart_x = max(box["x"] - line["x"] - line["width"], line["x"] - box["x"] - box["width"])
        apart_y = max(box["y"] - line["y"] - line["height"], line["y"] - box["y"] - box["height"])
        assert max(apart_x, apart_y) > 0
