"""Reading uploads: a person's own, and what became of their files, summed up where there are many."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet

from dicomserver.importing.models import Upload, UploadedFile
from dicomserver.index.models import Instance

# Of all uploads of a list together, so many reasons why something was not taken.
MAX_REASONS: Final = 2000


@dataclass(slots=True)
class Summary:
    """Of one upload: how many files of each outcome, the first that were not taken, and the studies of the others."""

    counts: dict[str, int] = field(default_factory=dict)
    not_taken: list[UploadedFile] = field(default_factory=list)
    studies: list[str] = field(default_factory=list)


def uploads_of(sub: str) -> QuerySet[Upload]:
    """A person's uploads, newest first."""
    return Upload.objects.filter(sub=sub).order_by("-created_at", "pk")


def due_uploads() -> list[Upload]:
    """Those that came in full and wait for the import, oldest first."""
    waiting = Upload.objects.filter(finished_at__isnull=False, imported_at__isnull=True)
    return list(waiting.order_by("finished_at")[:200])


def summaries(uploads: Iterable[Upload]) -> dict[UUID, Summary]:
    """What became of the uploads' files, in three queries however many there are."""
    found = {upload.pk: Summary() for upload in uploads}
    files = UploadedFile.objects.filter(upload__in=list(found))
    counted = files.order_by().values_list("upload_id", "outcome").annotate(number=Count("pk"))
    for upload, outcome, number in counted:
        found[upload].counts[outcome] = number
    of_studies = files.exclude(study_instance_uid="").order_by("study_instance_uid")
    for upload, study in of_studies.values_list("upload_id", "study_instance_uid").distinct():
        found[upload].studies.append(study)
    for file in files.exclude(explanation="").order_by("pk")[:MAX_REASONS]:
        found[file.upload_id].not_taken.append(file)
    return found


def known_digests(digests: Iterable[str]) -> dict[str, list[str]]:
    """The studies of files with these SHA-256, where all that was in them was taken in and is still here."""
    found: dict[str, list[str]] = {}
    for upload in Upload.objects.filter(sha256__in=list(digests), imported_at__isnull=False, wish__isnull=True):
        files = list(upload.files.values_list("outcome", "sop_instance_uid", "study_instance_uid"))
        uids = {uid for _, uid, _ in files if uid}
        is_taken = all(outcome in {"stored", "already_stored"} for outcome, _, _ in files)
        if uids and is_taken and Instance.objects.filter(sop_instance_uid__in=uids).count() == len(uids):
            found[upload.sha256] = sorted({study for _, _, study in files if study})
    return found
