"""In any world, the list and the explanation of a single study agree for every person and every study."""

from datetime import date, timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.accounts.models import Kind, NationalIdentity, User
from portal.grants.access import LISTED_AT_MOST
from portal.grants.decisions import Rule
from portal.grants.models import Assignment, AssignmentPart, Grant, GrantKind, Permission
from portal.grants.policy import explain, holding_for, visible_servers, visible_studies
from portal.grants.reasons import NEVER_SHARED
from portal.institutions.models import Institution, Membership, PhysicianAlias, Role
from portal.servers.models import DicomServer
from portal.studies.models import Patient, PatientIdentifier, Study, StudyPhysician

PEOPLE, INSTITUTIONS, PATIENTS, STUDIES = 2, 2, 3, 6
NAMES = ("botnari mihail", "ceban ion")
PAST, FUTURE = timedelta(days=-1), timedelta(days=1)

person = st.integers(0, PEOPLE - 1)
institution = st.integers(0, INSTITUTIONS - 1)
patient = st.integers(0, PATIENTS - 1)
study = st.integers(0, STUDIES - 1)
begin = st.sampled_from([PAST * 2, PAST * 2, PAST * 2, FUTURE])
end = st.sampled_from([None, None, PAST, FUTURE])
roles = st.sampled_from([Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.PATIENT, Role.INSTITUTION_ADMINISTRATOR])
address = st.sampled_from(["one@example.com", "two@example.com"])
receiver = st.one_of(
    person,
    st.tuples(st.sampled_from([Role.RADIOLOGIST, Role.REFERRING_DOCTOR, Role.CONSULTANT]), institution),
    address,
)

worlds = st.fixed_dictionaries(
    {
        "active": st.lists(st.sampled_from([True, True, True, False]), min_size=PEOPLE, max_size=PEOPLE),
        "memberships": st.lists(
            st.tuples(person, institution, roles, begin, end, st.booleans(), st.sets(st.sampled_from([*NAMES, ""]))),
            max_size=6,
            min_size=1,
        ),
        "identities": st.dictionaries(person, st.sampled_from(["1", "2", ""]), max_size=PEOPLE),
        "patients": st.lists(
            st.tuples(
                institution,
                st.sampled_from([None, date(1962, 3, 14), date(1999, 1, 1)]),
                st.sampled_from(["", "F", "f ", "M"]),
                st.sets(st.tuples(st.sampled_from(["IDNP", "HIS", ""]), st.sampled_from(["1", "2"]))),
            ),
            min_size=PATIENTS,
            max_size=PATIENTS,
        ),
        # A study may lie on a server of another institution than its patient's row: the policy must hold even then.
        "studies": st.lists(
            st.tuples(institution, patient, st.integers(0, 2), st.sets(st.sampled_from([*NAMES, ""]))),
            min_size=STUDIES,
            max_size=STUDIES,
        ),
        "assignments": st.lists(
            st.tuples(person, st.sampled_from(AssignmentPart.values), study, st.booleans(), end), max_size=5
        ),
        "grants": st.lists(
            st.tuples(
                receiver,
                study,
                st.booleans(),
                begin,
                st.sets(st.sampled_from(Permission.values)),
                st.booleans(),
                st.sampled_from(GrantKind.values),
                st.booleans(),
            ),
            max_size=5,
        ),
        "addresses": st.lists(st.tuples(person, address, st.booleans()), max_size=3, unique_by=lambda one: one[:2]),
        "link_holders": st.sets(person, max_size=1),
    }
)


def build(world):
    """Make the rows of a world; returns the people and the studies."""
    now = timezone.now()
    people = [User.objects.create(username=uuid4().hex, is_active=active) for active in world["active"]]
    institutions = [Institution.objects.create(code=uuid4().hex, name="I", short_name="I") for _ in range(INSTITUTIONS)]
    servers = [make_server(at, now) for at in institutions]
    for who in world["link_holders"]:
        people[who].kind = Kind.LINK_HOLDER
        people[who].save()
    for who, email, verified in world["addresses"]:
        # As people write it: the grant keeps addresses in lower case.
        is_free = not EmailAddress.objects.filter(email=email.title(), verified=True).exists()
        people[who].emailaddress_set.create(email=email.title(), verified=verified and is_free)
    for who, at, role, since, ended, is_suspended, names in world["memberships"]:
        taken = Membership.objects.filter(user=people[who], institution=institutions[at], role=role, ended_at=None)
        if ended is None and taken.exists():
            continue
        ended_at = ended and now + ended
        membership = Membership.objects.create(
            user=people[who],
            institution=institutions[at],
            role=role,
            since=now + since,
            ended_at=ended_at,
            suspended_at=now if is_suspended else None,
        )
        for name in names:
            PhysicianAlias.objects.create(membership=membership, name_key=name, written_as=name)
    for number, (who, national_id) in enumerate(world["identities"].items()):
        issuer = "IDNP" if not NationalIdentity.objects.filter(issuer="IDNP", national_id=national_id) else f"x{number}"
        NationalIdentity.objects.create(
            user=people[who], issuer=issuer, national_id=national_id, asserted_by="X", asserted_at=now
        )
    patients = [make_patient(institutions[at], *described) for at, *described in world["patients"]]
    studies = make_studies(world, servers, patients, now)
    make_assignments(world, people, studies, now)
    make_grants(world, people, institutions, studies, now)
    return people, list(Study.objects.select_related("server__institution", "patient").filter(pk__in=studies))


