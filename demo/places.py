"""Where everything of one demonstration is: its folder, its ports, its addresses."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from demo.people import INSTITUTIONS, DemoInstitution
from runtime import env

HOST = "127.0.0.1"
DEFAULT_PORT_BASE = 8000
HIGHEST_PORT_BASE = 65535 - 22


class PortTaken(Exception):
    """Another program listens on a port that the demonstration needs."""


@dataclass(frozen=True)
class ServerPlace:
    """One DICOM Server of the demonstration."""

    institution: DemoInstitution
    home: Path
    dicomweb_port: int
    dicom_port: int

    @property
    def name(self) -> str:
        """Short name for programs, databases and logs."""
        return f"server-{self.institution.code.lower()}"

    @property
    def base_url(self) -> str:
        """Address of its web process."""
        return f"http://{HOST}:{self.dicomweb_port}"

    @property
    def dicomweb_url(self) -> str:
        """Address of its DICOMweb, as the browser uses it."""
        return f"{self.base_url}/dicomweb"


@dataclass(frozen=True)
class ProviderPlace:
    """One OpenID provider of the demonstration."""

    name: str
    title: str
    home: Path
    port: int

    @property
    def issuer(self) -> str:
        """Its address, which is its name."""
        return f"http://{HOST}:{self.port}"

    @property
    def configuration_file(self) -> Path:
        """What it reads: clients and accounts."""
        return self.home / f"{self.name}.json"

    @property
    def secret_file(self) -> Path:
        """What it and the portal share."""
        return self.home / f"{self.name}.secret"


@dataclass(frozen=True)
class Places:
    """Folder and ports of one demonstration."""

    directory: Path
    port_base: int

    @classmethod
    def of_environment(cls) -> Places:
        """What DEMO_DIR and DEMO_PORT_BASE say."""
        directory = env.path("DEMO_DIR", Path("var"))
        base = env.number("DEMO_PORT_BASE", DEFAULT_PORT_BASE, minimum=1024, maximum=HIGHEST_PORT_BASE)
        return cls(directory, base)

    @property
    def phantoms_directory(self) -> Path:
        """Where the phantoms are drawn; demonstrations for which DEMO_PHANTOMS_DIR names the same draw them once."""
        return env.path("DEMO_PHANTOMS_DIR", self.directory / "phantoms")

    @property
    def portal_url(self) -> str:
        """Address of the portal."""
        return f"http://{HOST}:{self.port_base}"

    @property
    def portal_origins(self) -> tuple[str, ...]:
        """Every address under which a visitor may type the portal's."""
        return self.portal_url, f"http://localhost:{self.port_base}"

    @property
    def servers(self) -> tuple[ServerPlace, ...]:
        """The DICOM Servers, that of institution A first."""
        return tuple(
            ServerPlace(
                institution,
                self.directory / f"server-{institution.code.lower()}",
                self.port_base + 1 + index,
                self.port_base + 12 + index,
            )
            for index, institution in enumerate(INSTITUTIONS)
        )

    @property
    def national_provider(self) -> ProviderPlace:
        """Where patients sign in by national ID."""
        return self._provider("national-provider", "Demo national identity provider", 21)

    @property
    def institution_provider(self) -> ProviderPlace:
        """Where staff of institution A sign in with their account of the hospital."""
        return self._provider("institution-a-provider", f"{INSTITUTIONS[0].name}: demo sign-in", 22)

    @property
    def providers(self) -> tuple[ProviderPlace, ...]:
        """The OpenID providers."""
        return self.national_provider, self.institution_provider

    def _provider(self, name: str, title: str, offset: int) -> ProviderPlace:
        return ProviderPlace(name, title, self.directory / "identity-providers", self.port_base + offset)

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that is listened on."""
        servers = self.servers
        web, dicom = (one.dicomweb_port for one in servers), (one.dicom_port for one in servers)
        return (self.port_base, *web, *dicom, *(one.port for one in self.providers))

    @property
    def demo_file(self) -> Path:
        """What others read: addresses, people, and whether the demonstration is ready."""
        return self.directory / "demo.json"

    @property
    def people_file(self) -> Path:
        """Passwords and API tokens, kept from start to start."""
        return self.directory / "people.json"

    @property
    def content_file(self) -> Path:
        """What demo.json will say once everything answers; absent until the studies are in the portal."""
        return self.directory / "programs" / "content.json"

    @property
    def mark(self) -> str:
        """How the mark of every process of this demonstration begins."""
        return f"{self.programs_directory}:"

    @property
    def programs_directory(self) -> Path:
        """Configuration and logs of the programs."""
        return self.directory / "programs"

    def environment_file(self, server: ServerPlace) -> Path:
        """What the programs of a server read from their environment, for commands of its operator."""
        return self.programs_directory / f"{server.name}.json"


def check_ports(places: Places) -> None:
    """Raise PortTaken for the first port that another program has."""
    for port in places.ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As servers do it: connections of an earlier run that are still winding down do not matter.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
                probe.listen(1)
            except OSError as error:
                raise PortTaken(
                    f"Port {port} is taken by another program: stop it, "
                    f"or choose other ports (such as DEMO_PORT_BASE={alternative(places.port_base)})."
                ) from error


def alternative(port_base: int) -> int:
    """Another port base to suggest."""
    return port_base + 100 if port_base + 100 <= HIGHEST_PORT_BASE else DEFAULT_PORT_BASE
