"""Every page renders for who may see it, with no inline script or style, and shows hostile text as text."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.institutions.models import Role
from portal.servers.browser_policy import origin_of
from portal.servers.models import DicomServer
from portal.studies.display import masked_identifier
from tests.portal.grants.factories import (
    NATIONAL_IDS,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_patient_report, make_report, make_study

pytestmark = pytest.mark.django_db


class InlineCode(HTMLParser):
    """Collects what a strict content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside_script = False

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in names and names.get("type") != "application/json"):
            self.found.append(tag)


def inline_code(html):
    parser = InlineCode()
    parser.feed(html)
    return parser.found


def signed_in(membership):
    client = Client()
    client.force_login(membership.user)
    return client


@pytest.fixture
def server():
    return DicomServerFactory(last_contact_at=timezone.now())


@pytest.fixture
def study(server):
    return make_study(server)


def page_of(role, server, path):
    membership = MembershipFactory(role=role, institution=server.institution)
    return signed_in(membership).get(path)


PAGES = [
    (Role.RADIOLOGIST, "/worklist/", "Worklist"),
    (Role.REFERRING_DOCTOR, "/worklist/", "My patients"),
    (Role.PATIENT, "/images/", "My images"),
    (Role.PATIENT, "/worklist/", "My images"),
    (Role.CONSULTANT, "/questions/", "My questions"),
    (Role.INSTITUTION_ADMINISTRATOR, "/monitoring/", "Servers"),
    (Role.INSTITUTION_ADMINISTRATOR, "/people/", "People"),
    (Role.SYSTEM_ADMINISTRATOR, "/monitoring/", "Servers"),
    (Role.AUDITOR, "/audit/", "Who did what"),
]


@pytest.mark.parametrize(("role", "path", "words"), PAGES)
def test_each_role_gets_its_page_without_inline_code(role, path, words, server, study):
    answer = page_of(role, server, path)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert words in html
    assert inline_code(html) == []
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]


def test_study_page_shows_banner_rule_and_dialog_without_inline_code(server, study):
    path = f"{reverse('worklist:study', args=[study.study_instance_uid])}?server={server.pk}"
    html = page_of(Role.RADIOLOGIST, server, path).content.decode()
    assert 'data-testid="patient-banner"' in html
    assert "Why can I see this study?" in html
    assert "Radiologist of the institution" in html
    assert 'id="give-access"' in html
    assert inline_code(html) == []


def test_sign_in_page_has_no_inline_code(client):
    html = client.get("/accounts/login/").content.decode()
    assert "I am a patient" in html
    assert inline_code(html) == []


def test_a_home_of_each_role_is_the_first_item_of_its_navigation(server):
    homes = {role: path for role, path, _ in reversed(PAGES)}
    for role, path in homes.items():
        answer = page_of(role, server, "/")
        assert (answer.status_code, answer.headers["Location"]) == (302, path)


def test_patients_get_light_pages_and_staff_dark_ones(server):
    assert 'data-bs-theme="light"' in page_of(Role.PATIENT, server, "/worklist/").content.decode()
    assert 'data-bs-theme="dark"' in page_of(Role.RADIOLOGIST, server, "/worklist/").content.decode()


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "'; DROP TABLE studies_study; --", "../../etc/passwd", '"><img src=x>']
)
def test_hostile_text_of_a_data_set_is_shown_as_text(hostile, server):
    patient = make_patient_report(patient_name=hostile, patient_id=hostile)
    report = make_report(server, patient=patient, study_description=hostile, accession_number=hostile[:16])
    study = make_study(server, **{name: getattr(report, name) for name in ("patient", "study_description")})
    path = f"{reverse('worklist:study', args=[study.study_instance_uid])}?server={server.pk}"
    for url in ("/worklist/", path):
        html = page_of(Role.RADIOLOGIST, server, url).content.decode()
        assert "<script>alert" not in html
        assert "<img src=x>" not in html
        assert inline_code(html) == []
        assert re.search(r"&lt;script&gt;|DROP TABLE|etc/passwd|&lt;img", html)


def test_row_says_what_is_missing_instead_of_leaving_it_blank(server):
    make_study(server, patient=make_patient_report(patient_name="", patient_birth_date="", patient_sex=""))
    html = page_of(Role.RADIOLOGIST, server, "/worklist/").content.decode()
    assert "Name not given" in html
    assert "sex, birth date not given" in html
    assert "1900" not in html


