"""Who a report says the patient is: identifiers under their issuers, and the digest that keeps namesakes apart."""

import hashlib
import json
from dataclasses import dataclass

from portal.accounts.national_ids import canonical_issuer, compact, is_national_issuer
from portal.institutions.models import Institution
from portal.studies.dicom_values import parse_date
from portal.studies.folding import bounded, name_key
from portal.studies.models import IdentifierKind, Patient, PatientIdentifier
from wire.studies import PatientReport

_PRECEDENCE = (IdentifierKind.NATIONAL, IdentifierKind.PATIENT_ID, IdentifierKind.OTHER)
_NAME_KEY_LENGTH = 1300


@dataclass(frozen=True)
class ReportedIdentifier:
    """One identifier as it is kept: a national one under its canonical issuer, without spaces."""

    issuer: str
    identifier: str
    kind: IdentifierKind


def reported_identifiers(report: PatientReport) -> tuple[ReportedIdentifier, ...]:
    """Return every identifier of the patient once, ordered."""
    found = [_identifier(report.issuer_of_patient_id, report.patient_id, IdentifierKind.PATIENT_ID)]
    found += [
        _identifier(other.issuer, other.identifier, IdentifierKind(other.kind)) for other in report.other_patient_ids
    ]
    found.sort(key=lambda one: _PRECEDENCE.index(one.kind), reverse=True)
    distinct = {(one.issuer, one.identifier): one for one in found if one.identifier}
    return tuple(distinct[key] for key in sorted(distinct))


def identity_digest(report: PatientReport) -> str:
    """Return the SHA-256 over every value that says who the patient is."""
    identity = [
        report.patient_id,
        report.issuer_of_patient_id,
        [report.patient_name.alphabetic, report.patient_name.ideographic, report.patient_name.phonetic],
        report.patient_birth_date,
        report.patient_sex,
        [[one.issuer, one.identifier, one.kind.value] for one in reported_identifiers(report)],
    ]
    return hashlib.sha256(json.dumps(identity, ensure_ascii=True).encode()).hexdigest()


def patient_of(institution: Institution, report: PatientReport) -> Patient:
    """Return the row of exactly this description, made where it is new; safe when concurrent."""
    digest = identity_digest(report)
    patient = Patient.objects.filter(institution=institution, identity_digest=digest).first()
    if patient is not None:
        return patient
    # A concurrent transaction that makes the same row is waited for; the loser reads what the winner wrote.
    Patient.objects.bulk_create([_new_patient(institution, report, digest)], ignore_conflicts=True)
    patient = Patient.objects.get(institution=institution, identity_digest=digest)
    PatientIdentifier.objects.bulk_create(
        [
            PatientIdentifier(patient=patient, issuer=one.issuer, identifier=one.identifier, kind=one.kind)
            for one in reported_identifiers(report)
        ],
        ignore_conflicts=True,
    )
    return patient


def sort_name(report: PatientReport) -> str:
    """Return the folded name by which the patient is sorted."""
    name = report.patient_name
    return next(filter(None, map(name_key, (name.alphabetic, name.ideographic, name.phonetic))), "")


def _new_patient(institution: Institution, report: PatientReport, digest: str) -> Patient:
    return Patient(
        institution=institution,
        identity_digest=digest,
        patient_id=report.patient_id,
        issuer_of_patient_id=report.issuer_of_patient_id,
        patient_name=report.patient_name.alphabetic,
        patient_name_ideographic=report.patient_name.ideographic,
        patient_name_phonetic=report.patient_name.phonetic,
        name_key=bounded(sort_name(report), _NAME_KEY_LENGTH),
        patient_birth_date=parse_date(report.patient_birth_date),
        patient_birth_date_text=report.patient_birth_date,
        patient_sex=report.patient_sex,
    )


def _identifier(issuer: str, identifier: str, kind: IdentifierKind) -> ReportedIdentifier:
    if is_national_issuer(issuer):
        # The issuer decides, wherever in the data set the number stood.
        return ReportedIdentifier(canonical_issuer(issuer), compact(identifier), IdentifierKind.NATIONAL)
    return ReportedIdentifier(issuer.strip(), identifier.strip(), kind)
