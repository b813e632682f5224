"""A patient's rooms: their own images, who looked at them, and help; to others they do not exist."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone
from knox.models import AuthToken
from time_machine import travel

from audit.models import Action, AuditEvent
from audit.records import record
from portal.access.services import break_glass
from portal.grants.audited import audited_study
from portal.grants.models import Grant
from portal.grants.policy import sight_of
from portal.institutions.models import Role
from portal.patients.looks import looks_at_own
from portal.patients.selectors import own_images
from tests.portal.grants.factories import (
    NATIONAL_IDS,
    DicomServerFactory,
    GrantFactory,
    InstitutionFactory,
    MembershipFactory,
    actor_for,
    make_identifier,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)

pytestmark = pytest.mark.django_db
PAGES = ("/images/", "/who-looked/")
API = ("/api/v1/me/images/", "/api/v1/me/looks/")
NOT_PATIENTS = [role for role in Role if role != Role.PATIENT]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()


@pytest.fixture
def person():
    return patient_person()


@pytest.fixture
def server():
    institution = InstitutionFactory(name="Nistru Clinical Hospital", short_name="Nistru")
    return DicomServerFactory(institution=institution, last_contact_at=timezone.now())


@pytest.fixture
def study(server):
    return make_patient_study(server, patient=national_patient())


@pytest.fixture
def room(client, person):
    """The browser of the patient."""
    client.force_login(person)
    return client


def headers_of(user) -> dict[str, str]:
    return {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}


def acts():
    return AuditEvent.objects.exclude(action=Action.SIGNED_IN).order_by("pk")


def looked(reader, study, *, action=Action.PIXELS_READ, at=NOON, **changes):
    """What the audit holds when `reader` looked."""
    membership = reader.memberships.select_related("institution").get()
    values = {"role": membership.role, "institution": membership.institution.short_name}
    actor = actor_for(reader).__class__(actor_id=str(reader.subject), name=reader.full_name, **values)
    return record(action=action, actor=actor, study=audited_study(study), occurred_at=at, **changes)


def test_own_images_of_all_institutions_stand_on_one_timeline(room, study):
    other = make_patient_study(patient=national_patient(), study_date="20240503")
    stranger = make_patient_study()
    page = room.get("/images/")
    text = page.content.decode()
    assert list(page.context["studies"]) == [study, other]
    assert [year for year, _ in page.context["years"]] == [study.study_date.year, 2024]
    assert "CT of the" in text
    assert "Nistru Clinical Hospital" in text
    assert stranger.study_instance_uid not in text
    assert f"/studies/{study.study_instance_uid}/share/?server={study.server_id}" in text
    assert f"/viewer/{study.study_instance_uid}/?server={study.server_id}" in text
    assert NATIONAL_IDS[0] not in text
    assert study.server.dicomweb_url.rsplit("/", 1)[0] in page["Content-Security-Policy"]
    event = acts().get()
    assert (event.action, event.details["results"]) == (Action.WORKLIST_QUERIED, 2)


def test_nothing_yet_is_said(room):
    assert "No studies of yours are here yet." in room.get("/images/").content.decode()
    assert "Nobody but you has looked." in room.get("/who-looked/").content.decode()


def test_a_conflict_hides_images_and_looks(room, study):
    looked(radiologist_of(study.server.institution), study)
    make_patient_study(patient=national_patient(patient_birth_date="19990101", patient_name="Rusu^Ion"))
    for page in PAGES:
        text = room.get(page).content.decode()
        assert "Your images are not shown for now." in text
        assert study.study_instance_uid not in text
        assert "Nistru" not in text
    assert [room.get(path).json()["results"] for path in API] == [[], []]


def test_images_of_others_are_not_among_ones_own(room, person, study):
    child = GrantFactory(user=person).study
    page = room.get("/images/")
    assert list(page.context["studies"]) == [study]
    assert "Images of somebody else" in page.content.decode()
    assert child.study_instance_uid not in page.content.decode()


def test_the_timeline_comes_page_by_page_undated_last(person, server):
    days = ["20260101", "20260101", "", "20250101", ""]
    made = [make_patient_study(server, patient=national_patient(), study_date=day) for day in days]
    found, after = [], None
    for expected in (2, 2, 1):
        page = own_images(sight_of(person), after=after, size=2)
        assert len(page.studies) == expected
        found += page.studies
        after = page.next
    assert after is None
    assert found == [made[1], made[0], made[3], made[4], made[2]]


def test_who_looked_says_role_and_institution_but_no_name(room, study):
    reader = radiologist_of(study.server.institution, user__last_name="Moraru")
    looked(reader, study)
    looked(reader, study, action=Action.STUDY_OPENED, at=NOON - timedelta(minutes=5))
    text = room.get("/who-looked/").content.decode()
    assert "Radiologist, Nistru" in text
    assert "looked at the images" in text
    assert "20 November 2026" in text
    assert "Moraru" not in text
    (look,) = room.get("/who-looked/").context["page"].looks
    assert (look.last_at - look.first_at, look.is_own) == (timedelta(minutes=5), False)


def test_names_are_shown_where_the_owner_shows_them(room, study):
    study.server.institution.shows_staff_names = True
    study.server.institution.save()
    looked(radiologist_of(study.server.institution, user__last_name="Moraru"), study)
    assert "Moraru" in room.get("/who-looked/").content.decode()


def test_the_owner_decides_on_names_not_the_readers_institution(room, study):
    elsewhere = InstitutionFactory(shows_staff_names=True)
    looked(radiologist_of(elsewhere, user__last_name="Moraru"), study)
    assert "Moraru" not in room.get("/who-looked/").content.decode()


def test_a_break_glass_opening_is_shown_clearly(room, study):
    doctor = MembershipFactory(role=Role.REFERRING_DOCTOR).user
    break_glass(actor=actor_for(doctor), person=doctor, study=study, reason="Unconscious in our emergency room")
    text = room.get("/who-looked/").content.decode()
    assert "opened it in an emergency, without permission beforehand" in text
    assert "Unconscious" not in text
    assert Grant.objects.get().user == doctor


def test_ones_own_looks_stand_apart(room, person, study):
    looked(person, study)
    page = room.get("/who-looked/")
    assert "When you looked yourself" in page.content.decode()
    assert page.context["page"].of_others == ()
    assert "Nobody but you has looked yet." in room.get("/images/").content.decode()


def test_looks_at_a_strangers_study_are_not_shown(room, person, study):
    stranger = make_patient_study(
        patient=national_patient(
            NATIONAL_IDS[1], other_patient_ids=(make_identifier(NATIONAL_IDS[1], "IDNP", "national"),)
        )
    )
    same_number = make_patient_study(
        patient=national_patient(NATIONAL_IDS[1], patient_id=NATIONAL_IDS[0], issuer_of_patient_id="HIS")
    )
    reader = radiologist_of(study.server.institution)
    for one in (stranger, same_number):
        looked(reader, one)
    assert looks_at_own(person).looks == ()


def test_refusals_and_searches_are_no_looks(room, person, study):
    reader = radiologist_of(study.server.institution)
    looked(reader, study, action=Action.ACCESS_DENIED, outcome="denied")
    looked(reader, study, action=Action.GRANT_MADE)
    assert looks_at_own(person).looks == ()


def test_whole_days_follow_one_another(person, study, monkeypatch):
    monkeypatch.setattr("portal.patients.looks.EVENTS_A_PAGE", 3)
    reader, other = radiologist_of(study.server.institution), radiologist_of(study.server.institution)
    for days in range(4):
        looked(reader, study, at=NOON - timedelta(days=days))
        looked(other, study, at=NOON - timedelta(days=days, minutes=1))
    seen, until = [], None
    while True:
        page = looks_at_own(person, until=until)
        seen += [look.day for look in page.looks]
        if page.next is None:
            break
        until = page.next
    assert sorted(seen, reverse=True) == seen
    assert len(seen) == 8


def test_a_busy_day_is_shown_whole(person, study, monkeypatch):
    monkeypatch.setattr("portal.patients.looks.EVENTS_A_PAGE", 2)
    readers = [radiologist_of(study.server.institution) for _ in range(5)]
    for reader in readers:
        looked(reader, study)
    looked(readers[0], study, at=NOON - timedelta(days=3))
    first = looks_at_own(person)
    assert len(first.looks) == 5
    assert len(looks_at_own(person, until=first.next).looks) == 1


def test_reading_it_is_written(room, study):
    room.get("/who-looked/")
    event = acts().get()
    assert (event.action, event.patient_identifiers) == (Action.LOOKS_READ, [NATIONAL_IDS[0]])


@pytest.mark.parametrize("until", ["nonsense", "2026-13-40", "0001-01-01", "9999-12-31", "2026-11-20"])
def test_any_address_is_answered(room, study, until):
    assert room.get("/who-looked/", {"until": until}).status_code == 200
    assert room.get("/images/", {"after": until}).status_code == 200


@pytest.mark.parametrize("role", NOT_PATIENTS)
def test_the_rooms_do_not_exist_for_others(client, study, role):
    other = MembershipFactory(role=role, institution=study.server.institution).user
    client.force_login(other)
    assert [client.get(page).status_code for page in PAGES] == [404, 404]
    assert [client.get(path, headers=headers_of(other)).status_code for path in API] == [404, 404]
    assert list(acts().values_list("action", flat=True)) == [Action.ACCESS_DENIED] * 4


def test_a_patient_whose_role_ended_finds_nothing(room, person, study):
    person.memberships.update(ended_at=timezone.now())
    assert [room.get(page).status_code for page in PAGES] == [404, 404]


def test_signed_out_leads_to_sign_in(client):
    assert [client.get(page)["Location"].startswith("/accounts/login/") for page in PAGES] == [True, True]
    assert [client.get(path).status_code for path in API] == [401, 401]


def test_programs_read_the_same(room, person, study):
    looked(radiologist_of(study.server.institution), study)
    (image,) = room.get("/api/v1/me/images/").json()["results"]
    assert image["study_instance_uid"] == study.study_instance_uid
    assert image["institution"] == "Nistru Clinical Hospital"
    (look,) = room.get("/api/v1/me/looks/").json()["results"]
    assert (look["role"], look["institution"], look["name"], look["what"]) == ("radiologist", "Nistru", "", "looked")
    assert (look["day"], look["is_own"]) == ("2026-11-20", False)
    assert room.get("/api/v1/me/looks/", {"until": "2026-11-19"}).json()["results"] == []
    assert room.get("/api/v1/me/looks/", {"until": "x"}).status_code == 400
    assert room.get("/api/v1/me/images/", {"after": "x"}).status_code == 400


def test_help_is_short_and_for_everybody_signed_in(room):
    assert "Where are my images?" in room.get("/help/").content.decode()


def test_days_are_those_of_the_portal(person, study):
    with travel(NOON):
        looked(radiologist_of(study.server.institution), study, at=datetime(2026, 11, 20, 22, 30, tzinfo=UTC))
    (look,) = looks_at_own(person).looks
    assert f"{look.day:%d}" == "21"