def policy_of(answer):
    directives = (part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    return {name: values.split() for name, values in directives}


def test_study_page_may_get_pictures_from_its_own_server_and_asks_with_the_studys_token(server, study):
    path = f"{reverse('worklist:study', args=[study.study_instance_uid])}?server={server.pk}"
    answer = page_of(Role.RADIOLOGIST, server, path)
    policy, html = policy_of(answer), answer.content.decode()
    assert policy["connect-src"] == ["'self'", origin_of(server.dicomweb_url)]
    assert policy["img-src"] == ["'self'", "data:", "blob:"]
    assert policy["script-src"] == ["'self'"]
    token_url = reverse("viewer_api:token", args=[study.study_instance_uid])
    assert f'data-pictures="{token_url}?server={server.pk}"' in html
    assert re.findall(r'data-thumbnail="([0-9.]+)"', html) == [
        one.series_instance_uid for one in study.series.order_by("series_number")
    ]


def test_list_and_panel_ask_for_no_picture_of_a_passing_row(server, study):
    answer = page_of(Role.RADIOLOGIST, server, "/worklist/")
    assert policy_of(answer)["connect-src"] == ["'self'"]
    assert "data-thumbnail" not in answer.content.decode()


def test_tiles_stay_words_while_the_server_cannot_be_reached(server, study):
    DicomServer.objects.filter(pk=server.pk).update(last_contact_at=timezone.now() - timedelta(hours=1))
    path = f"{reverse('worklist:study', args=[study.study_instance_uid])}?server={server.pk}"
    assert "data-pictures" not in page_of(Role.RADIOLOGIST, server, path).content.decode()


def test_patients_see_their_latest_study_first_with_pictures_of_it(server):
    number = NATIONAL_IDS[0]
    for day in (1, 3, 2):
        make_patient_study(
            server, patient=national_patient(), study_date=f"2026110{day}", study_instance_uid=f"1.2.3.{day}"
        )
    client = Client()
    client.force_login(patient_person(institution=server.institution))
    answer = client.get("/worklist/")
    html = answer.content.decode()
    assert re.findall(r'data-study="([0-9.]+)"', html) == ["1.2.3.3", "1.2.3.2", "1.2.3.1"]
    assert policy_of(answer)["connect-src"] == ["'self'", origin_of(server.dicomweb_url)]
    assert html.count("data-pictures") == 3
    assert "CT of the chest" in html
    assert masked_identifier(number) in html
    assert number not in html


def test_console_answers_its_own_question_with_parts_that_stay_in_their_place(server):
    membership = MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR, institution=server.institution)
    html = signed_in(membership).get("/monitoring/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert re.findall(r'id="(console-state|console-alerts|server-[0-9a-f-]{36})"\s+hx-swap-oob="true"', html) == [
        "console-state",
        "console-alerts",
        f"server-{server.pk}",
    ]


def test_people_are_rows_and_what_can_be_changed_stands_in_a_dialog(server):
    html = page_of(Role.INSTITUTION_ADMINISTRATOR, server, "/people/").content.decode()
    person = re.findall(r'data-person="(\d+)"', html)
    assert len(person) == 1
    assert f'data-opens="person-{person[0]}"' in html
    assert f'<dialog id="person-{person[0]}"' in html


def test_rows_that_grow_are_told_again_in_their_cells_and_nobody_elses_are(server):
    growing, foreign = make_patient_study(server, complete=False), make_patient_study(complete=False)
    client = Client()
    client.force_login(radiologist_of(server.institution))
    assert f'data-growing="{growing.pk}"' in client.get("/worklist/").content.decode()
    keys = [growing.pk, foreign.pk, "x", "1" * 40]
    html = client.get("/worklist/new/", {"growing": keys}, headers={"HX-Request": "true"}).content.decode()
    assert re.findall(r'id="((?:images|state)-\d+)"\s+hx-swap-oob="true"', html) == [
        f"images-{growing.pk}",
        f"state-{growing.pk}",
    ]
    assert "Munteanu" not in html


def test_signing_in_is_not_announced_on_the_page_that_shows_it(client, server):
    membership = MembershipFactory(institution=server.institution)
    membership.user.set_password("correct horse battery")
    membership.user.save()
    form = {"login": membership.user.username, "password": "correct horse battery"}
    html = client.post("/accounts/login/", form, follow=True).content.decode()
    assert "Worklist" in html
    assert "data-toast" not in html
