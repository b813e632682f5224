"""`wrap_document`: keeps a PDF, picture or video as DICOM, in a study or for a new patient."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pydicom.uid import generate_uid

from dicomserver.importing.results import FileOutcome
from dicomserver.importing.wrapping.services import Wish, wrap_file
from dicomserver.importing.wrapping.subjects import Subject, SubjectRefused, new_subject, subject_of, subject_of_order
from dicomserver.index.selectors import study_by_uid
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.errors import IngestUnavailable


class Command(BaseCommand):
    """python -m dicomserver wrap_document FILE --study UID."""

    help = "Keep a PDF, JPEG, PNG or MP4 as DICOM, in a study of this server or in a new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whose it is."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--study", metavar="UID", help="A study that this server holds.")
        parser.add_argument("--patient-id", default="", help="For a new study.")
        parser.add_argument("--patient-name", default="", help="For a new study: Family^Given.")
        parser.add_argument("--birth-date", default="", metavar="YYYYMMDD")
        parser.add_argument("--sex", default="", choices=["", "M", "F", "O"])
        parser.add_argument("--accession-number", default="", help="Alone: the order whose patient and study it is.")
        parser.add_argument("--study-description", default="")
        parser.add_argument("--title", default="", help="What the document is called.")
        parser.add_argument(
            "--without-identity", action="store_true", help="The picture itself does not say who the patient is."
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Wrap the file, and say under which UIDs it is kept."""
        archive = configured_archive()
        archive.prepare()
        wish = Wish(_subject(options), title=options["title"], shows_identity=not options["without_identity"])
        try:
            with options["file"].open("rb") as file:
                result = wrap_file(file, str(options["file"]), wish, archive)
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        except IngestUnavailable as error:
            raise CommandError(f"{error} Run the command again.") from error
        finally:
            archive.close_intake()
        if not result.outcome.is_taken:
            raise CommandError(f"{options['file']}: {result.explanation}")
        word = "already_stored" if result.outcome is FileOutcome.ALREADY_STORED else str(result.outcome)
        self.stdout.write(f"{word}: study {result.study_instance_uid}, instance {result.sop_instance_uid}")


def _subject(options: dict[str, Any]) -> Subject:
    if options["study"]:
        study = study_by_uid(options["study"])
        if study is None:
            raise CommandError("This server does not hold the study.")
        return subject_of(study)
    try:
        if options["accession_number"] and not options["patient_id"] and not options["patient_name"]:
            return subject_of_order(options["accession_number"])
        return new_subject(
            study_instance_uid=generate_uid(),
            patient_id=options["patient_id"],
            patient_name=options["patient_name"],
            patient_birth_date=options["birth_date"],
            patient_sex=options["sex"],
            study_description=options["study_description"],
            accession_number=options["accession_number"],
        )
    except SubjectRefused as error:
        raise CommandError(f"{error} Or name a study (--study) or an order (--accession-number).") from error
