"""Each event reads as plain words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import services
from audit.actors import ServerActor, SystemActor, UnknownActor
from audit.models import Action
from audit.rows import row_of
from audit.words import DETAILS, ICONS
from tests.audit.factories import CHEST, NOON, PASCARU, make_access_event, make_event

pytestmark = pytest.mark.django_db

PERSON = {"person_id": "albrecht", "person_name": "Prof. Jens Albrecht"}


@pytest.fixture(autouse=True)
def _in_chisinau():
    with timezone.override("Europe/Chisinau"):
        yield


def words(event):
    event.refresh_from_db()
    row = row_of(event)
    return row.did_what, row.did_detail, row.by_rule


def facts(event):
    event.refresh_from_db()
    return {str(fact.label): fact.value for fact in row_of(event).facts}


def test_opened_images_are_counted():
    event = services.record_pixels_read(
        actor=PASCARU, event=make_access_event(), study=CHEST, rule="radiologist_of_institution"
    )
    assert words(event) == ("Opened images", "748 images, 1 session", "Radiologist of the institution")
    row = row_of(event)
    assert (row.who, row.who_detail) == ("Dr. Elena Pascaru", "Radiologist, Nistru Clinical")
    assert not row.is_denied
    assert not row.is_break_glass
    shown = facts(event)
    assert shown["Bytes sent"] == "198\u202f180\u202f864"
    assert shown["Ended"] == "20 Nov 2026, 14:08:00"
    assert shown["Patient IDs"] == "NC-004417, 2002062031458"
    assert shown["From address"] == "10.20.4.18"


def test_images_sent_to_a_machine_say_to_which_and_how():
    event = services.record_instances_sent(
        actor=ServerActor("1", "Main", "Nistru Clinical"),
        event=make_access_event(kind="instances_sent", sub=None, peer="WORKSTATION", way="c_move"),
        study=CHEST,
    )
    assert words(event) == ("Sent images to a machine", "748 images to WORKSTATION, asked for with C-MOVE", "")
    assert (row_of(event).who, facts(event)["Machine"]) == ("Main", "WORKSTATION")


def test_stored_objects_say_how_many():
    event = services.record_instances_stored(
        actor=PASCARU,
        event=make_access_event(kind="instances_stored", instances=1, way="stow_rs"),
        study=CHEST,
        rule="own_study",
    )
    assert words(event) == ("Stored objects with the study", "1 object, by DICOMweb", "Own studies")


def test_one_image_is_one_image():
    event = services.record_pixels_read(actor=PASCARU, event=make_access_event(instances=1), study=CHEST)
    assert words(event) == ("Opened images", "1 image, 1 session", "")


def test_denied_access_says_so():
    event = services.record_access_denied(actor=PASCARU, study=CHEST, tried="viewer_token")
    assert words(event) == ("Tried to open", "the images", "No rule allows it")
    assert row_of(event).is_denied


def test_break_glass_is_told_apart():
    event = services.record_study_opened(
        actor=PASCARU, study=CHEST, rule="break_glass", break_glass=True, reason="Short of breath"
    )
    assert words(event) == ("Opened by break-glass", "", "Break-glass")
    assert row_of(event).is_break_glass
    assert facts(event)["Reason"] == "Short of breath"


def test_a_token_is_a_pass_and_no_claim_that_images_were_read():
    token = {
        "actor": PASCARU,
        "study": CHEST,
        "rule": "own_study",
        "session_id": "s",
        "token_id": "t",
        "permissions": ["view", "share"],
        "expires_at": NOON,
    }
    assert words(services.record_viewer_token_issued(**token)) == ("Got a pass for the images", "", "Own studies")
    renewed = services.record_viewer_token_issued(**token, renewed=True)
    assert words(renewed) == ("Renewed the pass for the images", "", "Own studies")
    assert facts(renewed)["May"] == "view, share"
    assert facts(renewed)["Renewed"] == "yes"


def test_grant_says_to_whom_and_until_when():
    event = services.record_grant_made(
        actor=PASCARU,
        study=CHEST,
        grant_id="G-209",
        **PERSON,
        permissions=["view"],
        valid_from=NOON,
        valid_until=NOON + timedelta(days=10),
    )
    assert words(event) == ("Gave access", "to Prof. Jens Albrecht, until 30 Nov 2026", "")
    revoked = services.record_grant_revoked(actor=PASCARU, study=CHEST, grant_id="G-209", **PERSON)
    assert words(revoked) == ("Took access back", "of Prof. Jens Albrecht", "")


def test_search_says_how_much_was_shown():
    event = services.record_worklist_query(actor=PASCARU, filters={"modality": "CT"}, results=1)
    assert words(event) == ("Searched the worklist", "1 study shown", "")
    assert facts(event)["Looked for"] == "modality: CT"
    reading = services.record_audit_read(actor=PASCARU, filters={"patient": "NC-1", "denied": True}, results=1204)
    assert words(reading) == ("Read the audit log", "1\u202f204 events shown", "")
    assert facts(reading)["Looked for"] == "patient: NC-1, denied only: yes"


def test_role_is_said_in_words():
    event = services.record_role_given(actor=PASCARU, **PERSON, role="consultant", institution="Nistru Clinical")
    assert words(event) == ("Gave a role", "Consultant: Prof. Jens Albrecht", "")


def test_refused_token_says_why():
    event = services.record_token_refused(
        actor=UnknownActor(), event=make_access_event(kind="token_refused", reason="token_expired"), study=CHEST
    )
    assert words(event) == ("Tried to open images", "with a token that had expired", "")
    row = row_of(event)
    assert (row.who, row.who_detail) == ("Not signed in", "")


def test_flood_of_refused_tokens_says_how_many():
    event = services.record_token_refused(
        actor=UnknownActor(),
        event=make_access_event(kind="token_refused", reason="token_expired (12 times)"),
        study=CHEST,
    )
    assert words(event)[1] == "with a token that had expired (12 times)"


@pytest.mark.parametrize(
    ("tried", "expected"),
    [
        ("give_access", ("Tried to give access", "", "No rule allows it")),
        ("enrolment", ("Tried to connect a DICOM Server", "", "No rule allows it")),
        ("console", ("Tried to open", "the console", "No rule allows it")),
        ("moon", ("Tried to open", "moon", "No rule allows it")),
    ],
)
def test_what_was_tried_is_said_in_words(tried, expected):
    assert words(services.record_access_denied(actor=PASCARU, tried=tried)) == expected


def test_failed_sign_in_says_as_whom():
    event = services.record_failed_sign_in(actor=UnknownActor(), username="pascaru")
    assert words(event) == ("Tried to sign in", "pascaru", "")


def test_actors_that_are_no_people_have_words():
    server = row_of(make_event(actor=ServerActor("1", "Main", "Nistru Clinical")))
    assert (server.who, server.who_detail) == ("Main", "DICOM Server, Nistru Clinical")
    system = row_of(make_event(actor=SystemActor("grants")))
    assert (system.who, system.who_detail) == ("grants", "The portal itself")


def test_codes_of_the_future_are_shown_as_they_are():
    event = make_event(rule="by_telepathy", details={"colour": "blue", "tried": "x"})
    assert words(event) == ("Opened the study", "", "by_telepathy")
    assert facts(event)["colour"] == "blue"


def test_each_action_has_an_icon():
    assert set(ICONS) == set(Action.values)


def test_details_without_words_do_not_exist():
    assert all(str(label) for label in DETAILS.values())


def test_every_act_has_a_row_of_its_event_number():
    event = make_event()
    assert facts(event)["Event"] == f"{event.pk:,}".replace(",", "\u202f")
