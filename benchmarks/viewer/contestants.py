"""Our viewer and OHIF as readers use them: opened on a cold cache, waited for, scrolled, and turned to three planes."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

from benchmarks.plans import OURS, Contestant, Group, RoundVoid
from benchmarks.rounds import say
from benchmarks.viewer import chromium
from benchmarks.viewer.chromium import Link, Tab, tab
from benchmarks.viewer.network import ViewerNetwork
from benchmarks.viewer.ohif import NAME as OHIF
from benchmarks.viewer.rows import (
    DECODED,
    FIRST,
    LONG,
    LONGEST,
    MEGABYTES,
    MEMORY,
    PLANES,
    PLANES_MEMORY,
    PREVIEW,
    REQUESTS,
    SCROLLED,
    SCROLLING,
    SOON,
    STUCK,
)  # fmt: skip
from benchmarks.workplace import Workplace

FIRST_SECONDS = 150.0
DECODED_SECONDS = 90.0
PLANES_SECONDS = 60.0
SOON_SECONDS = 25.0
"""For how long a slow link is watched."""
LONG_TASK_MS = 100.0
REST_SECONDS = 2.0
FRAMES = 555


class Viewer(Contestant):
    """A viewer in a browser of its own each turn."""

    is_loaded: str
    frames_loaded: str
    turn_to_planes: str

    def __init__(self, workplace: Workplace, link: Link) -> None:
        self.workplace, self.link = workplace, link

    def missing(self) -> str | None:
        """A browser is needed."""
        return chromium.missing()

    @property
    def network(self) -> ViewerNetwork:
        """What both read from."""
        return self.workplace.shared(ViewerNetwork)

    @abstractmethod
    def address(self) -> str:
        """The page of the study."""

    def measure(self, group: Group, place: Path) -> Mapping[str, float]:  # noqa: ARG002 - nothing is kept
        """Everything that the group names."""
        address = self.address()
        names = {row.name for row in group.rows}
        with tab(self.link, self.is_loaded, self.network.cookies) as opened:
            if REQUESTS in names:
                return cold_load(opened, address)
            started = time.monotonic()
            opened.page.goto(address, wait_until="commit")
            opened.wait("window.__bench.firstImage !== null", FIRST_SECONDS, "The first image")
            values = first_images(opened)
            if SOON in names:
                time.sleep(max(0.0, SOON_SECONDS - (time.monotonic() - started)))
                values[SOON] = float(opened.evaluate(self.frames_loaded))
            if DECODED in names:
                values |= self.whole_series(opened)
            return values

    def whole_series(self, opened: Tab) -> dict[str, float]:
        """All frames decoded, scrolling, memory, and three planes."""
        opened.wait("window.__bench.loaded !== null", DECODED_SECONDS, "Decoding all frames")
        values = decoded(opened)
        time.sleep(REST_SECONDS)
        values[MEMORY] = opened.renderer_megabytes()
        scrolled = opened.evaluate(f"window.__bench.scroll({SCROLLED})")
        values[SCROLLING] = SCROLLED / scrolled["seconds"]
        values[STUCK] = float(scrolled["stuck"])
        seconds = self.planes(opened)
        if seconds is None:
            say(f"{self.name}: three planes did not come")
        else:
            values |= {PLANES: seconds, PLANES_MEMORY: opened.renderer_megabytes()}
        return values

    def planes(self, opened: Tab) -> float | None:
        """Seconds until three planes stand still on the screen, from the decoded series on."""
        script = f"window.__bench.planes(3, async () => {{ {self.turn_to_planes} }}, {PLANES_SECONDS * 1000})"
        try:
            found = opened.evaluate(script)
        except RoundVoid as error:
            say(f"{self.name}: {error}")
            return None
        return None if found is None else float(found)


class OurViewer(Viewer):
    """Our viewer, with its reader signed in."""

    name = OURS
    is_loaded = "document.documentElement.dataset.viewerState === 'ready'"
    frames_loaded = "Number(/\\d+/.exec(document.querySelector('#cine-loaded')?.textContent ?? '')?.[0] ?? 0)"
    turn_to_planes = (
        "document.dispatchEvent(new KeyboardEvent('keydown', { key: 'x', code: 'KeyX', bubbles: true }));"
        "const until = performance.now() + 60000;"
        "while (document.documentElement.dataset.viewerMpr !== 'ready') {"
        "  if (performance.now() > until) throw new Error('no planes');"
        "  await new Promise(requestAnimationFrame);"
        "}"
    )

    def address(self) -> str:
        """The portal's page."""
        return self.network.viewer_url


class OhifViewer(Viewer):
    """OHIF, with a token for the study."""

    name = OHIF
    is_loaded = (
        "window.cornerstone !== undefined"
        f" && window.cornerstone.cache._imageCache.size >= {FRAMES}"
        " && [...window.cornerstone.cache._imageCache.values()].every((one) => one.image)"
    )
    frames_loaded = "[...window.cornerstone.cache._imageCache.values()].filter((one) => one.image).length"
    turn_to_planes = "window.commandsManager.runCommand('setHangingProtocol', { protocolId: 'mpr' });"

    def address(self) -> str:
        """OHIF's page with a fresh token."""
        return self.network.ohif_url()


def first_images(opened: Tab) -> dict[str, float]:
    """When the preview and the first image were on the screen."""
    preview, first = opened.evaluate("[window.__bench.preview, window.__bench.firstImage]")
    values = {FIRST: first / 1000}
    if preview is not None and preview < first:
        values[PREVIEW] = preview / 1000
    return values


def decoded(opened: Tab) -> dict[str, float]:
    """When all frames were decoded, and what blocked the page from the first image until then."""
    first, loaded, tasks = opened.evaluate(
        "[window.__bench.firstImage, window.__bench.loaded, window.__bench.longTasks]"
    )
    while_loading = [duration for start, duration in tasks if first < start < loaded]
    return {
        DECODED: loaded / 1000,
        LONGEST: max(while_loading, default=0.0),
        LONG: float(sum(duration > LONG_TASK_MS for duration in while_loading)),
    }


def cold_load(opened: Tab, address: str) -> dict[str, float]:
    """What was asked for before the first image's own frame; in a turn of its own, as counting slows a page."""
    loaded = chromium.count(opened.page)
    opened.page.goto(address, wait_until="commit")
    opened.wait("window.__bench.firstImage !== null", FIRST_SECONDS, "The first image")
    return {REQUESTS: float(len(loaded.requests)), MEGABYTES: loaded.bytes / 1e6}
