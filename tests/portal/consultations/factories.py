"""A radiologist, a study full of marker strings, and a question about it, for tests."""

from dataclasses import replace
from datetime import timedelta

from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.utils import timezone

from portal.consultations.services import Question, ask
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    DicomServerFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    fresh_uid,
    make_identifier,
    make_name,
    make_patient_report,
    make_patient_study,
    radiologist_of,
)
from tests.portal.studies.factories import make_series
from wire.deidentification import Option
from wire.keys import base64url

CONSULTANT = "a.kaya@onko-ankara.example"
BOTH = (Option.RETAIN_PATIENT_CHARACTERISTICS, Option.SHIFT_DATES)
# What must never reach somebody who sees a study without identity. The UIDs come on top.
MARKERS = (
    "LEAKNAME",
    "Leakname",
    "LEAKGIVEN",
    "LEAKID",
    "LEAKISSUER",
    "LEAKOTHER",
    "LEAKACC",
    "LEAKSTUDYID",
    "LEAKSTUDYDESC",
    "LEAKREFERRER",
    "LEAKREQUESTER",
    "LEAKINSTITUTION",
    "LEAKSTATION",
    "LEAKSERIESDESC",
    "LEAKPROTOCOL",
    "LEAKPART",
    "LEAKOWNER",
    "LEAKSERVER",
    "LEAKAET",
    "LEAKHOST",
    "19620314",
    "1962-03-14",
    "14 Mar 1962",
    "14 March 1962",
    "20261120",
    "2026-11-20",
    "20 Nov 2026",
)


def sealing_server(**changes):
    """A reachable server with a key for sealing; the instance has its `sealing_private_key`."""
    key = X25519PrivateKey.generate()
    values = {
        "sealing_key": base64url(key.public_key().public_bytes_raw()),
        "last_contact_at": timezone.now(),
        **changes,
    }
    server = DicomServerFactory(**values)
    server.sealing_private_key = key
    return server


def marked_study(server=None, **changes):
    """A CT in which every text that says who, where or what is a marker."""
    server = server or sealing_server(
        name="LEAKSERVER",
        dicom_host="LEAKHOST",
        institution__name="LEAKOWNER hospital",
        institution__short_name="LEAKOWNER",
    )
    uid = fresh_uid()
    values = {
        "study_instance_uid": uid,
        "patient": changes.pop("patient", None) or marked_patient(),
        "study_date": "20261120",
        "accession_number": "LEAKACC1",
        "study_id": "LEAKSTUDYID",
        "study_description": "LEAKSTUDYDESC",
        "referring_physician_name": make_name("LEAKREFERRER^Irina^^Dr."),
        "requesting_physician_names": (make_name("LEAKREQUESTER^Ion"),),
        "institution_name": "LEAKINSTITUTION",
        "calling_ae_titles": ("LEAKAET",),
        "first_received_at": timezone.now(),
        "last_received_at": timezone.now(),
        "series": (marked_series(uid, 1), marked_series(uid, 2)),
        **changes,
    }
    return make_patient_study(server, **values)


def marked_patient(**changes):
    """A patient of markers."""
    values = {
        "patient_id": "LEAKID77",
        "issuer_of_patient_id": "LEAKISSUER",
        "other_patient_ids": (make_identifier("LEAKOTHER1", "LEAKISSUER"),),
        "patient_name": make_name("LEAKNAME^LEAKGIVEN"),
        "patient_birth_date": "19620314",
        "patient_sex": "F",
        **changes,
    }
    return make_patient_report(**values)


def marked_series(study_uid, number, **changes):
    """A CT series of markers."""
    values = {
        "series_instance_uid": f"{study_uid}.{number}",
        "modality": "CT",
        "series_description": f"LEAKSERIESDESC {number}",
        "body_part_examined": "LEAKPART",
        "protocol_name": "LEAKPROTOCOL",
        "station_name": "LEAKSTATION",
        "number_of_series_related_instances": 100 + number,
        **changes,
    }
    return make_series(number, **values)


def question(**changes) -> Question:
    """A question to somebody whom nobody knows here yet."""
    made = Question(
        email=CONSULTANT,
        text="Metastasis or second primary? Would you biopsy?",
        deadline=timezone.now() + timedelta(days=3),
        options=BOTH,
        consultant_name="Prof. Aylin Kaya, Ankara",
    )
    return replace(made, **changes)


def inviter_of(study, **changes):
    """A radiologist who owns the study."""
    return radiologist_of(study.server.institution, **changes)


def asked(inviter, *studies, **changes):
    """A question that was asked."""
    return ask(actor=actor_for(inviter), inviter=inviter, studies=list(studies), question=question(**changes))


def consultant_person(email=CONSULTANT, **changes):
    """A consultant who proved the address."""
    person = UserFactory(email=email, first_name="Aylin", last_name="Kaya", academic_title="Prof.")
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    MembershipFactory(user=person, role=Role.CONSULTANT, **changes)
    return person


__all__ = [
    "BOTH",
    "CONSULTANT",
    "MARKERS",
    "DicomServerFactory",
    "MembershipFactory",
    "UserFactory",
    "actor_for",
    "asked",
    "consultant_person",
    "inviter_of",
    "marked_patient",
    "marked_series",
    "marked_study",
    "question",
    "radiologist_of",
    "sealing_server",
]
