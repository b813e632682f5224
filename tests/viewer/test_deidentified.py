"""Viewer and tokens without identity: mapped UIDs for the browser, the true ones for the server and the audit."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.consultations.services import answer
from portal.grants.deidentified import deidentified_holdings
from portal.grants.models import Grant
from portal.servers.models import DicomServer
from portal.servers.signing import portal_key
from tests.portal.consultations.factories import (
    MARKERS,
    UserFactory,
    actor_for,
    asked,
    consultant_person,
    inviter_of,
    marked_study,
    sealing_server,
)
from viewer.models import ViewingSession
from wire.deidentification import unseal
from wire.tokens import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    return sealing_server(name="LEAKSERVER", institution__short_name="LEAKOWNER")


@pytest.fixture
def study(server):
    return marked_study(server)


@pytest.fixture
def question(study):
    return asked(inviter_of(study), study)


@pytest.fixture
def consultant(question, client):
    person = consultant_person()
    client.force_login(person)
    return person


@pytest.fixture
def mapped(consultant):
    (hidden,) = deidentified_holdings(consultant)
    return hidden.masked.study_instance_uid


def token_of(client, uid, **query):
    return client.post(f"/api/v1/studies/{uid}/viewer-token/", query_params=query)


def claims_of(response, server):
    key = portal_key()
    return verify(response.json()["token"], {key.kid: key.private_key.public_key()}, str(server.pk), timezone.now())


def denials():
    return AuditEvent.objects.filter(action=Action.ACCESS_DENIED)


def test_the_page_shows_the_masked_copy_and_records_the_study(client, mapped, study, consultant):
    response = client.get(f"/viewer/{mapped}/")
    assert response.status_code == 200
    html = response.content.decode()
    uids = [study.study_instance_uid]
    assert [marker for marker in (*MARKERS, *uids) if marker in html] == []
    config = json.loads(re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', html)[1])
    assert config["study_instance_uid"] == mapped
    assert config["token_url"].startswith(f"/api/v1/studies/{mapped}/viewer-token/")
    assert config["worklist_url"] == "/questions/"
    assert config["patient"]["patient_name"] == Grant.objects.get().pseudonym
    assert "My questions" in html
    event = AuditEvent.objects.get(action=Action.STUDY_OPENED)
    assert (event.actor_id, event.study_instance_uid) == (str(consultant.subject), study.study_instance_uid)


def test_the_token_names_the_mapped_uid_and_seals_the_rest_for_the_server(client, mapped, study, server):
    response = token_of(client, mapped)
    assert response.status_code == 200
    assert response.json()["server"] == {"id": str(server.pk), "dicomweb_url": server.dicomweb_url}
    claims = claims_of(response, server)
    assert (claims.study_instance_uid, claims.permissions) == (mapped, ("view", "report"))
    grant = Grant.objects.get()
    sealed = unseal(
        claims.deidentification, server.sealing_private_key, audience=str(server.pk), study_instance_uid=mapped
    )
    assert (sealed.study_instance_uid, sealed.key) == (study.study_instance_uid, grant.deidentification_key)
    assert (sealed.pseudonym, list(sealed.options)) == (grant.pseudonym, grant.deidentification_options)
    event = AuditEvent.objects.get(action=Action.VIEWER_TOKEN_ISSUED)
    assert event.study_instance_uid == study.study_instance_uid
    assert event.details["session_id"] == claims.sid


def test_the_token_ends_with_the_grant(client, consultant, mapped, question, server):
    with time_machine.travel(question.deadline - timedelta(seconds=90), tick=False):
        client.force_login(consultant)
        claims = claims_of(token_of(client, mapped), server)
        assert claims.exp - claims.iat <= 90


def test_renewals_keep_the_session_and_say_nothing_new(client, mapped, server):
    first, second = (claims_of(token_of(client, mapped), server) for _ in range(2))
    assert first.sid == second.sid
    assert AuditEvent.objects.filter(action=Action.VIEWER_TOKEN_ISSUED).count() == 1
    assert ViewingSession.objects.count() == 1


@pytest.mark.parametrize("path", ["/viewer/{}/", "/studies/{}/", "/api/v1/studies/{}/", "/api/v1/studies/{}/findings/"])
def test_the_original_uid_is_404_and_recorded(client, consultant, study, path):
    assert client.get(path.format(study.study_instance_uid)).status_code == 404
    event = denials().get()
    assert (event.actor_id, event.study_instance_uid) == (str(consultant.subject), study.study_instance_uid)


def test_the_original_uid_gets_no_token(client, consultant, study):
    response = token_of(client, study.study_instance_uid)
    assert (response.status_code, "token" in response.json()) == (404, False)
    assert denials().count() == 1
    assert not ViewingSession.objects.exists()


def test_a_stranger_gets_nothing_by_the_mapped_uid(client, mapped):
    client.force_login(UserFactory())
    for path in (f"/viewer/{mapped}/", f"/studies/{mapped}/", f"/api/v1/studies/{mapped}/"):
        assert client.get(path).status_code == 404
    assert token_of(client, mapped).status_code == 404
    assert denials().count() == 4
    assert not ViewingSession.objects.exists()


def test_after_the_answer_nothing_opens(client, mapped, consultant, question, study):
    answer(actor=actor_for(consultant), consultant=consultant, consultation_id=question.pk, text="Yes.")
    for path in (f"/viewer/{mapped}/", f"/studies/{mapped}/", f"/api/v1/studies/{mapped}/"):
        assert client.get(path).status_code == 404
    assert token_of(client, mapped).status_code == 404
    assert [event.study_instance_uid for event in denials()] == [study.study_instance_uid] * 4
    assert not ViewingSession.objects.exists()


def test_after_the_deadline_nothing_opens(client, mapped, consultant, question):
    with time_machine.travel(question.deadline, tick=False):
        client.force_login(consultant)
        assert client.get(f"/viewer/{mapped}/").status_code == 404
        assert token_of(client, mapped).status_code == 404
    assert not ViewingSession.objects.exists()


def test_a_server_without_a_sealing_key_gets_no_token(client, mapped, server):
    DicomServer.objects.filter(pk=server.pk).update(sealing_key="")
    response = token_of(client, mapped)
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert not ViewingSession.objects.exists()


def test_a_disabled_server_gets_no_token(client, mapped, server):
    DicomServer.objects.filter(pk=server.pk).update(disabled_at=timezone.now())
    assert token_of(client, mapped).status_code == 503
    assert not ViewingSession.objects.exists()
