"""What a national ID opens where institutions, the identity provider and administrators say different things."""

from datetime import date

import pytest

from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity
from portal.grants.conflicts import conflict_lines, conflict_of, open_conflicts, reach_of
from portal.grants.errors import NotYours
from portal.grants.identities import own_patients
from portal.grants.models import IdentityRuling, Revocation
from portal.grants.policy import explain, visible_studies
from portal.grants.rulings import RulingWithoutReason, rule_on_description, undo_ruling
from portal.institutions.models import Role
from portal.institutions.services import set_national_id
from tests.portal.accounts.factories import NATIONAL_IDS
from tests.portal.grants.factories import (
    DicomServerFactory,
    MembershipFactory,
    actor_for,
    make_patient_study,
    national_patient,
    patient_person,
)

pytestmark = pytest.mark.django_db
REASON = "Compared with the passport at the desk"


@pytest.fixture
def person():
    return patient_person()


@pytest.fixture
def identity(person):
    return NationalIdentity.objects.get(user=person)


@pytest.fixture
def hers():
    return make_patient_study(patient=national_patient())


@pytest.fixture
def strangers():
    return make_patient_study(patient=national_patient(patient_birth_date="19990101", patient_name="Rusu^Ion"))


def administrator_of(study):
    return MembershipFactory(institution=study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user


def rule(study, identity, is_the_bearer, administrator=None, **changes):
    who = administrator or administrator_of(study)
    values = {"identity": identity, "patient_pk": study.patient_id, "is_the_bearer": is_the_bearer, "reason": REASON}
    return rule_on_description(actor=actor_for(who), administrator=who, **{**values, **changes})


def seen_by(person):
    return set(visible_studies(person).values_list("pk", flat=True))


def test_rows_that_agree_are_the_persons(person, hers):
    other = make_patient_study(patient=national_patient(patient_birth_date="", patient_sex=""))
    assert seen_by(person) == {hers.pk, other.pk}
    assert not own_patients(person).is_in_conflict


def test_rows_that_differ_show_nothing(person, hers, strangers):
    assert own_patients(person).is_in_conflict
    assert seen_by(person) == set()


def test_what_the_provider_asserts_is_compared_with_every_row(person, identity, hers):
    NationalIdentity.objects.update(birth_date=date(1962, 3, 14), sex="F")
    assert seen_by(person) == {hers.pk}
    NationalIdentity.objects.update(birth_date=date(1962, 3, 15))
    assert own_patients(person).is_in_conflict
    NationalIdentity.objects.update(birth_date=None, sex="M")
    assert own_patients(person).is_in_conflict
    assert seen_by(person) == set()


def test_a_row_ruled_somebody_elses_is_left_out(person, identity, hers, strangers):
    rule(strangers, identity, is_the_bearer=False)
    assert seen_by(person) == {hers.pk}
    assert explain(person, hers).allowed
    assert not explain(person, strangers).allowed
    event = AuditEvent.objects.get(action="identity_ruled")
    assert event.details["is_the_bearer"] == "no"
    assert identity.national_id in event.patient_identifiers


def test_a_row_ruled_the_bearers_is_trusted_but_vouches_for_no_other(person, identity, hers, strangers):
    rule(strangers, identity, is_the_bearer=True)
    assert seen_by(person) == set()
    rule(hers, identity, is_the_bearer=True)
    assert seen_by(person) == {hers.pk, strangers.pk}


def test_a_trusted_row_may_differ_from_what_the_provider_asserts(person, identity, hers, strangers):
    NationalIdentity.objects.update(birth_date=date(1962, 3, 14), sex="F")
    rule(strangers, identity, is_the_bearer=True)
    assert seen_by(person) == {hers.pk, strangers.pk}


def test_undoing_a_ruling_closes_everything_again_and_stops_viewers(person, identity, hers, strangers):
    who = administrator_of(strangers)
    rule(strangers, identity, is_the_bearer=False, administrator=who)
    assert Revocation.objects.count() == 0
    undo_ruling(
        actor=actor_for(who),
        administrator=who,
        identity=NationalIdentity.objects.get(),
        patient_pk=strangers.patient_id,
    )
    assert seen_by(person) == set()
    assert [row.study_instance_uid for row in Revocation.objects.all()] == [hers.study_instance_uid]
    assert AuditEvent.objects.filter(action="identity_ruling_undone").count() == 1


def test_a_ruling_that_closes_a_row_stops_its_viewers_alone(person, identity, hers):
    other = make_patient_study(patient=national_patient(patient_id="88"))
    assert seen_by(person) == {hers.pk, other.pk}
    rule(other, identity, is_the_bearer=False)
    assert seen_by(person) == {hers.pk}
    assert [row.study_instance_uid for row in Revocation.objects.all()] == [other.study_instance_uid]


def test_a_new_word_replaces_the_older_one(person, identity, hers, strangers):
    who = administrator_of(strangers)
    rule(strangers, identity, is_the_bearer=False, administrator=who)
    rule(strangers, identity, is_the_bearer=True, administrator=who)
    standing = IdentityRuling.objects.get(undone_at__isnull=True)
    assert standing.is_the_bearer
    assert IdentityRuling.objects.count() == 2


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SYSTEM_ADMINISTRATOR])
def test_nobody_else_rules_on_a_row(role, identity, hers, strangers):
    stranger = MembershipFactory(role=role).user
    with pytest.raises(NotYours):
        rule(strangers, identity, is_the_bearer=False, administrator=stranger)
    if role != Role.INSTITUTION_ADMINISTRATOR:
        colleague = MembershipFactory(role=role, institution=strangers.server.institution).user
        with pytest.raises(NotYours):
            rule(strangers, identity, is_the_bearer=False, administrator=colleague)
    assert not IdentityRuling.objects.exists()
    assert not AuditEvent.objects.exists()


