"""Reads of the catalogue that taking in a report needs; readers' reads go through `portal.grants`."""

import hashlib

from django.db import connection

from portal.servers.models import DicomServer
from portal.studies.models import Study


def hold_report_lock(server: DicomServer, study_instance_uid: str) -> None:
    """Wait until no other transaction takes in a report of this holding, and keep others waiting until ours ends.

    A row lock cannot do it: the first report of a study has no row yet.
    """
    digest = hashlib.sha256(f"{server.pk} {study_instance_uid}".encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def reported_study(server: DicomServer, study_instance_uid: str) -> Study | None:
    """The holding as last reported, locked for the transaction."""
    return Study.objects.select_for_update().filter(server=server, study_instance_uid=study_instance_uid).first()


def held_study(server: DicomServer, study_instance_uid: str) -> Study | None:
    """The holding that a server speaks of, for what it reports to the audit; no reader is shown it."""
    holdings = Study.objects.select_related("server__institution", "patient")
    return holdings.filter(server=server, study_instance_uid=study_instance_uid).first()
