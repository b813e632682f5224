"""The process list of the demonstration: what runs, with which environment, and what it waits for."""

from __future__ import annotations

import sys
from pathlib import Path

from demo.databases import Stores
from demo.identity_provider_program import provider_command
from demo.identity_providers import portal_settings
from demo.places import HOST, Places, ServerPlace
from runtime import env
from runtime.processes import PROJECT_ROOT, Program

PORTAL_WEB_WORKERS = "2"
PORTAL_WEB_THREADS = "8"
QUIET_SECONDS = "10"
"""A study counts as complete sooner than in a hospital, so that a visitor sees it happen."""


def all_programs(places: Places, stores: Stores) -> list[Program]:
    """Every program of the demonstration."""
    programs = [embedded_program(kind, places) for kind in stores.embedded]
    programs += provider_programs(places)
    programs += portal_programs(places, stores)
    for server in places.servers:
        programs += server_programs(places, server, stores)
    programs.append(readiness_program(places))
    return programs


def embedded_program(kind: str, places: Places) -> Program:
    """PostgreSQL or Redis from its wheel."""
    command = [sys.executable, "-m", "runtime.embedded", kind, str(places.directory)]
    return Program(kind, command, priority=10, stop_seconds=60)


def portal_environment(places: Places, stores: Stores) -> dict[str, str]:
    """What every process of the portal reads."""
    return {
        "DJANGO_SETTINGS_MODULE": portal_settings_module(),
        "PORTAL_HOME": str(places.directory),
        "PORTAL_URL": places.portal_url,
        # Visitors sign in with what demo.json says, and nothing else.
        "MFA_DEMANDED_OF": "none",
        "DATABASE_URL": stores.databases["portal"],
        "REDIS_URL": stores.redis["portal"],
        "DEBUG": "false",
        **portal_settings(places),
    }


def portal_settings_module() -> str:
    """Static files come from where they are written, or compressed as in service where DEMO_STATIC_DIR says."""
    return "portal.settings.compressed" if env.text("DEMO_STATIC_DIR", "") else "portal.settings.development"


def provider_programs(places: Places) -> list[Program]:
    """The OpenID providers."""
    return [
        Program(provider.name, provider_command(provider.configuration_file), priority=100)
        for provider in places.providers
    ]


def portal_programs(places: Places, stores: Stores) -> list[Program]:
    """The portal's web process, and its worker and beat where an app of it has tasks."""
    environment = portal_environment(places, stores)
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(places.port_base)]
    web += ["--workers", PORTAL_WEB_WORKERS, "--blocking-threads", PORTAL_WEB_THREADS, "--backpressure", "256"]
    web += ["--no-ws", "--respawn-failed-workers", "portal.wsgi:application"]
    programs = [Program("portal-web", web, environment, priority=200, needs=stores.needs)]
    if portal_has_tasks(PROJECT_ROOT):
        celery = [sys.executable, "-m", "celery", "-A", "portal.celery"]
        worker = [*celery, "worker", "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
        beat = [*celery, "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", "", "--loglevel", "WARNING"]
        programs.append(Program("portal-worker", worker, environment, priority=300, needs=stores.needs))
        programs.append(Program("portal-beat", beat, environment, priority=310, needs=stores.needs))
    return programs


def portal_has_tasks(root: Path) -> bool:
    """True where an app of the portal's side has a module of Celery tasks."""
    folders = ("portal/*", "audit", "monitoring", "viewer")
    return any(True for folder in folders for _ in root.glob(f"{folder}/tasks.py"))


def server_environment(places: Places, server: ServerPlace, stores: Stores) -> dict[str, str]:
    """What every process of one DICOM Server reads."""
    return {
        "DJANGO_SETTINGS_MODULE": "dicomserver.settings.development",
        "STATE_DIR": str(server.home),
        "DICOM_SERVER_HOME": str(server.home),
        "DICOM_AE_TITLE": server.institution.ae_title,
        "DICOM_HOST": HOST,
        "DICOM_PORT": str(server.dicom_port),
        "DICOMWEB_HOST": HOST,
        "DICOMWEB_PORT": str(server.dicomweb_port),
        "DICOMWEB_PUBLIC_URL": server.dicomweb_url,
        "PORTAL_URL": places.portal_url,
        # Pages of another viewer may read too, where somebody names them: to compare it with ours, say.
        "PORTAL_ORIGIN": ",".join((*places.portal_origins, *env.words("DEMO_ALLOWED_ORIGINS", ()))),
        "STUDY_QUIET_SECONDS": QUIET_SECONDS,
        "DATABASE_URL": stores.databases[server.name],
        "REDIS_URL": stores.redis[server.name],
        "DEBUG": "false",
    }


def server_programs(places: Places, server: ServerPlace, stores: Stores) -> list[Program]:
    """Receiver, DICOMweb, the two workers and beat of one DICOM Server."""
    environment = server_environment(places, server, stores)

    def program(command: str, priority: int) -> Program:
        name = f"{server.name}-{command.removeprefix('run_')}"
        return Program(name, server_command(command), environment, priority=priority, needs=stores.needs)

    processes = {"run_scp": 210, "run_web": 220, "run_worker": 300, "run_transfers": 305, "run_beat": 310}
    return [program(command, priority) for command, priority in processes.items()]


def server_command(*arguments: str) -> list[str]:
    """A command of the DICOM Server."""
    return [sys.executable, "-m", "dicomserver", *arguments]


def readiness_program(places: Places) -> Program:
    """The program that says in demo.json whether the demonstration is ready; it is the first to be stopped."""
    command = [sys.executable, "-m", "demo.readiness"]
    environment = {"DEMO_DIR": str(places.directory), "DEMO_PORT_BASE": str(places.port_base)}
    return Program("readiness", command, environment, priority=900)