def make_server(at, now):
    return DicomServer.objects.create(
        institution=at,
        name="S",
        ae_title="S",
        dicom_host="h",
        dicom_port=1,
        dicomweb_url="http://h",
        public_key=uuid4().hex,
        enrolled_at=now,
    )


def make_patient(at, birth_date, sex, identifiers):
    made = Patient.objects.create(
        institution=at, identity_digest=uuid4().hex, patient_birth_date=birth_date, patient_sex=sex
    )
    for issuer, identifier in identifiers:
        PatientIdentifier.objects.create(patient=made, issuer=issuer, identifier=identifier, kind="other")
    return made


def make_studies(world, servers, patients, now):
    made = []
    for number, (at, whose, uid, names) in enumerate(world["studies"]):
        one, is_new = Study.objects.get_or_create(
            server=servers[at],
            study_instance_uid=f"1.2.{uid}" if uid else f"1.3.{number}",
            defaults={"patient": patients[whose], "revision": 1, "first_received_at": now, "last_received_at": now},
        )
        if is_new:
            for name in names:
                StudyPhysician.objects.create(study=one, part="referring", physician_name=name, name_key=name)
        made.append(one.pk)
    return made


def make_assignments(world, people, studies, now):
    giver = User.objects.create(username=uuid4().hex)
    for who, part, what, whole, ended in world["assignments"]:
        one = Study.objects.get(pk=studies[what])
        target = {"patient": one.patient} if whole else {"study": one}
        Assignment.objects.create(
            user=people[who],
            part=part,
            assigned_by=giver,
            assigned_at=now + PAST * 2,
            ended_at=ended and now + ended,
            **target,
        )


def make_grants(world, people, institutions, studies, now):
    giver = User.objects.create(username=uuid4().hex)
    for to, what, whole, since, permissions, revoked, kind, without_identity in world["grants"]:
        one = Study.objects.get(pk=studies[what])
        target = {"patient": one.patient} if whole else {"study": one}
        Grant.objects.create(
            kind=kind,
            permissions=sorted(permissions),
            valid_from=now + since,
            valid_until=now + since + timedelta(days=3),
            granted_by=giver,
            granted_at=now,
            revoked_at=now if revoked else None,
            without_identity=without_identity,
            deidentification_key="ab" * 32 if without_identity else "",
            **receiver_of(to, people, institutions),
            **target,
        )


def receiver_of(to, people, institutions):
    if isinstance(to, int):
        return {"user": people[to]}
    if isinstance(to, str):
        return {"email": to}
    return {"role": to[0], "role_institution": institutions[to[1]]}


@pytest.mark.django_db
@pytest.mark.timeout(120)
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds, st.sampled_from([0, 1, LISTED_AT_MOST]))
def test_explain_agrees_with_visible_studies_for_every_person_and_study(world, listed_at_most):
    with transaction.atomic(), patch("portal.grants.access.LISTED_AT_MOST", listed_at_most):
        people, studies = build(world)
        for user in people:
            listed = list(visible_studies(user).values_list("pk", flat=True))
            assert len(listed) == len(set(listed))
            assert set(visible_servers(user).values_list("pk", flat=True)) >= {
                one.server_id for one in studies if one.pk in listed
            }
            for one in studies:
                decision = explain(user, one)
                assert decision.allowed == (one.pk in listed), (decision, user, one)
                assert decision.allowed == (Permission.VIEW in decision.permissions)
                assert (decision.rule == Rule.NONE) == (not decision.allowed)
                shared = {reason.grant_id for reason in decision.reasons if Permission.SHARE in reason.permissions} - {
                    None
                }
                assert not shared or user.kind == Kind.PERSON
                assert not Grant.objects.filter(pk__in=shared, kind__in=NEVER_SHARED).exists()
                opening = {reason.grant_id for reason in decision.reasons} - {None}
                assert not Grant.objects.filter(pk__in=opening, without_identity=True).exists()
                found = holding_for(user, one.study_instance_uid, str(one.server_id))
                assert (found is not None) == decision.allowed
        transaction.set_rollback(True)
