"""The page "Find elsewhere": for whom it is, what it may ask, and the way to it from the worklist."""

import json
import re
from datetime import date

import pytest

from audit.models import AuditEvent
from portal.institutions.models import Role
from portal.worklist.elsewhere import elsewhere_url
from tests.portal.grants.factories import MembershipFactory
from tests.portal.servers.factories import DicomServerFactory

pytestmark = pytest.mark.django_db
PAGE = "/elsewhere/"


@pytest.fixture
def server():
    return DicomServerFactory(dicomweb_url="https://dicom.nistru.example/dicomweb", name="Main archive")


@pytest.fixture
def reader(server):
    return MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution)


def test_a_radiologist_finds_the_servers_of_the_institution(client, reader, server):
    other = DicomServerFactory(institution=server.institution, dicomweb_url="https://two.example/dicomweb")
    DicomServerFactory(dicomweb_url="https://stranger.example/dicomweb")
    client.force_login(reader.user)
    answer = client.get(PAGE)
    assert answer.status_code == 200
    page = answer.content.decode()
    for one in (server, other):
        assert f"/api/v1/servers/{one.pk}/errands/" in page
    policy = answer["Content-Security-Policy"]
    assert "https://dicom.nistru.example" in policy
    assert "https://two.example" in policy
    assert "stranger" not in policy + page
    assert "no-store" in answer["Cache-Control"]
    words = json.loads(re.search(r'id="elsewhere-words"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    assert words["fetch"] == "Fetch"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.RADIOLOGIST])
def test_for_others_there_is_no_such_page(client, server, role):
    client.force_login(MembershipFactory(role=role, institution=server.institution).user)
    assert client.get(PAGE).status_code == 404
    (event,) = AuditEvent.objects.filter(action="access_denied")
    assert event.details["tried"] == "elsewhere"


def test_signed_out_leads_to_sign_in(client):
    assert client.get(PAGE).url.startswith("/accounts/login/")


def test_a_radiologist_of_an_institution_without_a_server_has_nothing_to_ask(client):
    client.force_login(MembershipFactory(role=Role.RADIOLOGIST).user)
    assert client.get(PAGE).status_code == 404


def test_the_worklist_leads_there_and_only_radiologists(client, reader):
    client.force_login(reader.user)
    empty = client.get("/worklist/", {"patient_name": "Popescu Ion"}).content.decode()
    assert empty.count("/elsewhere/#patient_name=Popescu+Ion") == 2
    doctor = MembershipFactory(role=Role.REFERRING_DOCTOR)
    client.force_login(doctor.user)
    assert "/elsewhere/" not in client.get("/worklist/").content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ""),
        ({"search": "Popescu Ion"}, "#patient_name=Popescu+Ion"),
        ({"search": "NC-0044"}, "#patient_id=NC-0044"),
        ({"search": "Rusu", "patient_name": "Popescu"}, "#patient_name=Popescu"),
        ({"accession_number": "A&1"}, "#accession_number=A%261"),
        (
            {"study_date_after": date(2026, 1, 2), "study_date_before": date(2026, 2, 3), "modality": ["CT"]},
            "#study_date_from=2026-01-02&study_date_to=2026-02-03&modality=CT",
        ),
        ({"study_date": date(2026, 1, 2)}, "#study_date_from=2026-01-02&study_date_to=2026-01-02"),
        ({"modality": ["CT", "MR"], "institution": ["nistru"]}, ""),
    ],
)
def test_the_words_of_the_search_go_along_where_no_log_sees_them(reader, values, words):
    assert elsewhere_url(reader, values) == f"/elsewhere/{words}"


def test_both_lists_tell_their_keys_in_the_same_dialog(client, reader):
    client.force_login(reader.user)
    dialogs = []
    for address in (PAGE, "/worklist/"):
        page = client.get(address).content.decode()
        (dialog,) = re.findall(r'<dialog id="keys".*?</dialog>', page, re.DOTALL)
        dialogs.append(" ".join(re.sub(r"<[^>]*>", " ", dialog).split()))
    elsewhere, worklist = dialogs
    assert elsewhere == (
        "Keys / Patient name J K ↑ ↓ Next and previous study F Fetch the study S Stop fetching it "
        "Enter Open the images Esc Stop the search Shift H Change role"
    )
    assert worklist == (
        "Keys / Search J K ↑ ↓ Next and previous study Enter Open the images Space Show or hide the panel "
        "E Find elsewhere . Show what is new Shift H Change role Esc Close, back"
    )
