"""A study without identity: a copy in memory that says no more than the de-identified images do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db.models import Model
from django.utils.translation import gettext, ngettext

from portal.institutions.models import Institution
from portal.servers.models import DicomServer
from portal.studies import display
from portal.studies.models import Patient, PatientIdentifier, Series, Study, StudyPhysician
from portal.studies.plain_words import known_parts
from portal.studies.presentation import has_pictures
from wire.deidentification import Option, days_shifted, map_uid

OLDEST_TOLD: Final = 89
"""Older people are few enough to be known by their age."""
# A row that no table has: whatever is asked of the database about a masked copy finds nothing.
_NO_ROW: Final = 0
# Modality (0008,0060), the retired terms too. PS3.3 C.7.3.1.1.1
_MODALITIES: Final = frozenset(
    {"AR", "ASMT", "AU", "BDUS", "BI", "BMD", "CFM", "CR", "CT", "CTPROTOCOL", "DG", "DMS", "DOC", "DX", "ECG", "EEG"}
    | {"EMG", "EOG", "EPS", "ES", "FID", "GM", "HC", "HD", "IO", "IOL", "IVOCT", "IVUS", "KER", "KO", "LEN", "LS"}
    | {"M3D", "MG", "MR", "NM", "OAM", "OCT", "OP", "OPM", "OPT", "OPTBSV", "OPTENF", "OPV", "OSS", "OT", "PA", "PLAN"}
    | {"POS", "PR", "PT", "PX", "REG", "RESP", "RF", "RG", "RTDOSE", "RTIMAGE", "RTINTENT", "RTPLAN", "RTRAD"}
    | {"RTRECORD", "RTSEGANN", "RTSTRUCT", "RWV", "SEG", "SM", "SMR", "SR", "SRF", "STAIN", "TEXTUREMAP", "TG", "US"}
    | {"VA", "XA", "XAPROTOCOL", "XC", "AS", "CD", "CF", "CP", "CS", "DD", "DF", "DM", "DS", "EC", "FA", "FS", "LP"}
    | {"MA", "MS", "OPR", "ST", "VF"}
)
_SEXES: Final = frozenset({"F", "M", "O"})


@dataclass(frozen=True)
class Mask:
    """How one grant hides identity; the key maps UIDs and dates, and is a secret of the portal and its servers."""

    key: str
    pseudonym: str
    options: frozenset[Option]
    since: datetime
    """Stands for every time at which the portal learnt of the images."""

    def __repr__(self) -> str:
        return f"Mask({self.pseudonym})"

    def uid(self, uid: str) -> str:
        """What stands for a UID."""
        return map_uid(self.key, uid)

    def day(self, day: date | None) -> date | None:
        """What stands for a date; None where dates are removed, or would leave the calendar."""
        if day is None or Option.SHIFT_DATES not in self.options:
            return None
        try:
            return day - timedelta(days=days_shifted(self.key))
        except OverflowError:
            return None


def masked_study(study: Study, mask: Mask) -> Study:
    """Return an unsaved copy of the holding with its patient, server and series masked.

    `study` comes with server, institution, patient and series. Names, numbers, descriptions, physicians, stations and
    institutions are empty, UIDs mapped, dates shifted or gone; series that hold words instead of pictures are left
    out, as the DICOM Server withholds them. Nothing of the original can be reached from the copy but the address of
    its server, from which the images are read.
    """
    shown = [one for one in study.series.all() if has_pictures(one)]
    server = _masked_server(study.server)
    copied = Study(
        pk=_NO_ROW,
        server=server,
        patient=_masked_patient(study, server.institution, mask),
        study_instance_uid=mask.uid(study.study_instance_uid),
        revision=0,
        study_date=mask.day(study.study_date),
        modalities_in_study=_codes(study.modalities_in_study),
        body_parts_examined=known_parts(study.body_parts_examined),
        number_of_study_related_series=len(shown),
        number_of_study_related_instances=sum(one.number_of_series_related_instances for one in shown),
        stored_bytes=study.stored_bytes,
        is_complete=study.is_complete,
        first_received_at=mask.since,
        last_received_at=mask.since,
    )
    _keep(copied, "series", Series, [_masked_series(one, copied, mask) for one in shown])
    _keep(copied, "physicians", StudyPhysician, [])
    return copied


def is_masked(study: Study) -> bool:
    """True for a copy made by `masked_study`."""
    return study.patient.is_masked


def _masked_patient(study: Study, institution: Institution, mask: Mask) -> Patient:
    keeps_characteristics = Option.RETAIN_PATIENT_CHARACTERISTICS in mask.options
    sex = study.patient.patient_sex.strip().upper()
    patient = Patient(
        pk=_NO_ROW,
        institution=institution,
        patient_id=mask.pseudonym,
        patient_name=mask.pseudonym,
        patient_sex=sex if keeps_characteristics and sex in _SEXES else "",
    )
    patient.is_masked = True
    if keeps_characteristics:
        patient.told_age = _age(study.patient.patient_birth_date, study.study_date)
    _keep(patient, "identifiers", PatientIdentifier, [])
    return patient


def _age(birth_date: date | None, day: date | None) -> str:
    if birth_date is None or day is None:
        return ""
    years = day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
    if years <= OLDEST_TOLD:
        return display.age_text(birth_date, day)
    return ngettext("over %(count)d y", "over %(count)d y", OLDEST_TOLD) % {"count": OLDEST_TOLD}


def _masked_server(server: DicomServer) -> DicomServer:
    """The server by its key and address, as images are read from it, and by nothing that people call it."""
    words = gettext("Without identity")
    return DicomServer(
        pk=server.pk,
        institution=Institution(pk=_NO_ROW, name=words, short_name=words),
        dicomweb_url=server.dicomweb_url,
        enrolled_at=server.enrolled_at,
        disabled_at=server.disabled_at,
        last_contact_at=server.last_contact_at,
    )


def _masked_series(series: Series, study: Study, mask: Mask) -> Series:
    return Series(
        pk=_NO_ROW,
        study=study,
        series_instance_uid=mask.uid(series.series_instance_uid),
        modality="".join(_codes([series.modality])),
        series_number=series.series_number,
        body_part_examined="".join(known_parts([series.body_part_examined])),
        number_of_series_related_instances=series.number_of_series_related_instances,
    )


def _codes(modalities: Iterable[str]) -> list[str]:
    """Those that are terms of the standard; what is none may be anything."""
    return [code for code in modalities if code in _MODALITIES]


def _keep(owner: Study | Patient, name: str, model: type[Model], rows: list[Any]) -> None:
    """Have `owner`'s relation answer with these rows as if they had been fetched; anything else asked finds nothing."""
    fetched: Any = model._default_manager.none()  # noqa: SLF001 (Django's own name for it)
    fetched._result_cache = rows  # noqa: SLF001 (rows that are in no table cannot be fetched)
    owner.__dict__.setdefault("_prefetched_objects_cache", {})[name] = fetched
