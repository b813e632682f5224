"""Access that somebody gave, and whole scenes of people around studies, for tests."""

from datetime import timedelta

import factory
from django.utils import timezone

from audit.actors import Actor
from portal.grants.models import Assignment, AssignmentPart, Grant, Permission
from portal.institutions.models import PhysicianAlias, Role
from portal.studies.folding import name_key
from portal.studies.models import Study
from tests.portal.accounts.factories import NATIONAL_IDS, NationalIdentityFactory, UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_identifier, make_name, make_patient_report, make_study

ALL = list(Permission.values)
DOCTOR = "Botnari^Mihail^^Dr."
_counter = iter(range(1, 10**9))


def fresh_uid() -> str:
    """A study UID that no other test study has."""
    return f"1.2.826.0.1.3680043.10.1561.{next(_counter)}"


class GrantFactory(factory.django.DjangoModelFactory):
    """A running grant to view a study; give `patient` and `study=None` for a patient's history."""

    class Meta:
        model = Grant

    user = factory.SubFactory(UserFactory)
    study = factory.LazyAttribute(lambda grant: make_patient_study())
    permissions = factory.LazyFunction(lambda: [Permission.VIEW])
    valid_from = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    valid_until = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))
    granted_by = factory.SubFactory(UserFactory)
    granted_at = factory.LazyFunction(timezone.now)


class AssignmentFactory(factory.django.DjangoModelFactory):
    """A running assignment of a study to a radiologist."""

    class Meta:
        model = Assignment

    user = factory.SubFactory(UserFactory)
    part = AssignmentPart.RADIOLOGIST
    assigned_by = factory.SubFactory(UserFactory)
    assigned_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))


def actor_for(user) -> Actor:
    """The actor that a service is told of."""
    return Actor(actor_id=str(user.subject), name=user.full_name, role="", institution="")


def make_patient_study(server=None, **changes) -> Study:
    """A study of a patient of its own: no national ID, no other ID that another study could share."""
    uid = fresh_uid()
    patient = changes.pop("patient", None) or make_patient_report(
        patient_id=f"P-{uid.rsplit('.', 1)[1]}", issuer_of_patient_id="", other_patient_ids=()
    )
    values = {
        "study_instance_uid": uid,
        "accession_number": f"A-{uid.rsplit('.', 1)[1]}",
        "referring_physician_name": make_name(),
        "requesting_physician_names": (),
        **changes,
    }
    study = make_study(server, patient=patient, **values)
    return Study.objects.select_related("server__institution", "patient__institution").get(pk=study.pk)


def national_patient(national_id=NATIONAL_IDS[0], **changes):
    """A patient whose national ID stands in the data set."""
    values = {
        "patient_id": "77-01",
        "issuer_of_patient_id": "NISTRU",
        "other_patient_ids": (make_identifier(national_id, "IDNP", "national"),),
        "patient_birth_date": "19620314",
        "patient_sex": "F",
        **changes,
    }
    return make_patient_report(**values)


def radiologist_of(institution, **changes):
    """A radiologist of the institution."""
    return MembershipFactory(institution=institution, role=Role.RADIOLOGIST, **changes).user


def doctor_of(institution, written_as=DOCTOR, **changes):
    """A referring doctor whom the institution's equipment writes so."""
    membership = MembershipFactory(institution=institution, role=Role.REFERRING_DOCTOR, **changes)
    PhysicianAlias.objects.create(membership=membership, written_as=written_as, name_key=name_key(written_as))
    return membership.user


def patient_person(national_id=NATIONAL_IDS[0], **changes):
    """A patient with a national ID that somebody vouched for."""
    membership = MembershipFactory(role=Role.PATIENT, **changes)
    NationalIdentityFactory(user=membership.user, national_id=national_id)
    return membership.user


__all__ = [
    "ALL",
    "DOCTOR",
    "NATIONAL_IDS",
    "AssignmentFactory",
    "DicomServerFactory",
    "GrantFactory",
    "InstitutionFactory",
    "MembershipFactory",
    "UserFactory",
    "actor_for",
    "doctor_of",
    "fresh_uid",
    "make_identifier",
    "make_name",
    "make_patient_report",
    "make_patient_study",
    "make_study",
    "national_patient",
    "patient_person",
    "radiologist_of",
]
