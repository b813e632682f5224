"""Commits accepted instances, many at a time: files placed, rows of the index written, reports requested."""

import logging
from collections.abc import Sequence
from pathlib import Path

from django.db import transaction

from dicomserver.archive import Archive, instance_path
from dicomserver.archive.durable import archive_errors
from dicomserver.index.models import Study
from dicomserver.index.selectors import instances_by_uid
from dicomserver.index.services import NewInstance, add_instances, lock_studies
from dicomserver.ingest.accepted import Accepted, instance_values
from dicomserver.ingest.outcomes import Outcome
from dicomserver.ingest.settling import settle_known, settle_unindexed
from dicomserver.ingest.signals import instances_committed
from dicomserver.outbox.services import request_study_report

logger = logging.getLogger(__name__)


class _TakenMeanwhile(Exception):
    """Another transaction stored one of the SOP Instance UIDs first: roll back and look again."""


def commit_batch(batch: Sequence[Accepted], archive: Archive) -> None:
    """Commit the instances and say in each what became of it; their received names are gone when this returns.

    Harmless to repeat after a failure at any point: what an earlier try did is found and kept. Raises ArchiveError
    and django.db.Error, and then nothing is in the index; the instances stay where they were received.
    """
    waiting = list(batch)
    with archive_errors("place what it received"):
        while waiting:
            waiting = _commit_some(waiting, archive)


def _commit_some(waiting: Sequence[Accepted], archive: Archive) -> list[Accepted]:
    """Commit those that are new, then those that are known; returns those to look at again."""
    known = instances_by_uid(one.header.sop_instance_uid for one in waiting)
    new: dict[str, Accepted] = {}
    again: list[Accepted] = []
    for one in waiting:
        uid = one.header.sop_instance_uid
        if uid in known:
            one.outcome = settle_known(known[uid], one, archive)
            one.path.unlink(missing_ok=True)
        elif uid in new:
            again.append(one)
        else:
            new[uid] = one
    if new:
        try:
            _store(list(new.values()), archive)
        except _TakenMeanwhile:
            return [*new.values(), *again]
    for one in new.values():
        one.outcome = Outcome.STORED
        one.path.unlink(missing_ok=True)
    return again


def _store(new: Sequence[Accepted], archive: Archive) -> None:
    with transaction.atomic():
        headers = [one.header for one in new]
        studies = lock_studies(
            (header.study_instance_uid, header.study, one.source.received_at)
            for header, one in zip(headers, new, strict=True)
        )
        paths = [_path(one, studies[one.header.study_instance_uid]) for one in new]
        # Before the rows, so that whoever reads a row finds the file; after a failure the same names are made again.
        _place(new, paths, archive)
        rows = [_row(one, path) for one, path in zip(new, paths, strict=True)]
        inserted = add_instances(studies, rows)
        if len(inserted) < len(rows):
            late = [pair for pair in zip(new, paths, strict=True) if pair[0].header.sop_instance_uid not in inserted]
            _give_way([one for one, _ in late], [path for _, path in late], archive)
            raise _TakenMeanwhile
        for uid in sorted(studies):
            request_study_report(studies[uid].pk)
        instances_committed.send(sender=None, instances=list(new), studies=studies)


def _path(one: Accepted, study: Study) -> str:
    header = one.header
    day = study.first_received_at.date()
    return instance_path(day, header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid)


def _give_way(new: Sequence[Accepted], paths: Sequence[str], archive: Archive) -> None:
    """Raise _TakenMeanwhile where another process stored any of these since the first look.

    A name that was made for one of them goes again, but never one that the index knows as the other's.
    """
    known = instances_by_uid(one.header.sop_instance_uid for one in new)
    for one, path in zip(new, paths, strict=True):
        row = known.get(one.header.sop_instance_uid)
        if row is not None and row.relative_path != path and _is_at(one, archive.path_of(path)):
            archive.forget(path)
    if known:
        raise _TakenMeanwhile


def _is_at(one: Accepted, path: Path) -> bool:
    try:
        return path.samefile(one.path)
    except FileNotFoundError:
        return False


def _place(new: Sequence[Accepted], paths: Sequence[str], archive: Archive) -> None:
    try:
        archive.store_all((one.path, path) for one, path in zip(new, paths, strict=True))
    except FileExistsError:
        # Or another process, before the studies were locked.
        _give_way(new, paths, archive)
        # A crash or a lost database left a file that the index does not know: one by one, then.
        for one, path in zip(new, paths, strict=True):
            try:
                archive.store(one.path, path)
            except FileExistsError:
                settle_unindexed(one, path, archive)


def _row(one: Accepted, path: str) -> NewInstance:
    header = one.header
    return NewInstance(
        study_instance_uid=header.study_instance_uid,
        study=header.study,
        series_instance_uid=header.series_instance_uid,
        series=header.series,
        instance=instance_values(header, one.file, one.source, path),
    )
