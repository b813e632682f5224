"""The administrator's page: what runs on the institution's studies, what was opened, why, and the conflicts."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from audit.models import Action
from portal.access.explanations import explanation_of
from portal.access.models import BreakGlassReview
from portal.access.services import break_glass, review_break_glass
from portal.accounts.models import NationalIdentity
from portal.grants.decisions import Rule
from portal.grants.errors import NotYours
from portal.grants.models import AssignmentPart, Grant, IdentityRuling, Permission
from portal.grants.policy import explain, visible_studies
from portal.institutions.models import PhysicianAlias, Role
from tests.portal.access.factories import REASON, Scene, acts
from tests.portal.grants.factories import (
    AssignmentFactory,
    GrantFactory,
    MembershipFactory,
    UserFactory,
    actor_for,
    doctor_of,
    make_name,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)

pytestmark = pytest.mark.django_db
NOT_OVERSEERS = [role for role in Role if role != Role.INSTITUTION_ADMINISTRATOR]


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def scene():
    return Scene()


@pytest.fixture
def administrator(scene):
    return scene.person(Role.INSTITUTION_ADMINISTRATOR)


@pytest.fixture
def opening(scene):
    return break_glass(actor=actor_for(scene.doctor), person=scene.doctor, study=scene.study, reason=REASON)


def why(client, study, person):
    return client.get("/access/why/", {"study": study, "person": person})


def lines_of(person, study, rule) -> str:
    checked = next(one for one in explanation_of(person, study).checked if one.rule == rule)
    assert not checked.holds
    return " ".join(checked.details)


def test_an_opening_is_shown_closed_and_reviewed(client, scene, administrator, opening):
    client.force_login(administrator)
    page = client.get("/access/").content.decode()
    assert REASON in page
    assert scene.doctor.full_name in page
    assert client.post(f"/access/grants/{opening.pk}/revoke/").status_code == 302
    assert not explain(scene.doctor, scene.study).allowed
    noted = client.post(f"/access/openings/{opening.pk}/review/", {"note": "Spoke with the emergency room"})
    assert noted.status_code == 302
    assert BreakGlassReview.objects.get().reviewed_by == administrator
    assert "Spoke with the emergency room" in client.get("/access/").content.decode()
    assert acts().filter(action=Action.BREAK_GLASS_REVIEWED).count() == 1


def test_nobody_reviews_their_own_opening_nor_another_institutions(scene, opening):
    scene.doctor.memberships.create(
        institution=scene.study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR, since=timezone.now()
    )
    for person in (scene.doctor, scene.other_administrator):
        with pytest.raises(NotYours):
            review_break_glass(
                actor=actor_for(person), administrator=person, grant_id=opening.pk, note="All was in order"
            )
    assert not BreakGlassReview.objects.exists()


def test_another_institutions_administrator_sees_and_changes_nothing(client, scene, opening):
    grant = GrantFactory(study=scene.study, reason="Second opinion")
    client.force_login(scene.other_administrator)
    page = client.get("/access/").content.decode()
    assert REASON not in page
    assert "Second opinion" not in page
    before = acts().count()
    answers = [
        client.post(f"/access/grants/{grant.pk}/revoke/"),
        client.post(f"/access/openings/{opening.pk}/review/", {"note": "All was in order"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert acts().count() == before + 2
    assert Grant.objects.filter(revoked_at__isnull=False).count() == 0


@pytest.mark.parametrize("role", NOT_OVERSEERS)
def test_the_page_does_not_exist_for_others(client, scene, role):
    client.force_login(scene.person(role))
    assert client.get("/access/").status_code == 404
    assert why(client, scene.study.study_instance_uid, scene.doctor.username).status_code == 404
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED] * 2


def test_running_grants_come_page_by_page(client, scene, administrator, monkeypatch):
    monkeypatch.setattr("portal.access.selectors.PAGE_SIZE", 2)
    grants = [GrantFactory(study=scene.study) for _ in range(3)]
    GrantFactory(study=scene.study, valid_until=timezone.now() - timedelta(minutes=1))
    GrantFactory(study=None, patient=scene.study.patient)
    client.force_login(administrator)
    first = client.get("/access/").context["page"]
    second = client.get("/access/", {"after": str(first.next)}).context["page"]
    assert len(first.grants) == 2
    assert len(second.grants) == 2
    assert second.next is None
    assert {grant.pk for grant in grants} < {grant.pk for grant in (*first.grants, *second.grants)}
    assert client.get("/access/", {"after": "nonsense"}).status_code == 200


def test_why_is_answered_in_words_and_written(client, scene, administrator):
    client.force_login(administrator)
    answer = why(client, scene.study.accession_number, scene.doctor.email)
    page = answer.content.decode()
    assert f"{scene.doctor.full_name} may not see it" in page
    assert "Nobody gave this person access to the study." in page
    assert 'href="/viewer/' not in page
    event = acts().get()
    assert (event.action, event.rule) == (Action.ACCESS_EXPLAINED, "none")
    assert event.details["person_id"] == str(scene.doctor.subject)


def test_why_asks_which_of_several_studies(client, scene, administrator):
    other = make_patient_study(scene.study.server, patient=national_patient())
    client.force_login(administrator)
    page = why(client, "77-01", scene.doctor.username).content.decode()
    assert scene.study.study_instance_uid in page
    assert other.study_instance_uid in page
    assert not acts().exists()


def test_why_knows_no_study_of_another_institution(client, scene):
    client.force_login(scene.other_administrator)
    page = why(client, scene.study.study_instance_uid, scene.doctor.username).content.decode()
    assert "no study of this number" in page
    assert "Munteanu" not in page
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED]


def test_why_tells_nobodys_name_without_a_study_and_each_guess_is_written(client, scene, administrator):
    client.force_login(administrator)
    known, unknown = (why(client, "1.2.3.4", name) for name in (scene.doctor.username, "nobody"))
    for answer in (known, unknown):
        assert list(answer.context["form"].errors) == ["study"]
    assert acts().count() == 2
    assert "Nobody here goes by this name" in why(client, scene.study.accession_number, "nobody").content.decode()
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED] * 3


def test_every_rule_that_holds_is_named(scene):
    radiologist = radiologist_of(scene.study.server.institution)
    checked = {one.rule: one.holds for one in explanation_of(radiologist, scene.study).checked}
    assert checked.pop(Rule.RADIOLOGIST_OF_INSTITUTION)
    assert not any(checked.values())
    assert set(checked) | {Rule.RADIOLOGIST_OF_INSTITUTION, Rule.NONE} == set(Rule)


def test_roles_that_ended_or_rest_are_told(scene):
    owner, now = scene.study.server.institution, timezone.now()
    ended = MembershipFactory(institution=owner, ended_at=now - timedelta(hours=1)).user
    resting = MembershipFactory(institution=owner, suspended_at=now).user
    later = MembershipFactory(institution=owner, since=now + timedelta(days=1)).user
    elsewhere = MembershipFactory().user
    rule = Rule.RADIOLOGIST_OF_INSTITUTION
    assert "the role has ended" in lines_of(ended, scene.study, rule)
    assert "suspended since" in lines_of(resting, scene.study, rule)
    assert "on." in lines_of(later, scene.study, rule)
    assert lines_of(elsewhere, scene.study, rule).startswith("Not a radiologist of")


def test_a_closed_account_is_told(scene):
    suspended = UserFactory(is_active=False, suspended_at=timezone.now())
    closed = UserFactory(is_active=False)
    assert "suspended since" in explanation_of(suspended, scene.study).account
    assert "closed" in explanation_of(closed, scene.study).account
    assert explanation_of(scene.doctor, scene.study).account == ""


def test_grants_that_open_nothing_are_told(scene):
    person, now = scene.doctor, timezone.now()
    GrantFactory(user=person, study=scene.study, valid_until=now - timedelta(minutes=1))
    assert "ended on" in lines_of(person, scene.study, Rule.STUDY_GRANT)
    GrantFactory(user=person, study=scene.study, revoked_at=now, revoked_by=UserFactory(last_name="Ciobanu"))
    assert "revoked by Elena Ciobanu" in lines_of(person, scene.study, Rule.STUDY_GRANT)
    GrantFactory(user=person, study=scene.study, valid_from=now + timedelta(days=1))
    assert "begins on" in lines_of(person, scene.study, Rule.STUDY_GRANT)
    GrantFactory(user=person, study=scene.study, permissions=[Permission.DOWNLOAD])
    assert "without the right to view" in lines_of(person, scene.study, Rule.STUDY_GRANT)
    GrantFactory(user=person, study=scene.study, without_identity=True, deidentification_key="ab" * 32)
    assert "without the patient" in lines_of(person, scene.study, Rule.STUDY_GRANT)
    GrantFactory(user=person, study=None, patient=scene.study.patient, valid_until=now - timedelta(minutes=1))
    assert "ended on" in lines_of(person, scene.study, Rule.PATIENT_GRANT)


def test_what_a_doctor_lacks_is_told(scene):
    owner = scene.study.server.institution
    rule = Rule.NAMED_AS_PHYSICIAN
    nobody = MembershipFactory(institution=owner, role=Role.REFERRING_DOCTOR).user
    assert "No spelling" in lines_of(nobody, scene.study, rule)
    assert "names no physician" in lines_of(doctor_of(owner), scene.study, rule)
    named = make_patient_study(scene.study.server, referring_physician_name=make_name("Ceban^Ion"))
    assert "names Ion Ceban" in lines_of(doctor_of(owner), named, rule)
    assert "Not a referring doctor" in lines_of(scene.doctor, scene.study, rule)
    assert PhysicianAlias.objects.exists()


def test_assignments_that_open_nothing_are_told(scene):
    person = scene.doctor
    assert "not assigned" in lines_of(person, scene.study, Rule.ASSIGNED_TO_RADIOLOGIST)
    AssignmentFactory(user=person, study=scene.study)
    assert "role that this needs" in lines_of(person, scene.study, Rule.ASSIGNED_TO_RADIOLOGIST)
    AssignmentFactory(
        user=person,
        study=None,
        patient=scene.study.patient,
        part=AssignmentPart.REFERRING_DOCTOR,
        ended_at=timezone.now() - timedelta(minutes=1),
    )
    assert "ended on" in lines_of(person, scene.study, Rule.PATIENT_ASSIGNED_TO_DOCTOR)


def test_what_keeps_a_patient_from_their_own_study_is_told(scene):
    rule = Rule.OWN_STUDY
    assert "Not a patient" in lines_of(scene.doctor, scene.study, rule)
    assert "vouched" in lines_of(MembershipFactory(role=Role.PATIENT).user, scene.study, rule)
    person = patient_person()
    assert "does not carry" in lines_of(person, make_patient_study(), rule)
    make_patient_study(patient=national_patient(patient_birth_date="19990101"))
    assert "different people" in lines_of(person, scene.study, rule)
    identity = NationalIdentity.objects.get(user=person)
    IdentityRuling.objects.create(
        patient=scene.study.patient,
        issuer=identity.issuer,
        national_id=identity.national_id,
        is_the_bearer=False,
        reason="Compared with the passport",
        ruled_by=scene.other_administrator,
        ruled_at=timezone.now(),
    )
    assert "somebody else" in lines_of(person, scene.study, rule)


@pytest.fixture
def conflict(scene):
    """A stranger's study under the same national ID, and the ID's bearer."""
    stranger = make_patient_study(patient=national_patient(patient_birth_date="19990101", patient_name="Rusu^Ion"))
    return stranger, NationalIdentity.objects.get(user=patient_person())


def test_a_conflict_is_settled_and_undone_on_its_page(client, scene, administrator, conflict):
    _, identity = conflict
    client.force_login(administrator)
    assert "1 conflict" in client.get("/access/").content.decode()
    assert identity.national_id in client.get("/access/conflicts/").content.decode()
    url = f"/access/conflicts/{identity.pk}/"
    page = client.get(url).content.decode()
    assert "Elena" in page
    assert "Rusu" not in page
    assert "another name" in page
    ruled = client.post(f"{url}{scene.study.patient_id}/", {"is_the_bearer": "no", "reason": "Compared the passport"})
    assert ruled.status_code == 302
    assert visible_studies(identity.user).get().patient_id != scene.study.patient_id
    assert client.post(f"{url}{scene.study.patient_id}/undo/").status_code == 302
    assert not visible_studies(identity.user).exists()
    assert list(acts().values_list("action", flat=True)) == [
        Action.IDENTITY_CONFLICT_OPENED,
        Action.IDENTITY_RULED,
        Action.IDENTITY_RULING_UNDONE,
    ]


def test_an_administrator_rules_on_no_row_of_another_institution(client, administrator, conflict):
    stranger, identity = conflict
    client.force_login(administrator)
    url = f"/access/conflicts/{identity.pk}/{stranger.patient_id}/"
    assert client.post(url, {"is_the_bearer": "no", "reason": "Compared the passport"}).status_code == 404
    assert client.post(f"{url}undo/").status_code == 404
    assert not IdentityRuling.objects.exists()
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED] * 2


def test_a_conflict_elsewhere_does_not_exist(client, scene, conflict):
    _, identity = conflict
    client.force_login(scene.other_administrator)
    assert client.get(f"/access/conflicts/{identity.pk}/").status_code == 404
    assert identity.national_id not in client.get("/access/conflicts/").content.decode()
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED]


@pytest.mark.parametrize("role", [role for role in NOT_OVERSEERS if role != Role.SYSTEM_ADMINISTRATOR])
def test_conflicts_do_not_exist_for_others(client, scene, conflict, role):
    _, identity = conflict
    client.force_login(scene.person(role))
    assert client.get("/access/conflicts/").status_code == 404
    assert client.get(f"/access/conflicts/{identity.pk}/").status_code == 404
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED] * 2


def test_a_system_administrator_sees_all_rows(client, conflict):
    _, identity = conflict
    client.force_login(MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user)
    page = client.get(f"/access/conflicts/{identity.pk}/").content.decode()
    assert "Rusu" in page
    assert "another name" not in page
