"""Starts PostgreSQL and Redis once a test run, chooses the Django project under test, and fails CI on a skip.

The two Django projects cannot be configured in one process. The paths given to pytest say which one is meant, so
`pytest tests/dicomserver` needs no option; `make test` runs one after the other.
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import django
import hypothesis
import pytest
from pynetdicom import AE
from pynetdicom.association import Association

from demo.requestors import steady
from runtime import env
from runtime.embedded import PostgresServer, RedisServer
from tests.demonstration import Demonstration
from tests.trouble import trouble_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TESTS = Path(__file__).resolve().parent
PORTAL_SETTINGS = "portal.settings.test"
SERVER_SETTINGS = "dicomserver.settings.test"
# Everything else in here is of the portal's side.
SERVER_FOLDERS = frozenset({"dicomserver"})
FOLDERS_WITHOUT_DJANGO = frozenset({"access", "e2e", "failures", "interop", "runtime", "torture", "wire"})

# Chromium of the machine, without its own wishes to talk to the outside; WebGL in software.
BROWSER_OPTIONS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# A machine under load must not fail a test that only took long; pytest-timeout has the last word.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


class EmbeddedServers:
    """The PostgreSQL and the Redis of one test run, in a folder that ends with it."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="dicom-network-test-"))
        # PostgreSQL of root runs as another user, who passes through here.
        self.directory.chmod(0o711)
        self.postgres = PostgresServer(self.directory, durable=False)
        self.redis = RedisServer(self.directory, durable=False)

    def start(self) -> None:
        """Start what the operator did not name, and publish where it is, and where networks draw their phantoms."""
        # Each worker starts a network: the studies that all of them begin with are drawn by one.
        env.publish_default("DEMO_PHANTOMS_DIR", str(self.directory / "phantoms"))
        if not env.text("DATABASE_URL", ""):
            env.publish("DATABASE_URL", self.postgres.start().url("dicom_network"))
        if not env.text("REDIS_URL", ""):
            env.publish("REDIS_URL", self.redis.start().url())

    def stop(self) -> None:
        """Stop both and remove what they wrote."""
        self.postgres.stop()
        self.redis.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class SkipGuard:
    """Fails a CI run in which a test was skipped: there, everything that tests need is installed."""

    def __init__(self) -> None:
        self.skips: dict[str, str] = {}

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            place = report.longrepr
            self.skips[report.nodeid] = str(place[2] if isinstance(place, tuple) else place)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.note(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skips and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skips:
            terminalreporter.section("skipped in CI, where nothing may be skipped", red=True)
            for nodeid, reason in sorted(self.skips.items()):
                terminalreporter.line(f"{nodeid}: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process and set Django up, before pytest-django looks whether it is (it does so last)."""
    settings = needed_settings(config)
    steady_requestors()
    worker = env.text("PYTEST_XDIST_WORKER", "")
    if worker:
        env.publish("REDIS_URL", redis_url_of_worker(env.text("REDIS_URL"), int(worker.removeprefix("gw")) + 1))
    elif not config.option.collectonly:
        start_servers(config)
    if settings:
        env.publish_default("DJANGO_SETTINGS_MODULE", settings)
        # pytest-django goes on from here only where the settings were read before.
        django.setup()
    if not worker and env.flag("CI", False):
        config.pluginmanager.register(SkipGuard(), "skip-guard")


def steady_requestors() -> None:
    """Have no association that a test requests lose an answer to its own loop."""
    associate = AE.associate

    def steadily(self: AE, *arguments: Any, **named: Any) -> Association:
        return steady(associate(self, *arguments, **named))

    AE.associate = steadily  # type: ignore[method-assign]


def start_servers(config: pytest.Config) -> None:
    """Start the servers of this run, and have them stopped at its end."""
    if env.text("DJANGO_SETTINGS_MODULE", "") and not env.text("DATABASE_URL", ""):
        raise pytest.UsageError(
            "DJANGO_SETTINGS_MODULE is set, so Django was configured before the test servers were there. "
            "Leave it unset: the settings follow from the paths given to pytest."
        )
    servers = EmbeddedServers()
    config.add_cleanup(servers.stop)
    servers.start()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each worker of a parallel run configure Django by itself, after it chose its own Redis database."""
    if getattr(session.config.option, "numprocesses", None):
        os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def needed_settings(config: pytest.Config) -> str | None:
    """Return the settings module that the paths of the command line call for; none when they need no Django."""
    folders = {folder for argument in config.args for folder in folders_of(config, argument)}
    server = folders & SERVER_FOLDERS
    portal = folders - SERVER_FOLDERS - FOLDERS_WITHOUT_DJANGO
    if server and portal:
        raise pytest.UsageError(
            "The portal and the DICOM Server are two Django projects, which one process cannot test. "
            "Run `make test`, or name tests/dicomserver and the others apart."
        )
    if server:
        return SERVER_SETTINGS
    return PORTAL_SETTINGS if portal else None


def folders_of(config: pytest.Config, argument: str) -> Iterator[str]:
    """Yield the folders of tests/ that an argument of pytest (a path or a node id) is about."""
    path = (config.invocation_params.dir / argument.split("::", maxsplit=1)[0]).resolve()
    if path.is_relative_to(TESTS) and path != TESTS:
        yield path.relative_to(TESTS).parts[0]
    elif TESTS.is_relative_to(path):
        yield from (entry.name for entry in TESTS.iterdir() if entry.is_dir() and entry.name != "__pycache__")


def redis_url_of_worker(url: str, index: int) -> str:
    """Return the URL of a Redis database of the worker's own, so that tests may clear it."""
    parts = urlsplit(url)
    number = int(parts.path.removeprefix("/") or 0) + index
    return urlunsplit(parts._replace(path=f"/{number}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what the network that it used said meanwhile."""
    report = yield
    network = getattr(item, "funcargs", {}).get("demonstration")
    if report.failed and isinstance(network, Demonstration):
        report.sections.append(("What the network said", trouble_of(network, call.start)))
    return report


@pytest.fixture(scope="session")
def demonstration() -> Iterator[Demonstration]:
    """A whole network, started once a run; RUNNING_DEMO_DIR names one that runs already, to try tests on quickly."""
    running_already = env.text("RUNNING_DEMO_DIR", "")
    if running_already:
        yield Demonstration(Path(running_already))
        return
    directory = Path(tempfile.mkdtemp(prefix="dicom-network-demo-"))
    # PostgreSQL of root runs as another user, who passes through here.
    directory.chmod(0o711)
    started = Demonstration(directory)
    started.start()
    yield started
    started.stop()
    started.remove()


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """The machine's Chromium, headless; one for a run, as Playwright wants it."""
    # Most tests need no browser.
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(BROWSER_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots of this run go."""
    return tmp_path_factory.mktemp("screenshots")
