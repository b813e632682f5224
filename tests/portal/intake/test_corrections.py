"""What an institution corrects by a newer report takes effect on who sees the study."""

import pytest

from portal.grants.policy import visible_studies
from portal.institutions.models import Role
from portal.intake import services
from tests.portal.accounts.factories import NATIONAL_IDS, NationalIdentityFactory
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_identifier, make_patient_report, make_report

pytestmark = pytest.mark.django_db


def described(**changes):
    identifiers = (make_identifier(NATIONAL_IDS[0], "IDNP", "national"),)
    return make_patient_report(other_patient_ids=identifiers, **changes)


@pytest.fixture
def patient():
    person = MembershipFactory(role=Role.PATIENT).user
    NationalIdentityFactory(user=person, national_id=NATIONAL_IDS[0])
    return person


def take_in(server, **changes) -> None:
    services.take_in_study_report(server=server, report=make_report(server, **changes))


def test_a_birth_date_that_was_mistyped_hides_the_studies_until_it_is_corrected(patient) -> None:
    right, wrong = DicomServerFactory(), DicomServerFactory()
    take_in(right, patient=described())
    take_in(wrong, patient=described(patient_birth_date="19630831"), revision=1)
    assert visible_studies(patient).count() == 0
    take_in(wrong, patient=described(), revision=2)
    assert visible_studies(patient).count() == 2


def test_a_national_id_that_was_mistyped_stops_showing_the_study(patient) -> None:
    server = DicomServerFactory()
    take_in(server, patient=described(), revision=1)
    assert visible_studies(patient).count() == 1
    take_in(server, patient=make_patient_report(other_patient_ids=()), revision=2)
    assert visible_studies(patient).count() == 0


def test_a_referrer_who_was_corrected_sees_the_study_no_more() -> None:
    from audit.actors import SystemActor
    from portal.institutions.services import set_physician_alias
    from tests.portal.studies.factories import make_name

    server = DicomServerFactory()
    doctor = MembershipFactory(institution=server.institution, role=Role.REFERRING_DOCTOR)
    set_physician_alias(actor=SystemActor("test"), membership=doctor, written_as="Kozak Irina")
    take_in(server, revision=1, requesting_physician_names=())
    assert visible_studies(doctor.user).count() == 1
    take_in(server, revision=2, requesting_physician_names=(), referring_physician_name=make_name("Moraru^Andrei"))
    assert visible_studies(doctor.user).count() == 0
