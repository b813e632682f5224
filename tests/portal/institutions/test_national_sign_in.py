"""Whoever the national identity provider confirms is one patient, however often and at once they come."""

from datetime import date, timedelta

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from django.utils import timezone

from audit.actors import SystemActor
from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity, User
from portal.accounts.national_sign_in import AssertedIdentity, Reason, SignInRefused, asserted_identity
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.national_sign_in import admit_patient, patient_role_of
from portal.institutions.selectors import number_of_institutions
from tests.portal.accounts.factories import NATIONAL_IDS, NationalIdentityFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

ELENA, MARIA = NATIONAL_IDS[:2]
ACTOR = SystemActor("national identity provider")
ISSUER = "https://id.example"


def asserted(national_id: str = ELENA, subject: str = "s-1", **others) -> AssertedIdentity:
    return AssertedIdentity(issuer="IDNP", national_id=national_id, provider=ISSUER, subject=subject, **others)


def admit(identity: AssertedIdentity) -> User:
    return admit_patient(actor=ACTOR, asserted=identity)


@pytest.mark.django_db
class TestAdmission:
    def test_a_new_person_is_a_patient_of_the_register(self) -> None:
        InstitutionFactory()
        person = admit(asserted(given_name="Elena", family_name="Munteanu"))
        role = patient_role_of(person)
        assert role is not None
        assert (role.institution.code, role.given_by_name) == ("national", "national identity provider")
        # The register has no images: it is no hospital of the sign-in page.
        assert (Institution.objects.count(), number_of_institutions()) == (2, 1)

    def test_what_the_provider_leaves_out_later_is_kept(self) -> None:
        person = admit(asserted(birth_date=date(1962, 3, 14), sex="F"))
        admit(asserted())
        identity = NationalIdentity.objects.get(user=person)
        assert (identity.birth_date, identity.sex) == (date(1962, 3, 14), "F")

    def test_a_subject_that_comes_with_another_number_is_refused_and_nothing_changes(self) -> None:
        person = admit(asserted())
        events = AuditEvent.objects.count()
        with pytest.raises(SignInRefused) as refused:
            admit(asserted(MARIA))
        assert (refused.value.reason, refused.value.username) == (Reason.IDENTITY_CHANGED, person.username)
        assert list(NationalIdentity.objects.values_list("national_id", flat=True)) == [ELENA]
        assert (User.objects.count(), AuditEvent.objects.count()) == (1, events)

    def test_the_same_subject_of_another_provider_is_somebody_else(self) -> None:
        first = admit(asserted())
        other = admit(
            AssertedIdentity(issuer="IDNP", national_id=MARIA, provider="https://other.example", subject="s-1")
        )
        assert first != other

    def test_a_role_that_a_hospital_ended_does_not_end_ones_own_access(self) -> None:
        known = NationalIdentityFactory(national_id=ELENA)
        MembershipFactory(user=known.user, role=Role.PATIENT, ended_at=timezone.now() - timedelta(hours=1))
        assert admit(asserted()) == known.user
        role = patient_role_of(known.user)
        assert role is not None
        assert role.institution.code == "national"

    @pytest.mark.parametrize("national", [True, False])
    def test_a_suspended_role_stays_suspended(self, national: bool) -> None:
        person = admit(asserted())
        role = Membership.objects.get()
        if not national:
            role.institution = InstitutionFactory()
        role.suspended_at = timezone.now()
        role.save()
        with pytest.raises(SignInRefused) as refused:
            admit(asserted())
        assert refused.value.reason == Reason.SUSPENDED
        assert patient_role_of(person) is None
        assert Membership.objects.count() == 1

    def test_names_of_a_provider_are_made_harmless(self) -> None:
        claims = {"sub": "s", "idnp": ELENA, "given_name": "El\x00e\nna" + "a" * 300, "family_name": ["x"]}
        person = admit(asserted_identity(claims, provider=ISSUER))
        assert person.first_name.startswith("El e na")
        assert (len(person.first_name), person.last_name) == (150, "")

    @pytest.mark.parametrize("birthdate", ["1962", "0000-03-14", "14.03.1962", "", 1962, None])
    def test_a_birth_date_that_is_no_whole_date_is_not_kept(self, birthdate: object) -> None:
        claims = {"sub": "s", "idnp": ELENA, "birthdate": birthdate, "gender": "other"}
        identity = asserted_identity(claims, provider=ISSUER)
        assert (identity.birth_date, identity.sex) == (None, "")

    def test_a_number_may_be_written_with_spaces(self) -> None:
        spaced = f"{ELENA[:4]} {ELENA[4:8]} {ELENA[8:]}"
        assert asserted_identity({"sub": "s", "idnp": spaced}, provider=ISSUER).national_id == ELENA


@pytest.mark.slow
def test_two_first_sign_ins_at_once_make_one_person(at_once) -> None:
    people = at_once(*[lambda: admit(asserted()).pk] * 4)
    assert len(set(people)) == 1
    assert (User.objects.count(), NationalIdentity.objects.count(), Membership.objects.count()) == (1, 1, 1)
    assert AuditEvent.objects.filter(action="national_id_set").count() == 1


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, []),
        ({"NATIONAL_OIDC_ISSUER": "http://id.example", "NATIONAL_OIDC_CLIENT_ID": "c"}, ["accounts.E002"]),
        ({"NATIONAL_OIDC_ISSUER": "id.example", "NATIONAL_OIDC_CLIENT_ID": "c"}, ["accounts.E002"]),
        ({"NATIONAL_OIDC_ISSUER": "https://id.example"}, ["accounts.E003"]),
        ({"NATIONAL_OIDC_ISSUER": "http://127.0.0.1:8021", "NATIONAL_OIDC_CLIENT_ID": "c"}, []),
    ],
)
def test_a_provider_that_cannot_work_is_a_check_error(values: dict[str, str], found: list[str]) -> None:
    with override_settings(**{"NATIONAL_OIDC_CLIENT_SECRET": "s", **values}):
        assert [error.id for error in run_checks() if error.id in {"accounts.E002", "accounts.E003"}] == found
