"""The viewer's page: whose images, which server it may talk to, and what it tells the client."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.servers.signing import portal_key
from tests.portal.grants.factories import (
    DicomServerFactory,
    make_name,
    make_patient_report,
    make_patient_study,
    national_patient,
    radiologist_of,
)
from tests.portal.studies.factories import make_series
from wire.tokens import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    return DicomServerFactory(last_contact_at=timezone.now(), dicomweb_url="https://dicom.nistru.example:8443/dicomweb")


@pytest.fixture
def reader(server, client):
    person = radiologist_of(server.institution)
    client.force_login(person)
    return person


def url_of(study) -> str:
    return f"/viewer/{study.study_instance_uid}/?server={study.server_id}"


def config_of(answer):
    found = re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', answer.content.decode())
    return json.loads(found.group(1))


def directives_of(answer) -> dict[str, str]:
    parts = answer["Content-Security-Policy"].split(";")
    return {name: values for name, _, values in (part.strip().partition(" ") for part in parts)}


def test_the_page_shakes_hands_with_its_server_before_any_script_runs(client, reader, server):
    page = client.get(url_of(make_patient_study(server))).content.decode()
    assert '<link rel="preconnect" href="https://dicom.nistru.example:8443" crossorigin>' in page


def test_the_page_tells_the_client_what_to_show(client, reader, server):
    study = make_patient_study(
        server,
        patient=national_patient(patient_name=make_name("Munteanu^Elena")),
        study_date="20261120",
        study_description="CT of the chest",
        accession_number="04-55011",
        series=(make_series(2, series_description=" Lung 1.0 ", number_of_series_related_instances=180),),
    )
    config = config_of(client.get(url_of(study)))
    assert config["presets"][1] == {"key": "2", "name": "Lung", "window_center": -400, "window_width": 1600}
    assert [preset["key"] for preset in config.pop("presets")] == list("1234567890")
    session = config.pop("session")
    assert (session["url"], session["may_stay"], 3500 < session["seconds_left"] <= 3600) == (
        "/accounts/session/",
        True,
        True,
    )
    api = f"/api/v1/studies/{study.study_instance_uid}"
    assert config.pop("first_token")["server"] == {"id": str(server.pk), "dicomweb_url": server.dicomweb_url}
    assert config == {
        "study_instance_uid": study.study_instance_uid,
        "server_id": str(server.pk),
        "token_url": f"{api}/viewer-token/?server={server.pk}",
        "annotations_url": f"{api}/annotations/?server={server.pk}",
        "taken_out_url": f"{api}/taken-out/?server={server.pk}",
        "permissions": ["view", "download", "report", "share"],
        "is_prior": False,
        "me": {"name": reader.full_name},
        "simple": False,
        "language": "en",
        "preferences": {},
        "preferences_url": "/api/v1/viewer/preferences/",
        "hangings": [],
        "hangings_url": "/api/v1/viewer/hangings/",
        "next_study_url": None,
        "priors": [],
        "worklist_url": "/worklist/",
        "study_url": f"/studies/{study.study_instance_uid}/?server={server.pk}",
        "institution": server.institution.short_name,
        "accession_number": "04-55011",
        "study_date": "20 Nov 2026",
        "study_day": "2026-11-20",
        "modalities": ["CT"],
        "body_parts": ["CHEST"],
        "description": "CT of the chest",
        "patient": {
            "patient_name": "Munteanu, Elena",
            "patient_sex": "F",
            "patient_age": "64 y",
            "patient_birth_date": "14 Mar 1962",
            "patient_id": "2099 0310 0147 2",
        },
        "series": [
            {
                "series_instance_uid": study.series.get().series_instance_uid,
                "number": 2,
                "description": "Lung 1.0",
                "modality": "CT",
                "body_part": "CHEST",
                "number_of_instances": 180,
            }
        ],
    }


def test_the_page_brings_its_first_token_which_opens_this_study_and_is_recorded(client, reader, server):
    study = make_patient_study(server)
    brought = config_of(client.get(url_of(study)))["first_token"]
    key = portal_key()
    claims = verify(brought["token"], {key.kid: key.public_key}, str(server.pk), timezone.now())
    assert (claims.study_instance_uid, claims.sub) == (study.study_instance_uid, str(reader.subject))
    left = datetime.fromisoformat(brought["expires_at"]) - datetime.fromisoformat(brought["now"])
    assert timedelta(minutes=4, seconds=50) < left <= timedelta(minutes=5)
    # The next one is a silent renewal of the same viewing session.
    renewed = client.post(f"/api/v1/studies/{study.study_instance_uid}/viewer-token/?server={server.pk}").json()
    again = verify(renewed["token"], {key.kid: key.public_key}, str(server.pk), timezone.now())
    assert again.sid == claims.sid
    event = AuditEvent.objects.get(action=Action.VIEWER_TOKEN_ISSUED)
    assert (event.study_instance_uid, event.details["token_id"]) == (study.study_instance_uid, claims.jti)


def test_a_page_on_a_server_out_of_service_brings_no_token(client, reader, server):
    study = make_patient_study(server)
    server.disabled_at = timezone.now()
    server.save()
    assert config_of(client.get(url_of(study)))["first_token"] is None


def test_the_windows_title_says_whose_images_it_shows(client, reader, server):
    patient = make_patient_report(patient_name=make_name("Munteanu^Elena"))
    study = make_patient_study(server, patient=patient, study_date="20261120", series=(make_series(1, modality="CT"),))
    assert client.get(url_of(study)).context["window_title"] == "Munteanu E., CT 20 Nov 2026"


def test_opening_the_viewer_is_recorded_with_the_rule(client, reader, server):
    study = make_patient_study(server)
    client.get(url_of(study))
    event = AuditEvent.objects.get(action=Action.STUDY_OPENED)
    assert (event.outcome, event.rule) == ("allowed", "radiologist_of_institution")
    assert event.study_instance_uid == study.study_instance_uid


def test_the_browser_may_talk_to_the_owning_server_and_to_no_other(client, reader, server):
    DicomServerFactory(institution=server.institution, dicomweb_url="https://other.example/dicomweb")
    policy = directives_of(client.get(url_of(make_patient_study(server))))
    assert policy["connect-src"] == "'self' https://dicom.nistru.example:8443"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["worker-src"] == "'self' blob:"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert (policy["media-src"], policy["frame-src"]) == ("blob:", "blob:")
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe-eval'" not in policy["script-src"].replace("'wasm-unsafe-eval'", "")


def test_other_pages_keep_the_stricter_policy(client, reader, server):
    policy = directives_of(client.get("/worklist/"))
    assert (policy["connect-src"], policy["script-src"], policy["style-src"]) == ("'self'", "'self'", "'self'")


def test_hostile_names_stay_inside_the_data_of_the_page(client, reader, server):
    hostile = "</script><script>alert(1)</script>"
    study = make_patient_study(
        server,
        patient=make_patient_report(patient_name=hostile),
        study_description=hostile,
        series=(make_series(1, series_description=hostile),),
    )
    answer = client.get(url_of(study))
    assert "<script>alert" not in answer.content.decode()
    assert config_of(answer)["description"] == hostile


def test_the_page_is_never_kept(client, reader, server):
    assert "no-store" in client.get(url_of(make_patient_study(server)))["Cache-Control"]


def test_no_inline_script_or_style_is_on_the_page(client, reader, server):
    body = client.get(url_of(make_patient_study(server))).content.decode()
    scripts = re.findall(r"<script([^>]*)>", body)
    assert all("src=" in attributes or 'type="application/json"' in attributes for attributes in scripts)
    assert not re.search(r"\son[a-z]+=", body)
    assert " style=" not in body
