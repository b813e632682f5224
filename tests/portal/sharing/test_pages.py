"""The maker's pages: the form, the secrets shown once, the list, taking back."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.institutions.models import Role
from portal.sharing.models import ShareLink, State
from portal.sharing.pages import PAGE_SIZE
from portal.sharing.pins import digest_of, typed_pin
from tests.portal.grants.factories import (
    GrantFactory,
    MembershipFactory,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.sharing.factories import make_link
from tests.portal.ui.test_pages import inline_code

pytestmark = pytest.mark.django_db
FORM = {"label": "for Dr. Rusu", "life": "7", "max_uses": "3"}


@pytest.fixture
def study():
    return make_patient_study(patient=national_patient(patient_name="Munteanu^Elena"))


@pytest.fixture
def maker(client, study):
    person = radiologist_of(study.server.institution)
    client.force_login(person)
    return person


def address(study) -> str:
    return f"/studies/{study.study_instance_uid}/share/?server={study.server_id}"


def secrets_of(html):
    token = re.search(r"http://testserver/share/([^/]+)/", html)[1]
    pin = re.search(r'data-testid="pin">([0-9 ]+)<', html)[1]
    return token, pin


def test_the_form_names_the_patient_and_offers_what_the_maker_has(client, study, maker):
    html = client.get(address(study)).content.decode()
    assert "Munteanu" in html
    assert re.findall(r'<option value="(\w+)"', html) == ["1", "7", "30", "90"]
    assert 'name="may_download"' in html
    assert inline_code(html) == []


def test_a_made_link_is_shown_once_with_pin_and_qr_code(client, study, maker):
    answer = client.post(address(study), {**FORM, "may_download": "on"})
    html = answer.content.decode()
    assert answer.status_code == 200
    token, pin = secrets_of(html)
    link = ShareLink.objects.get()
    assert link.token_digest == digest_of(token)
    assert typed_pin(pin) is not None
    assert pin[4] == " "
    assert pin.replace(" ", "") not in token
    assert (link.label, link.max_uses, link.created_by) == ("for Dr. Rusu", 3, maker)
    assert link.permissions == ["view", "download"]
    assert abs(link.valid_until - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert "<svg viewBox" in html
    assert inline_code(html) == []
    assert "no-store" in answer["Cache-Control"]
    listed = client.get("/sharing/").content.decode()
    assert token not in listed
    assert pin not in listed
    assert "for Dr. Rusu" in listed


@pytest.mark.parametrize(
    "changes",
    [{"label": ""}, {"label": "x" * 81}, {"life": "365"}, {"life": ""}, {"max_uses": "0"}, {"max_uses": "101"}],
)
def test_a_wrong_form_makes_no_link(client, study, maker, changes):
    assert client.post(address(study), {**FORM, **changes}).status_code == 422
    assert not ShareLink.objects.exists()


def test_fields_that_nobody_asked_for_change_nothing(client, study, maker):
    stranger = MembershipFactory().user
    planted = {"uses": "9", "created_by": stranger.pk, "token_digest": "x", "pin": "000000", "permissions": "share"}
    client.post(address(study), {**FORM, **planted})
    link = ShareLink.objects.get()
    assert (link.uses, link.created_by, link.permissions) == (0, maker, ["view"])
    assert len(link.token_digest) == 64


def test_who_has_the_study_for_a_time_shares_it_as_long(client, study):
    own = GrantFactory(study=study, permissions=["view", "share"], valid_until=timezone.now() + timedelta(days=3))
    client.force_login(own.user)
    html = client.get(address(study)).content.decode()
    assert re.findall(r'<option value="(\w+)"', html) == ["1", "own_end"]
    assert 'name="may_download"' not in html
    assert client.post(address(study), {**FORM, "life": "own_end", "may_download": "on"}).status_code == 200
    link = ShareLink.objects.get()
    assert (link.valid_until, link.permissions) == (own.valid_until, ["view"])


def test_patients_read_simple_words(client, study):
    person = patient_person()
    client.force_login(person)
    assert client.post(address(study), FORM).status_code == 200
    html = client.get("/sharing/").content.decode()
    assert "<h1>" in html
    assert "Links to your images that you gave to others" in html
    assert 'data-bs-theme="light"' in html


def test_the_list_says_what_became_of_each_link(client, study, maker, time_machine):
    time_machine.move_to(timezone.now())
    _, used_up, revoked, closed, ended = (make_link(maker, study, label=f"link {n}") for n in range(5))
    ShareLink.objects.filter(pk=used_up.link.pk).update(uses=5, last_used_at=timezone.now())
    client.post(f"/sharing/links/{revoked.link.pk}/revoke/")
    ShareLink.objects.filter(pk=closed.link.pk).update(closed_at=timezone.now(), closed_reason="wrong_pin")
    grant = ended.link.grant
    grant.valid_from, grant.valid_until = timezone.now() - timedelta(days=2), timezone.now() - timedelta(days=1)
    grant.save()
    html = client.get("/sharing/").content.decode()
    for words in ("Works", "Used up", "Taken back", "Closed", "five wrong PINs", "Ended", "opened 5 of 5 times"):
        assert words in html
    assert html.count("Take back<") == 2
    assert inline_code(html) == []


def test_the_list_goes_on_page_by_page_and_only_through_ones_own(client, study, maker):
    made = [make_link(maker, study, label=f"link {n}").link for n in range(PAGE_SIZE + 2)]
    first = client.get("/sharing/").content.decode()
    assert first.count("data-link=") == PAGE_SIZE
    place = re.search(r"\?after=([0-9a-f-]+)", first)[1]
    second = client.get("/sharing/", {"after": place}).content.decode()
    assert re.findall(r'data-link="([0-9a-f-]+)"', second) == [str(made[1].pk), str(made[0].pk)]
    foreign = make_link(study=study).link
    assert client.get("/sharing/", {"after": foreign.pk}).content.decode().count("data-link=") == PAGE_SIZE
    assert client.get("/sharing/", {"after": "'; --"}).status_code == 200


def test_the_list_asks_the_database_as_often_for_many_as_for_one(client, study, maker, django_assert_max_num_queries):
    for _ in range(6):
        make_link(maker, study)
    with django_assert_max_num_queries(19):
        client.get("/sharing/")


def test_taking_back_is_one_press_and_one_event(client, study, maker):
    made = make_link(maker, study)
    answer = client.post(f"/sharing/links/{made.link.pk}/revoke/", follow=True)
    assert "The link &quot;for Dr. Rusu&quot; works no more" in answer.content.decode()
    assert ShareLink.objects.get().state_at(timezone.now()) == State.REVOKED
    assert AuditEvent.objects.get(action=Action.SHARE_LINK_REVOKED).actor_id == str(maker.subject)


def test_hostile_labels_are_shown_as_text(client, study, maker):
    make_link(maker, study, label='<script>alert(1)</script>"><img src=x>')
    html = client.get("/sharing/").content.decode()
    assert "<script>alert" not in html
    assert "<img src=x>" not in html
    assert inline_code(html) == []


def test_administrators_have_a_list_of_their_own_which_is_empty(client, study):
    make_link(study=study)
    client.force_login(
        MembershipFactory(institution=study.server.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
    )
    assert "data-link=" not in client.get("/sharing/").content.decode()


def test_the_study_page_leads_to_the_form_and_to_the_download_by_right(client, study, maker):
    study.server.last_contact_at = timezone.now()
    study.server.save()
    page = f"/studies/{study.study_instance_uid}/"
    html = client.get(page).content.decode()
    assert f'href="{address(study)}"' in html
    assert "data-downloads=" in html
    assert "portal/js/download.js" in html
    client.force_login(GrantFactory(study=study, permissions=["view"]).user)
    html = client.get(page).content.decode()
    assert "/share/" not in html
    assert "data-downloads=" not in html
    assert "portal/js/download.js" not in html
