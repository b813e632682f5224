"""Priors: other studies that certainly are of the same patient, that the reader may see, and nothing about others."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.deidentified import deidentified_holdings
from portal.grants.models import IdentityRuling
from portal.institutions.models import Role
from tests.portal.consultations.factories import asked, consultant_person, inviter_of, marked_study
from tests.portal.grants.factories import (
    NATIONAL_IDS,
    DicomServerFactory,
    GrantFactory,
    MembershipFactory,
    UserFactory,
    make_patient_report,
    make_patient_study,
    national_patient,
    patient_person,
    radiologist_of,
)
from tests.portal.sharing.factories import make_link, open_link
from tests.portal.studies.factories import make_series
from viewer.models import ViewingSession
from wire.studies import PatientIdentifier

pytestmark = pytest.mark.django_db


@pytest.fixture
def server():
    return DicomServerFactory(last_contact_at=timezone.now(), dicomweb_url="https://one.example/dicomweb")


@pytest.fixture
def elsewhere():
    return DicomServerFactory(last_contact_at=timezone.now(), dicomweb_url="https://two.example:8443/dicomweb")


@pytest.fixture
def study(server):
    return make_patient_study(server, patient=national_patient(), study_date="20261120")


@pytest.fixture
def reader(server, elsewhere, client):
    """A radiologist of both institutions."""
    person = radiologist_of(server.institution)
    MembershipFactory(user=person, institution=elsewhere.institution, role=Role.RADIOLOGIST)
    client.force_login(person)
    return person


def prior(server, day, **changes):
    patient = changes.pop("patient", None) or national_patient()
    return make_patient_study(server, patient=patient, study_date=day, **changes)


def page(client, study):
    return client.get(f"/viewer/{study.study_instance_uid}/?server={study.server_id}")


def config_of(answer):
    html = answer.content.decode()
    return json.loads(re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', html)[1])


def uids(answer):
    return [one["study_instance_uid"] for one in config_of(answer)["priors"]]


def connects(answer):
    (found,) = re.findall(r"connect-src ([^;]*)", answer["Content-Security-Policy"])
    return found.split()


def test_studies_of_two_institutions_come_newest_first_each_with_its_own_server(
    client, reader, server, elsewhere, study
):
    old = prior(server, "20240503")
    newer = prior(elsewhere, "20260101", series=(make_series(3, modality="CT", series_description="Thorax"),))
    answer = page(client, study)
    assert uids(answer) == [newer.study_instance_uid, old.study_instance_uid]
    first = config_of(answer)["priors"][0]
    api = f"/api/v1/studies/{newer.study_instance_uid}"
    assert first["token_url"] == f"{api}/viewer-token/?server={elsewhere.pk}"
    assert first["annotations_url"] == f"{api}/annotations/?server={elsewhere.pk}"
    assert (first["server_id"], first["institution"]) == (str(elsewhere.pk), elsewhere.institution.short_name)
    assert (first["study_date"], first["is_prior"]) == ("1 Jan 2026", True)
    assert first["permissions"] == ["view", "download", "report", "share"]
    assert [one["description"] for one in first["series"]] == ["Thorax"]
    assert connects(answer) == ["'self'", "https://one.example", "https://two.example:8443"]


def test_what_the_reader_may_not_see_is_no_prior(client, server, elsewhere, study):
    prior(elsewhere, "20260101")
    client.force_login(radiologist_of(server.institution))
    answer = page(client, study)
    assert uids(answer) == []
    assert connects(answer) == ["'self'", "https://one.example"]
    assert "two.example" not in answer.content.decode()


def test_each_prior_says_what_may_be_done_with_it(client, server, elsewhere, study):
    granted = prior(elsewhere, "20260101")
    person = radiologist_of(server.institution)
    GrantFactory(study=granted, user=person, permissions=["view"])
    client.force_login(person)
    assert config_of(page(client, study))["priors"][0]["permissions"] == ["view"]


def test_opening_the_page_opens_no_prior(client, reader, server, study):
    other = prior(server, "20240503")
    page(client, study)
    opened = AuditEvent.objects.filter(action=Action.STUDY_OPENED)
    assert [event.study_instance_uid for event in opened] == [study.study_instance_uid]
    assert not ViewingSession.objects.filter(study=other).exists()
    client.post(f"/api/v1/studies/{other.study_instance_uid}/viewer-token/?server={server.pk}")
    issued = AuditEvent.objects.filter(action=Action.VIEWER_TOKEN_ISSUED).order_by("pk")
    assert [event.study_instance_uid for event in issued] == [study.study_instance_uid, other.study_instance_uid]


@pytest.mark.parametrize("changes", [{"patient_birth_date": "19990101"}, {"patient_sex": "M"}])
def test_another_person_under_the_same_number_is_no_prior_and_leaves_no_doubtful_one(
    client, reader, server, elsewhere, study, changes
):
    same = prior(server, "20240503")
    vague = prior(elsewhere, "20250101", patient=national_patient(patient_birth_date="", patient_sex=""))
    assert uids(page(client, study)) == [vague.study_instance_uid, same.study_instance_uid]
    stranger = prior(elsewhere, "20260101", patient=national_patient(patient_id="77-09", **changes))
    # Whose the vague description is nobody knows any more.
    assert uids(page(client, study)) == [same.study_instance_uid]
    IdentityRuling.objects.create(
        patient=stranger.patient,
        issuer="IDNP",
        national_id=NATIONAL_IDS[0],
        is_the_bearer=False,
        reason="Compared the passport",
        ruled_by=UserFactory(),
        ruled_at=timezone.now(),
    )
    assert uids(page(client, study)) == [vague.study_instance_uid, same.study_instance_uid]
    assert uids(page(client, stranger)) == []


def test_a_number_of_one_institution_says_nothing_in_another(client, reader, server, elsewhere):
    ours = make_patient_report(patient_id="4711", issuer_of_patient_id="HIS", other_patient_ids=())
    study = make_patient_study(server, patient=ours)
    make_patient_study(elsewhere, patient=ours)
    sibling = make_patient_study(server, patient=ours)
    assert uids(page(client, study)) == [sibling.study_instance_uid]


def test_another_id_without_an_issuer_makes_nobody_the_same_patient(client, reader, server):
    nameless = PatientIdentifier(identifier="1234", issuer="", kind="other")
    mine = make_patient_report(patient_id="1", other_patient_ids=(nameless,))
    study = make_patient_study(server, patient=mine)
    make_patient_study(server, patient=make_patient_report(patient_id="2", other_patient_ids=(nameless,)))
    sibling = make_patient_study(server, patient=mine)
    assert uids(page(client, study)) == [sibling.study_instance_uid]


def test_people_of_whom_nothing_is_known_are_not_one_person(client, reader, server):
    nobody = make_patient_report(patient_id="", issuer_of_patient_id="", other_patient_ids=())
    study = make_patient_study(server, patient=nobody)
    make_patient_study(server, patient=nobody)
    assert uids(page(client, study)) == []


def test_at_most_twenty_and_those_that_are_alike_go_first(client, reader, server, study):
    head = (make_series(1, modality="MR", body_part_examined="HEAD"),)
    for number in range(22):
        prior(server, f"2026{number % 12 + 1:02}{number + 1:02}", series=head)
    chest = prior(server, "20100101", series=(make_series(1, modality="CT", body_part_examined="CHEST"),))
    found = config_of(page(client, study))["priors"]
    assert len(found) == 20
    assert found[-1]["study_instance_uid"] == chest.study_instance_uid
    days = [one["study_day"] for one in found]
    assert days == sorted(days, reverse=True)


def test_a_copy_on_another_server_is_not_a_second_prior(client, reader, server, elsewhere, study):
    old = prior(server, "20240503")
    prior(elsewhere, "20240503", study_instance_uid=old.study_instance_uid)
    DicomServerFactory._meta.model.objects.filter(pk=elsewhere.pk).update(last_contact_at=None)
    (only,) = config_of(page(client, study))["priors"]
    assert (only["study_instance_uid"], only["server_id"]) == (old.study_instance_uid, str(server.pk))


def test_the_holder_of_a_share_link_gets_none(server, study):
    prior(server, "20240503")
    holder = open_link(make_link(study=study))
    config = config_of(page(holder, study))
    assert (config["priors"], config["simple"], config["annotations_url"]) == ([], True, None)
    assert (config["preferences_url"], config["hangings_url"], config["session"]) == (None, None, None)


def test_a_study_without_identity_has_none(client):
    study = marked_study()
    make_patient_study(study.server, patient=national_patient())
    asked(inviter_of(study), study)
    consultant = consultant_person()
    client.force_login(consultant)
    (hidden,) = deidentified_holdings(consultant)
    config = config_of(client.get(f"/viewer/{hidden.masked.study_instance_uid}/"))
    assert (config["priors"], config["simple"]) == ([], False)
    assert config["permissions"] == ["view", "report"]


def test_a_patients_other_studies_are_priors_and_their_page_is_simple(client, server, study):
    other = prior(server, "20240503")
    client.force_login(patient_person())
    answer = page(client, study)
    assert uids(answer) == [other.study_instance_uid]
    config = config_of(answer)
    assert (config["simple"], config["annotations_url"]) == (True, None)


def test_the_page_asks_the_database_as_often_for_many_priors_as_for_one(client, reader, server, study):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, study)
        return len(captured)

    prior(server, "20230101")
    page(client, study)
    few = queries()
    for number in range(20):
        prior(server, f"202401{number + 1:02}")
    assert queries() == few
    assert few <= 50
