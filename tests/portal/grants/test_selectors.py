"""What servers must know of ended access, and who knows of a grant."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.grants.models import Revocation
from portal.grants.selectors import (
    REVOCATIONS_REACH_BACK,
    TokenRevocation,
    grants_known_to,
    grants_on,
    person_called,
    revocations_for,
)
from portal.institutions.models import Role
from tests.portal.grants.factories import (
    DicomServerFactory,
    GrantFactory,
    MembershipFactory,
    UserFactory,
    make_patient_study,
)

pytestmark = pytest.mark.django_db


def test_a_server_is_told_its_own_revocations_of_the_last_ten_minutes():
    now = timezone.now()
    server, subject = DicomServerFactory(), UserFactory().subject
    recent = now - REVOCATIONS_REACH_BACK + timedelta(seconds=1)
    values = {"subject": subject, "study_instance_uid": "1.2.3"}
    Revocation.objects.create(server=server, revoked_at=recent, **values)
    Revocation.objects.create(server=server, revoked_at=now - REVOCATIONS_REACH_BACK, **values)
    Revocation.objects.create(server=DicomServerFactory(), revoked_at=recent, **values)
    assert revocations_for(server, now) == (TokenRevocation(subject, "1.2.3", recent),)


def test_a_revocation_without_a_study_is_of_every_study():
    now, server, subject = timezone.now(), DicomServerFactory(), UserFactory().subject
    Revocation.objects.create(server=server, revoked_at=now, subject=subject)
    assert revocations_for(server, now) == (TokenRevocation(subject, None, now),)


def test_a_role_that_ended_takes_its_persons_tokens_back_on_every_server():
    now = timezone.now()
    ended = MembershipFactory(role=Role.RADIOLOGIST, ended_at=now - timedelta(minutes=1))
    MembershipFactory(role=Role.RADIOLOGIST, ended_at=now - timedelta(hours=1))
    MembershipFactory(role=Role.RADIOLOGIST, ended_at=now + timedelta(minutes=1))
    MembershipFactory(role=Role.AUDITOR, ended_at=now - timedelta(minutes=1))
    expected = (TokenRevocation(ended.user.subject, None, ended.ended_at),)
    assert revocations_for(DicomServerFactory(), now) == expected


def test_a_flood_of_revocations_leaves_the_newest(monkeypatch):
    monkeypatch.setattr("portal.grants.selectors.MAX_REVOCATIONS", 2)
    now, server = timezone.now(), DicomServerFactory()
    for seconds in (5, 1, 3):
        Revocation.objects.create(
            server=server, subject=UserFactory().subject, revoked_at=now - timedelta(seconds=seconds)
        )
    assert [now - told.revoked_at for told in revocations_for(server, now)] == [
        timedelta(seconds=3),
        timedelta(seconds=1),
    ]


def test_grants_on_a_study_are_those_that_open_it_now_or_will():
    study = make_patient_study()
    now = timezone.now()
    late = GrantFactory(study=study, valid_until=now + timedelta(days=9))
    whole = GrantFactory(study=None, patient=study.patient, valid_until=now + timedelta(days=1))
    coming = GrantFactory(study=study, valid_from=now + timedelta(days=1), valid_until=now + timedelta(days=2))
    GrantFactory(study=study, revoked_at=now)
    GrantFactory(study=study, valid_from=now - timedelta(days=2), valid_until=now - timedelta(days=1))
    GrantFactory()
    assert list(grants_on(study)) == [whole, coming, late]


def test_a_grant_is_known_to_giver_receiver_and_the_owners_administrator_alone():
    grant = GrantFactory()
    owner = grant.study.server.institution
    administrator = MembershipFactory(institution=owner, role=Role.INSTITUTION_ADMINISTRATOR).user
    for person in (grant.user, grant.granted_by, administrator):
        assert list(grants_known_to(person)) == [grant]
    stranger = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user
    colleague = MembershipFactory(institution=owner, role=Role.RADIOLOGIST).user
    assert not grants_known_to(stranger).exists()
    assert not grants_known_to(colleague).exists()


def test_a_person_is_called_by_user_name_alone():
    person = UserFactory(username="kaya", email="Kaya@ankara.example")
    assert person_called(" kaya ") == person
    assert person_called("kaya@ANKARA.example") is None
    assert person_called("KAYA") is None
    assert person_called("") is None


def test_a_suspended_person_is_not_called():
    assert person_called(UserFactory(is_active=False).username) is None


def test_people_without_an_address_are_not_called_by_none():
    UserFactory(email="")
    assert person_called(" ") is None
