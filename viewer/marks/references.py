"""What is said of marks before the study under them is deleted."""

from datetime import datetime

from django.utils.translation import ngettext

from portal.errands.references import Reference
from portal.studies.models import Study
from viewer.marks.models import Mark


def marks_left_behind(study: Study, now: datetime) -> list[Reference]:  # noqa: ARG001 (as every teller)
    """The measurements and drawings that would lose their images."""
    number = Mark.objects.filter(study=study, is_deleted=False).count()
    words = ngettext(
        "%(number)s measurement or drawing, kept without the images",
        "%(number)s measurements and drawings, kept without the images",
        number,
    )
    return [Reference("marks", words % {"number": number})] if number else []
