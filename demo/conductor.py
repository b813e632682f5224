"""What is done while the programs run: enrolment, phantom studies by C-STORE, grants, and the table for the visitor."""

from __future__ import annotations

import socket
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from demo.databases import Stores
from demo.places import HOST, Places, ServerPlace
from demo.preparation import Prepared, StepFailed, run_step
from demo.programs import portal_environment, server_command, server_environment
from demo.readiness import answers
from demo.requestors import steady
from demo.sender import CALLING_AE_TITLE, SendCounts, files_below, send_files
from demo.state_files import read_json, write_json
from demo.table import sign_in_table

POLL_SECONDS = 0.2
ANSWER_SECONDS = 10.0
UP_SECONDS = 300.0
STUDIES_SECONDS = 300.0
ENROLMENT_TRIES = 3
HOLDINGS = """
    SELECT institution.code, study.study_instance_uid, study.number_of_study_related_instances
    FROM studies_study study
    JOIN servers_dicomserver server ON server.id = study.server_id
    JOIN institutions_institution institution ON institution.id = server.institution_id
"""
GRANTS_LAST = timedelta(days=1)


class NotInTime(Exception):
    """Something did not happen in time; the message says what."""


class Conductor:
    """Leads one run of the demonstration from started programs to a ready one."""

    def __init__(self, places: Places, stores: Stores, prepared: Prepared, data: Path | None) -> None:
        self.places, self.stores, self.prepared, self.data = places, stores, prepared, data

    def conduct(self) -> None:
        """Do everything in order; the programs go on afterwards."""
        self.wait_until("the portal answers", lambda: answers(f"{self.places.portal_url}/health/ready"), UP_SECONDS)
        with ThreadPoolExecutor(len(self.places.servers)) as pool:
            list(pool.map(self.bring_up, self.places.servers))
        self.wait_until("the studies are in the portal", self.studies_are_visible, STUDIES_SECONDS)
        if not self.grants_last():
            command = [sys.executable, "-m", "demo.seed_portal", "grants", str(self.grants_file)]
            run_step(self.places, "seed-grants", command, portal_environment(self.places, self.stores))
        write_json(self.places.content_file, self.content())
        self.wait_until("demo.json says ready", self.is_ready, UP_SECONDS)
        say(sign_in_table(self.places, self.prepared.people))
        if self.data is not None:
            self.send_own_data(self.data)

    @property
    def grants_file(self) -> Path:
        """Where it is noted until when the consultants' grants last."""
        return self.places.directory / "grants-given.json"

    def grants_last(self) -> bool:
        """True when the consultants' grants need not be given again at this start."""
        noted = read_json(self.grants_file)
        if noted is None or self.prepared.codes:
            return False
        return datetime.fromisoformat(noted["until"]) > datetime.now(UTC) + GRANTS_LAST

    def bring_up(self, server: ServerPlace) -> None:
        """Enrol a server if it is new, and send it its phantom studies once."""
        code = self.prepared.codes.get(server.institution.code)
        if code is not None:
            self.enrol(server, code)
        self.wait_until(f"{server.name} takes associations", lambda: echoes(server), UP_SECONDS)
        self.send_phantoms(server)

    def enrol(self, server: ServerPlace, code: str) -> None:
        """Enrol a server; on a machine that is slow the portal's answer may be lost, and is asked for again."""
        command = server_command("enrol", "--portal", self.places.portal_url, "--code", code, "--force")
        environment = server_environment(self.places, server, self.stores)
        for tries_left in reversed(range(ENROLMENT_TRIES)):
            try:
                run_step(self.places, f"enrol-{server.name}", command, environment)
            except StepFailed:
                if not tries_left:
                    raise
            else:
                return

    def send_phantoms(self, server: ServerPlace) -> None:
        """Send the phantom studies of the server's institution that it has not acknowledged yet."""
        mark = self.places.directory / f"phantoms-sent-{server.name}.json"
        mine = [study for study in self.prepared.studies if study.institution == server.institution.code]
        if read_json(mark) == [study.study_instance_uid for study in mine]:
            return
        files = [file for study in mine for file in study.files]
        counts = send_files(server, files)
        if counts.stored != len(files):
            raise NotInTime(f"{server.name} did not take all phantoms: {counts}.")
        write_json(mark, [study.study_instance_uid for study in mine])

    def send_own_data(self, folder: Path) -> None:
        """Send the visitor's own folder to the first server; trouble with it does not stop the demonstration."""
        server = self.places.servers[0]
        if not folder.is_dir():
            say(f"DATA={folder} is no folder; nothing was sent.")
            return
        say(f"Sending {folder} to {server.institution.name} ...")
        with warnings.catch_warnings():
            # The visitor's files may break every rule; what matters is whether they arrive.
            warnings.simplefilter("ignore")
            counts: SendCounts = send_files(server, files_below(folder))
        say(f"{folder}: {counts}.")
        if counts.failed:
            say("Not stored: " + ", ".join(counts.failed[:10]) + (" ..." if len(counts.failed) > 10 else ""))

    def studies_are_visible(self) -> bool:
        """True when the portal's catalogue holds every phantom study, whole.

        Read from its tables: by its pages or API it would stand in the audit as an act of somebody who did nothing.
        """
        try:
            with psycopg.connect(self.stores.databases["portal"], connect_timeout=int(ANSWER_SECONDS)) as connection:
                held = {(code, uid): instances for code, uid, instances in connection.execute(HOLDINGS)}
        except psycopg.OperationalError:
            return False
        return all(
            held.get((study.institution, study.study_instance_uid), 0) >= len(study.files)
            for study in self.prepared.studies
        )

    def content(self) -> dict[str, Any]:
        """What demo.json says, but for readiness."""
        servers = []
        for server in self.places.servers:
            identity = read_json(server.home / "identity" / "server.json")
            servers.append(
                {
                    "id": identity["server_id"],
                    "institution": server.institution.code,
                    "ae_title": server.institution.ae_title,
                    "host": HOST,
                    "dicom_port": server.dicom_port,
                    "dicomweb_url": server.dicomweb_url,
                }
            )
        return {"portal": {"url": self.places.portal_url}, "servers": servers, "people": self.prepared.people}

    def is_ready(self) -> bool:
        """True when demo.json says so."""
        content = read_json(self.places.demo_file)
        return content is not None and content["ready"] is True

    def wait_until(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Wait for a condition. Raises NotInTime."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = self.places.programs_directory / "logs"
                raise NotInTime(f"After {seconds:.0f} s it is still not so that {what}. See the logs in {logs}.")
            time.sleep(POLL_SECONDS)


def echoes(server: ServerPlace) -> bool:
    """True when the server answers a C-ECHO."""
    try:
        socket.create_connection((HOST, server.dicom_port), timeout=ANSWER_SECONDS).close()
    except OSError:
        return False
    ae = AE(ae_title=CALLING_AE_TITLE)
    ae.add_requested_context(Verification)
    ae.connection_timeout = ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ANSWER_SECONDS
    assoc = steady(ae.associate(HOST, server.dicom_port, ae_title=server.institution.ae_title))
    if not assoc.is_established:
        return False
    try:
        return bool(assoc.send_c_echo().get("Status") == 0)
    finally:
        assoc.release()


def say(text: str) -> None:
    """Tell the visitor at once, also through a pipe."""
    print(text, flush=True)