def test_nobody_rules_on_their_own_national_id(person, identity, strangers):
    MembershipFactory(user=person, institution=strangers.server.institution, role=Role.INSTITUTION_ADMINISTRATOR)
    with pytest.raises(NotYours):
        rule(strangers, identity, is_the_bearer=True, administrator=person)


def test_a_row_without_the_id_cannot_be_ruled_on(identity):
    other = make_patient_study()
    with pytest.raises(NotYours):
        rule(other, identity, is_the_bearer=True)


def test_a_ruling_needs_a_reason(identity, strangers):
    with pytest.raises(RulingWithoutReason):
        rule(strangers, identity, is_the_bearer=False, reason="  x ")
    assert not IdentityRuling.objects.exists()


def test_a_system_administrator_rules_everywhere(person, identity, hers, strangers):
    runs = MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user
    rule(strangers, identity, is_the_bearer=False, administrator=runs)
    assert seen_by(person) == {hers.pk}


def test_conflicts_are_listed_for_those_who_can_settle_them(person, identity, hers, strangers):
    reach = reach_of(administrator_of(hers))
    assert [(line.identity.pk, line.is_open, line.descriptions) for line in conflict_lines(reach, size=10)] == [
        (identity.pk, True, 2)
    ]
    assert open_conflicts(reach) == 1
    elsewhere = reach_of(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    assert conflict_lines(elsewhere, size=10) == []
    assert conflict_of(elsewhere, identity.pk) is None
    rule(strangers, identity, is_the_bearer=False)
    assert [line.is_open for line in conflict_lines(reach, size=10)] == [False]
    assert open_conflicts(reach) == 0


def test_a_row_that_differs_from_the_provider_alone_is_a_conflict(identity, hers):
    reach = reach_of(administrator_of(hers))
    assert open_conflicts(reach) == 0
    NationalIdentity.objects.update(birth_date=date(1970, 1, 1))
    assert open_conflicts(reach) == 1
    NationalIdentity.objects.update(birth_date=None, sex="M")
    assert open_conflicts(reach) == 1


def test_another_institutions_row_shows_only_what_is_needed_to_compare(identity, hers, strangers):
    conflict = conflict_of(reach_of(administrator_of(hers)), identity.pk)
    assert conflict is not None
    assert conflict.is_open
    own, other = sorted(conflict.descriptions, key=lambda one: not one.may_rule)
    assert (own.patient.pk, own.may_rule, own.studies, own.has_same_name) == (hers.patient_id, True, 1, None)
    assert own.since == hers.first_received_at
    assert own.senders
    assert (other.may_rule, other.has_same_name, other.birth_date) == (False, False, date(1999, 1, 1))
    assert (other.since, other.senders) == (None, ())


def test_other_patient_ids_count_as_the_id_does(person, identity):
    server = DicomServerFactory()
    first = make_patient_study(server, patient=national_patient(patient_id="1"))
    second = make_patient_study(server, patient=national_patient(patient_id="2"))
    assert seen_by(person) == {first.pk, second.pk}


def test_a_number_that_only_an_administrator_set_opens_no_other_institutions_studies(person, identity, hers):
    elsewhere = make_patient_study(patient=national_patient())
    assert hers.server.institution != elsewhere.server.institution
    assert seen_by(person) == {hers.pk, elsewhere.pk}
    identity.provider = identity.provider_subject = ""
    identity.save()
    assert seen_by(person) == set()
    MembershipFactory(user=person, institution=hers.server.institution, role=Role.PATIENT)
    assert seen_by(person) == {hers.pk}
    assert not explain(person, elsewhere).allowed


def test_another_number_set_by_an_administrator_is_not_confirmed_any_more(person, identity, hers):
    assert identity.is_confirmed
    same = set_national_id(actor=actor_for(person), person=person, national_id=identity.national_id)
    assert same.is_confirmed
    changed = set_national_id(actor=actor_for(person), person=person, national_id=NATIONAL_IDS[1])
    assert (changed.is_confirmed, changed.birth_date, changed.sex) == (False, None, "")
