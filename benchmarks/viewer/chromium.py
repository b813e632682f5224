"""A fresh Chromium for each turn: cold cache, one page, a network as slow as asked, memory as the kernel counts."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

from benchmarks.plans import RoundVoid

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# WebGL in software, and no wishes of its own to talk to the outside.
OPTIONS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip
POLL_SECONDS = 0.1
SETTLE_SECONDS = 2.0
"""A browser that has just started is busy with itself; readers come with one that runs."""
SIZE = {"width": 1440, "height": 900}
INSTRUMENT = (Path(__file__).parent / "instrument.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Link:
    """How fast the network is, by the browser's devtools; None is as it comes."""

    kilobits: int | None = None
    latency_ms: int = 0


@dataclass
class Loaded:
    """What a page asked for."""

    requests: list[str] = field(default_factory=list)
    bytes: int = 0


class Tab:
    """One page in a browser of its own."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self.browser, self.page = browser, page

    def evaluate(self, script: str) -> Any:
        """The value of a script in the page. Raises RoundVoid."""
        try:
            return self.page.evaluate(script)
        except Error as error:
            raise RoundVoid(f"the page is broken: {str(error)[:200]}") from error

    def wait(self, condition: str, seconds: float, what: str) -> None:
        """Wait until a script says true. Raises RoundVoid."""
        deadline = time.monotonic() + seconds
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise RoundVoid(f"{what} took more than {seconds:.0f} s")
            # By hand, as a page may forbid what the browser's own waiting does.
            time.sleep(POLL_SECONDS)

    def renderer_megabytes(self) -> float:
        """Resident memory of the page's process, the largest renderer of this browser, in MB of 10^6 bytes."""
        found = self.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        return max(resident_bytes(int(one["id"])) for one in found if one["type"] == "renderer") / 1e6


def resident_bytes(process_id: int) -> int:
    """Resident memory of a process; 0 where it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def missing() -> str | None:
    """Why no browser can be started here, or None."""
    return None if program() else "There is no Chromium on this machine."


def program() -> str | None:
    """The machine's Chromium."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def tab(link: Link, is_loaded: str = "false", cookies: Mapping[str, Any] | None = None) -> Iterator[Tab]:
    """A page in a fresh browser; `is_loaded` is a script that says whether every frame is decoded."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        try:
            context = browser.new_context(viewport=SIZE, storage_state=cookies)  # type: ignore[arg-type]
            page = context.new_page()
            page.add_init_script(f"{INSTRUMENT}\nwindow.__bench.isLoaded = () => {is_loaded};")
            slow_down(page, link)
            time.sleep(SETTLE_SECONDS)
            yield Tab(browser, page)
        finally:
            browser.close()


def slow_down(page: Page, link: Link) -> None:
    """Emulate a slow network as devtools do."""
    if link.kilobits is None:
        return
    rate = link.kilobits * 1000 / 8
    conditions = {"offline": False, "latency": link.latency_ms, "downloadThroughput": rate, "uploadThroughput": rate}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


def count(page: Page) -> Loaded:
    """Count, from now on, what the page asks for before the first frame, pre-flights among it, and its bytes."""
    loaded, before = Loaded(), set[str]()
    session = page.context.new_cdp_session(page)
    is_over = False

    def asked(event: dict[str, Any]) -> None:
        nonlocal is_over
        url = event["request"]["url"]
        is_over = is_over or is_frame(url)
        if not is_over and url.startswith("http"):
            before.add(event["requestId"])
            loaded.requests.append(url)

    def ended(event: dict[str, Any]) -> None:
        if event["requestId"] in before:
            loaded.bytes += int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", asked)
    session.on("Network.loadingFinished", ended)
    session.send("Network.enable")
    return loaded


def is_frame(url: str) -> bool:
    """Whether a request is for pixels of the first image, its pre-flight included."""
    return "/frames" in url
