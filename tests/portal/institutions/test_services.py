"""Roles, national IDs and spellings of doctors change only by a named actor, and each change is one audit event."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.actors import Actor, SystemActor
from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity, User
from portal.accounts.national_ids import InvalidNationalId
from portal.institutions import services
from portal.institutions.models import Membership, PhysicianAlias, Role
from tests.portal.accounts.factories import NATIONAL_IDS, NationalIdentityFactory, UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

CIOBANU = Actor(actor_id="ciobanu", name="Victor Ciobanu", role="institution_administrator", institution="Nistru")


def events() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


@pytest.fixture
def administrator(db) -> User:
    return MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user


@pytest.fixture
def institution(administrator):
    return administrator.memberships.get().institution


@pytest.mark.django_db
def test_an_institution_is_made_once() -> None:
    names = {"code": "nistru", "name": "Nistru Clinical Hospital", "short_name": "Nistru Clinical"}
    assert services.create_institution(**names) == services.create_institution(**names)


@pytest.mark.django_db
def test_a_new_person_holds_one_role_and_can_sign_in() -> None:
    institution = InstitutionFactory(short_name="Nistru Clinical")
    person = services.create_person(
        actor=CIOBANU,
        username="elena",
        password="a long enough password",
        first_name="Elena",
        last_name="Pascaru",
        academic_title="Dr.",
        institution=institution,
        role=Role.RADIOLOGIST,
    )
    assert person.check_password("a long enough password")
    membership = Membership.objects.get()
    assert (membership.user, membership.institution, membership.role) == (person, institution, "radiologist")
    assert membership.given_by_name == "Victor Ciobanu"
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.institution) == ("role_given", "Victor Ciobanu", "Nistru Clinical")
    assert event.details == {
        "person_id": str(person.subject),
        "person_name": "Dr. Elena Pascaru",
        "role": "radiologist",
    }


@pytest.mark.django_db
def test_a_person_without_a_password_cannot_sign_in() -> None:
    person = services.create_person(
        actor=CIOBANU, username="elena", password=None, institution=InstitutionFactory(), role=Role.PATIENT
    )
    assert not person.has_usable_password()


@pytest.mark.django_db
def test_giving_a_role_again_changes_nothing() -> None:
    person, institution = UserFactory(), InstitutionFactory()
    given = {"actor": CIOBANU, "person": person, "institution": institution, "role": Role.RADIOLOGIST}
    assert services.give_role(**given) == services.give_role(**given)
    assert events() == ["role_given"]


def test_giving_a_role_twice_at_once_gives_it_once(at_once) -> None:
    person, institution = UserFactory(), InstitutionFactory()

    def give():
        return services.give_role(actor=CIOBANU, person=person, institution=institution, role=Role.RADIOLOGIST)

    given = at_once(*[give] * 6)
    assert len({membership.pk for membership in given}) == 1
    assert events() == ["role_given"]


@pytest.mark.django_db
def test_a_role_that_ended_can_be_given_anew() -> None:
    membership = MembershipFactory()
    services.end_role(actor=CIOBANU, membership=membership)
    services.end_role(actor=CIOBANU, membership=membership)
    membership.refresh_from_db()
    assert membership.ended_at <= timezone.now()
    new = services.give_role(
        actor=CIOBANU, person=membership.user, institution=membership.institution, role=Role.RADIOLOGIST
    )
    assert new.pk != membership.pk
    assert events() == ["role_taken", "role_given"]


@pytest.mark.django_db
def test_an_administrator_gives_a_role_to_their_own_person(administrator, institution) -> None:
    person = MembershipFactory(institution=institution).user
    membership = services.give_role_as_administrator(
        actor=CIOBANU,
        administrator=administrator,
        person_pk=person.pk,
        institution_pk=institution.pk,
        role="referring_doctor",
    )
    assert (membership.user, membership.role) == (person, "referring_doctor")


@pytest.mark.parametrize("role", ["system_administrator", "auditor", "owner", ""])
def test_an_administrator_gives_no_role_of_the_whole_network(administrator, institution, role: str) -> None:
    person = MembershipFactory(institution=institution).user
    with pytest.raises(services.NotYourPerson):
        services.give_role_as_administrator(
            actor=CIOBANU,
            administrator=administrator,
            person_pk=person.pk,
            institution_pk=institution.pk,
            role=role,
        )
    assert events() == []


def test_an_administrator_gives_no_role_elsewhere_or_to_strangers(administrator, institution) -> None:
    own, stranger, other = MembershipFactory(institution=institution).user, UserFactory(), InstitutionFactory()
    for person_pk, institution_pk in ((own.pk, other.pk), (stranger.pk, institution.pk), (0, institution.pk)):
        with pytest.raises(services.NotYourPerson):
            services.give_role_as_administrator(
                actor=CIOBANU,
                administrator=administrator,
                person_pk=person_pk,
                institution_pk=institution_pk,
                role="radiologist",
            )
    assert events() == []


def test_an_administrator_whose_role_ended_manages_nobody(administrator, institution) -> None:
    person = MembershipFactory(institution=institution).user
    administrator.memberships.update(ended_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(services.NotYourPerson):
        services.set_national_id_as_administrator(
            actor=CIOBANU, administrator=administrator, person_pk=person.pk, national_id=NATIONAL_IDS[0]
        )


def test_an_administrator_ends_a_role_of_their_institution_and_no_other(administrator, institution) -> None:
    own, other = MembershipFactory(institution=institution), MembershipFactory()
    services.end_role_as_administrator(actor=CIOBANU, administrator=administrator, membership_pk=own.pk)
    with pytest.raises(services.NotYourPerson):
        services.end_role_as_administrator(actor=CIOBANU, administrator=administrator, membership_pk=other.pk)
    other.refresh_from_db()
    assert other.ended_at is None
    assert events() == ["role_taken"]


def test_an_administrator_ends_neither_their_own_role_nor_an_auditors(administrator, institution) -> None:
    auditor = MembershipFactory(institution=institution, role=Role.AUDITOR)
    with pytest.raises(services.NotForYourself):
        services.end_role_as_administrator(
            actor=CIOBANU, administrator=administrator, membership_pk=administrator.memberships.get().pk
        )
    with pytest.raises(services.NotYourPerson):
        services.end_role_as_administrator(actor=CIOBANU, administrator=administrator, membership_pk=auditor.pk)
    assert events() == []


@pytest.mark.django_db
def test_a_national_id_is_vouched_for_by_name_and_audited() -> None:
    person = MembershipFactory(role=Role.PATIENT).user
    services.set_national_id(actor=CIOBANU, person=person, national_id="2099 0310 0147 2")
    identity = NationalIdentity.objects.get()
    assert (identity.user, identity.issuer, identity.national_id) == (person, "IDNP", "2099031001472")
    assert identity.asserted_by == "Victor Ciobanu"
    event = AuditEvent.objects.get()
    assert (event.action, event.patient_identifiers) == ("national_id_set", ["2099031001472"])


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["2099031001473", "", "2099", "<script>"])
def test_a_wrong_national_id_is_not_set(number: str) -> None:
    person = MembershipFactory(role=Role.PATIENT).user
    with pytest.raises(InvalidNationalId):
        services.set_national_id(actor=CIOBANU, person=person, national_id=number)
    assert not NationalIdentity.objects.exists()
    assert events() == []


@pytest.mark.django_db
def test_a_national_id_belongs_to_one_person() -> None:
    NationalIdentityFactory(national_id=NATIONAL_IDS[0])
    person = UserFactory()
    with pytest.raises(services.NationalIdTaken) as refused:
        services.set_national_id(actor=CIOBANU, person=person, national_id=NATIONAL_IDS[0])
    assert NATIONAL_IDS[0] not in str(refused.value)
    assert not NationalIdentity.objects.filter(user=person).exists()
    assert events() == []


@pytest.mark.django_db
def test_a_corrected_national_id_replaces_the_first() -> None:
    person = UserFactory()
    for number in NATIONAL_IDS[:2]:
        services.set_national_id(actor=CIOBANU, person=person, national_id=number)
    assert NationalIdentity.objects.get().national_id == NATIONAL_IDS[1]
    assert events() == ["national_id_set", "national_id_set"]


def test_nobody_sets_their_own_national_id(administrator) -> None:
    with pytest.raises(services.NotForYourself):
        services.set_national_id_as_administrator(
            actor=CIOBANU, administrator=administrator, person_pk=administrator.pk, national_id=NATIONAL_IDS[0]
        )
    assert not NationalIdentity.objects.exists()


def test_an_administrator_sets_the_national_id_of_own_patients_alone(administrator, institution) -> None:
    patient = MembershipFactory(institution=institution, role=Role.PATIENT).user
    elsewhere = MembershipFactory(role=Role.PATIENT).user
    colleague = MembershipFactory(institution=institution, role=Role.RADIOLOGIST).user
    services.set_national_id_as_administrator(
        actor=CIOBANU, administrator=administrator, person_pk=patient.pk, national_id=NATIONAL_IDS[0]
    )
    for person in (elsewhere, colleague):
        with pytest.raises(services.NotYourPerson):
            services.set_national_id_as_administrator(
                actor=CIOBANU, administrator=administrator, person_pk=person.pk, national_id=NATIONAL_IDS[1]
            )
    assert list(NationalIdentity.objects.values_list("user", flat=True)) == [patient.pk]


@pytest.mark.django_db
def test_a_doctor_is_found_under_each_spelling_once() -> None:
    membership = MembershipFactory(role=Role.REFERRING_DOCTOR)
    for spelling in ("Botnari^Mihai^^Dr.", "BOTNARI MIHAI", "Ботнари^Михай"):
        services.set_physician_alias(actor=SystemActor("demo"), membership=membership, written_as=spelling)
    rows = PhysicianAlias.objects.order_by("pk").values_list("name_key", "written_as")
    assert list(rows) == [("botnari mihai", "Botnari^Mihai^^Dr."), ("botnari mikhai", "Ботнари^Михай")]
    assert events() == ["physician_alias_set", "physician_alias_set"]


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", ["", "^^^Dr.", "---", "^", "�"])
def test_a_spelling_without_a_letter_would_open_other_studies_and_is_refused(spelling: str) -> None:
    with pytest.raises(services.AliasWithoutName):
        services.set_physician_alias(
            actor=CIOBANU, membership=MembershipFactory(role=Role.REFERRING_DOCTOR), written_as=spelling
        )
    assert not PhysicianAlias.objects.exists()
