"""Measuring on planes that are cut through a volume: shown there alone, and not kept."""

import re

import pytest
from playwright.sync_api import expect

from tests.demonstration import Demonstration, wait_until
from tests.e2e import measured_images
from tests.e2e.conftest import SignIn
from tests.e2e.reading_desk import Desk

pytestmark = pytest.mark.timeout(300)

SLICES = 24


def test_a_mark_on_a_plane_stands_on_that_plane_alone_and_is_not_kept(
    demonstration: Demonstration, sign_in: SignIn
) -> None:
    person = demonstration.person("radiologist", "A")
    uid = measured_images.send(demonstration.server("A"), measured_images.ct(SLICES))
    wait_until(lambda: demonstration.instances_seen(person, uid) == SLICES, 30, "the study stands in the portal")
    desk = Desk(sign_in(person), demonstration.portal_url, uid)
    desk.key("l")
    desk.drag((20, 20), (60, 20))
    desk.is_saved()
    desk.key("x")
    panes = desk.page.locator(".pane")
    expect(panes).not_to_have_count(1, timeout=60_000)
    plane = panes.nth(1)
    expect(plane.locator(".viewport")).to_have_attribute("data-affine", re.compile(r"\d"), timeout=60_000)
    box = plane.locator(".viewport").bounding_box()
    assert box is not None
    desk.key("l")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.page.mouse.move(x - 40, y - 30)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 30, y - 30, steps=4)
    desk.page.mouse.up()
    expect(desk.items).to_have_count(2)
    expect(desk.items.nth(1).get_by_test_id("mark-place")).to_have_text("Line, on a plane: not kept")
    expect(desk.items.nth(1).get_by_test_id("mark-value")).to_contain_text("mm")
    expect(plane.locator(".mark")).to_have_count(1)
    for other in (0, 2):
        drawn = panes.nth(other).locator(f".mark[data-mark='{desk.items.nth(1).get_attribute('data-mark')}']")
        expect(drawn).to_have_count(0)
    desk.page.mouse.wheel(0, 120)
    expect(plane.locator(".mark")).to_have_count(0)
    assert [mark["points"] for mark in desk.kept()] == [[[20, 20], [60, 20]]]
