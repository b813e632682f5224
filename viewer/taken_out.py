"""Writes down that images leave the viewer, before they do: on paper, as files, or as measurements with the study."""

from typing import Final

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from audit.actors import Actor
from audit.services import record_images_printed, record_images_saved, record_measurements_stored
from portal.grants.audited import audited_study
from portal.grants.models import Permission
from viewer.opened import Opened

IMAGES_AT_MOST: Final = 1_000_000


class How(models.TextChoices):
    """In which form; the values are stable."""

    PRINT = "print", _("on paper")
    PDF = "pdf", _("as PDF")
    PNG = "png", _("as PNG")
    JPEG = "jpeg", _("as JPEG")
    ZIP = "zip", _("as DICOM files")
    SR = "sr", _("as a structured report")


class TakingNotAllowed(Exception):
    """The person may see the study, and not take its images out."""


@transaction.atomic
def note_taken_out(*, actor: Actor, found: Opened, how: str, images: int = 0, series_instance_uid: str = "") -> None:
    """Write one event. Raises TakingNotAllowed without `download`, or without `report` for measurements."""
    needed = Permission.REPORT if how == How.SR else Permission.DOWNLOAD
    if needed not in found.permissions:
        raise TakingNotAllowed
    study, rule = audited_study(found.study), found.decision.rule
    if how == How.SR:
        record_measurements_stored(
            actor=actor, study=study, rule=rule, how=how, series_instance_uid=series_instance_uid
        )
        return
    record = record_images_printed if how == How.PRINT else record_images_saved
    record(actor=actor, study=study, rule=rule, how=how, images=images, series_instance_uid=series_instance_uid)
