"""A real browser before the portal's own pages, for tests about signing in."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking")

Steps = Callable[[Page], Any]


class BrowserThread:
    """Runs steps in a browser from a thread of its own: its event loop would keep Django from the database."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.playwright: Any = None
        self.browser: Browser | None = None

    def start(self, executable: str) -> None:
        def begin() -> None:
            self.playwright = sync_playwright().start()
            self.browser = self.playwright.chromium.launch(executable_path=executable, args=list(OPTIONS))

        self.pool.submit(begin).result(60)

    def __call__(self, steps: Steps, *, width: int = 1280, height: int = 800) -> Any:
        """Return what the steps return on a fresh page; console errors of the page fail the test."""

        def run() -> Any:
            assert self.browser is not None
            context = self.browser.new_context(viewport={"width": width, "height": height})
            page = context.new_page()
            page.set_default_timeout(8000)
            trouble: list[str] = []
            page.on("pageerror", lambda error: trouble.append(str(error)))
            try:
                result = steps(page)
            finally:
                context.close()
            assert trouble == []
            return result

        return self.pool.submit(run).result(60)

    def stop(self) -> None:
        def end() -> None:
            if self.browser is not None:
                self.browser.close()
            if self.playwright is not None:
                self.playwright.stop()

        self.pool.submit(end).result(60)
        self.pool.shutdown()


@pytest.fixture(scope="module")
def in_browser() -> Iterator[BrowserThread]:
    """Calls steps with a page of the machine's Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    thread = BrowserThread()
    thread.start(found)
    yield thread
    thread.stop()


def add_authenticator(page: Page) -> None:
    """Give the browser a passkey holder of its own, whose finger is always there (WebAuthn WebDriver, CDP)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in(page: Page, url: str, username: str, password: str) -> None:
    """Sign in by name and password."""
    page.goto(f"{url}/accounts/login/")
    page.fill("#id_login", username)
    page.fill("#id_password", password)
    page.press("#id_password", "Enter")
    page.wait_for_url(lambda address: "/accounts/login/" not in address)


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """One thread a request, as a browser asks for much at once."""

    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one request, and leave no connection of its thread open."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class SilentHandler(WSGIRequestHandler):
    """Writes no line a request."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def portal_url(committed_db: None) -> Iterator[str]:
    """The portal by HTTP, over the database of the test, under a name, as passkeys belong to names."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), ThreadingServer, SilentHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)
