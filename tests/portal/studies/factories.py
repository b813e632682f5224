"""Reports and holdings for tests, made from the golden example of the wire."""

from uuid import uuid4

from portal.studies.services import take_in_report
from tests.portal.servers.factories import DicomServerFactory
from wire.examples import example
from wire.studies import PatientIdentifier, PatientReport, PersonName, SeriesReport, StudyReport

GOLDEN = StudyReport.model_validate_json(example("study_report"))


def make_name(alphabetic="", ideographic="", phonetic="") -> PersonName:
    """A person name."""
    return PersonName(alphabetic=alphabetic, ideographic=ideographic, phonetic=phonetic)


def make_patient_report(**changes) -> PatientReport:
    """The patient of the golden example, changed; `patient_name` may be plain text."""
    if isinstance(changes.get("patient_name"), str):
        changes["patient_name"] = make_name(changes["patient_name"])
    return GOLDEN.patient.model_copy(update=changes)


def make_identifier(identifier, issuer="", kind="other") -> PatientIdentifier:
    """One more identifier of a patient."""
    return PatientIdentifier(identifier=identifier, issuer=issuer, kind=kind)


def make_series(number=1, **changes) -> SeriesReport:
    """One CT series."""
    uid = f"{GOLDEN.study_instance_uid}.{number}"
    return GOLDEN.series[0].model_copy(update={"series_instance_uid": uid, "series_number": number, **changes})


def make_report(server, **changes) -> StudyReport:
    """The golden example as `server` would send it, as a new message, changed."""
    return GOLDEN.model_copy(update={"message_id": uuid4(), "server_id": server.pk, **changes})


def make_study(server=None, **changes):
    """A holding, taken in from a report."""
    server = server or DicomServerFactory()
    return take_in_report(server, make_report(server, **changes))
