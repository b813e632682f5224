"""The pages that have a study deleted: for administrators of the server's institution, and for nobody else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from portal.grants.models import GrantKind
from portal.institutions.models import Role
from portal.studies.models import Series, Study
from tests.portal.grants.factories import (
    AssignmentFactory,
    GrantFactory,
    MembershipFactory,
    make_patient_study,
    radiologist_of,
)
from tests.portal.orders.factories import place
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_name, make_patient_report
from viewer.marks.models import Mark

pytestmark = pytest.mark.django_db
FIND = "/settings/deletion/"


def page_of(study: Study, part: str = "") -> str:
    """The address of the page about a holding."""
    return f"{FIND}{study.study_instance_uid}/{part}?server={study.server_id}"


@pytest.fixture
def study():
    server = DicomServerFactory(dicomweb_url="https://images.nistru.example/dicomweb", name="Nistru archive")
    patient = make_patient_report(patient_id="P-4711", patient_name=make_name("Țurcanu^Ștefan"), other_patient_ids=())
    return make_patient_study(server, patient=patient, accession_number="ACC-0815", study_description="CT shoulder")


@pytest.fixture
def administrator(study):
    return MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=study.server.institution).user


@pytest.fixture
def signed_in(administrator):
    client = Client()
    client.force_login(administrator)
    return client


def found_by(client, text: str) -> list[str]:
    """The study UIDs on the page after a search."""
    page = client.post(FIND, {"text": text}).content.decode()
    return [part.split('"')[0] for part in page.split('<li data-study="')[1:]]


@pytest.mark.parametrize("text", ["turcanu", "Țurcanu Ștef", "P-4711", "p 4711", "ACC-0815", "shoulder"])
def test_a_study_is_found_by_name_numbers_and_description(signed_in, study, text) -> None:
    make_patient_study(study.server)
    assert found_by(signed_in, text) == [study.study_instance_uid]


def test_a_study_is_found_by_its_uid_alone(signed_in, study) -> None:
    make_patient_study(study.server)
    assert found_by(signed_in, study.study_instance_uid) == [study.study_instance_uid]
    assert found_by(signed_in, " ") == []
    assert found_by(signed_in, "--") == []


def test_what_is_typed_stands_in_no_address_and_is_recorded_without_names(signed_in, study) -> None:
    found_by(signed_in, "P-4711")
    found_by(signed_in, "turcanu")
    first, second = AuditEvent.objects.filter(action="worklist_queried").order_by("pk")
    assert (first.details["filters"], first.details["results"]) == ({"search": "…"}, 1)
    assert first.patient_identifiers == ["P4711"]
    assert second.patient_identifiers == []
    assert signed_in.get(FIND, {"text": "turcanu"}).content.decode().count("data-study=") == 0


def test_studies_of_other_institutions_and_removed_ones_are_not_found(signed_in, study) -> None:
    stranger = make_patient_study(accession_number="ACC-0815")
    study.is_removed = True
    study.save(update_fields=["is_removed"])
    assert found_by(signed_in, "ACC-0815") == []
    assert signed_in.get(page_of(study)).status_code == 410
    assert signed_in.get(page_of(stranger)).status_code == 404
    denied = AuditEvent.objects.get(action="access_denied")
    assert (denied.details["tried"], denied.study_instance_uid) == ("errand_delete", stranger.study_instance_uid)


def test_very_many_are_told_to_be_more(signed_in, study) -> None:
    for _ in range(50):
        make_patient_study(study.server, study_description="CT shoulder")
    page = signed_in.post(FIND, {"text": "shoulder"}).content.decode()
    assert page.count('<li data-study="') == 50
    assert "The newest 50, there are more." in page


def test_the_page_says_what_goes_and_lets_the_browser_reach_its_server_alone(signed_in, study) -> None:
    other = DicomServerFactory(institution=study.server.institution, dicomweb_url="https://two.example/dicomweb")
    answer = signed_in.get(page_of(study))
    assert answer.status_code == 200
    page = answer.content.decode()
    for words in ("Țurcanu", "CT shoulder", "ACC-0815", "Nistru archive", "P-47 11", "No other server of the network"):
        assert words in page.replace("P-4711", "P-47 11")
    assert f"/api/v1/servers/{study.server_id}/errands/" in page
    assert 'data-expected="ACC-0815"' in page
    assert "<img" not in page
    policy = answer["Content-Security-Policy"]
    assert "https://images.nistru.example" in policy
    assert other.dicomweb_url.removesuffix("/dicomweb") not in policy
    assert "no-store" in answer["Cache-Control"]
    event = AuditEvent.objects.get(action="worklist_queried")
    assert event.details["filters"] == {"study_instance_uid": study.study_instance_uid}
    assert "P-4711" in event.patient_identifiers


def test_what_refers_to_the_study_is_counted(signed_in, study) -> None:
    now = timezone.now()
    for kind in (GrantKind.GIVEN, GrantKind.REQUESTED, GrantKind.SHARE_LINK, GrantKind.BREAK_GLASS):
        GrantFactory(study=study, kind=kind)
    GrantFactory(study=study, revoked_at=now)
    GrantFactory(study=study, valid_from=now - timedelta(days=2), valid_until=now - timedelta(days=1))
    GrantFactory()
    AssignmentFactory(study=study, user=radiologist_of(study.server.institution))
    page = signed_in.get(page_of(study)).content.decode()
    for words in ("Access given 2 times", "1 share link", "1 opening by break-glass", "Assigned to 1 radiologist"):
        assert words in page
    assert "question" not in page.split('id="then-title"')[0]


def test_copies_are_told_by_name_only_at_the_own_institution(signed_in, study) -> None:
    own = DicomServerFactory(institution=study.server.institution, name="Second archive")
    make_patient_study(own, study_instance_uid=study.study_instance_uid)
    stranger = DicomServerFactory(name="Secret hospital archive")
    make_patient_study(stranger, study_instance_uid=study.study_instance_uid)
    page = signed_in.get(page_of(study)).content.decode()
    assert "Second archive has" in page
    assert "1 server of another institution reports the same study UID." in page
    assert "Secret" not in page
    assert "No other server" not in page
    # Two own servers hold it: an address without a server means neither.
    assert signed_in.get(f"{FIND}{study.study_instance_uid}/").status_code == 404
    assert signed_in.get(f"{FIND}{study.study_instance_uid}/?server=no-uuid").status_code == 404


@pytest.mark.parametrize(
    ("accession", "patient_id", "expected"), [("A 1", "P-1", "A 1"), ("", "P-1", "P-1"), (" ", "", "1")]
)
def test_what_confirms_is_a_number_that_the_study_has(signed_in, study, accession, patient_id, expected) -> None:
    patient = make_patient_report(patient_id=patient_id, other_patient_ids=())
    other = make_patient_study(study.server, patient=patient, accession_number=accession)
    Study.objects.filter(pk=other.pk).update(number_of_study_related_instances=1)
    assert f'data-expected="{expected}"' in signed_in.get(page_of(other)).content.decode()


def test_the_state_follows_the_catalogue(signed_in, study) -> None:
    assert signed_in.get(page_of(study, "state/")).json() == {"is_removed": False}
    study.is_removed = True
    study.save(update_fields=["is_removed"])
    assert signed_in.get(page_of(study, "state/")).json() == {"is_removed": True}


@pytest.mark.parametrize("role", [role for role in Role if role != Role.INSTITUTION_ADMINISTRATOR])
def test_other_roles_find_no_such_pages(client, study, role) -> None:
    client.force_login(MembershipFactory(role=role, institution=study.server.institution).user)
    for address in (FIND, page_of(study), page_of(study, "state/")):
        assert client.get(address).status_code == 404
    assert client.post(FIND, {"text": "ACC-0815"}).status_code == 404
    tried = AuditEvent.objects.filter(action="access_denied", details__tried="errand_delete")
    assert tried.count() == 4
    assert not AuditEvent.objects.filter(action="worklist_queried").exists()


def test_an_administrator_of_another_institution_learns_nothing(client, study) -> None:
    other = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)
    DicomServerFactory(institution=other.institution)
    client.force_login(other.user)
    assert found_by(client, "ACC-0815") == []
    assert found_by(client, study.study_instance_uid) == []
    for address in (page_of(study), page_of(study, "state/")):
        assert client.get(address).status_code == 404


def test_an_institution_without_a_server_has_nothing_to_delete(client) -> None:
    client.force_login(MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user)
    assert client.get(FIND).status_code == 404


def test_signed_out_leads_to_sign_in(client, study) -> None:
    for address in (FIND, page_of(study), page_of(study, "state/")):
        assert client.get(address).url.startswith("/accounts/login/")


def test_the_settings_lead_there(signed_in) -> None:
    assert f'href="{FIND}"' in signed_in.get("/settings/").content.decode()
    page = signed_in.get(FIND).content.decode()
    assert 'aria-current="page"' in page


def test_orders_reports_and_measurements_are_told_too(signed_in, study) -> None:
    orderer = MembershipFactory(role=Role.RADIOLOGIST, institution=study.server.institution).user
    place(orderer, study.server, study_instance_uid=study.study_instance_uid)
    place(orderer, study.server)
    Series.objects.create(study=study, series_instance_uid="1.2.3.1", modality="SR")
    Series.objects.create(study=study, series_instance_uid="1.2.3.2", modality="KO")
    now = timezone.now()
    for is_deleted in (False, False, True):
        Mark.objects.create(
            study=study, mark_id=uuid4(), author=orderer, created_at=now, changed_at=now, is_deleted=is_deleted
        )
    page = signed_in.get(page_of(study)).content.decode()
    for words in (
        "1 order, which stays",
        "2 series with reports or documents (KO, SR): deleted with the images",
        "2 measurements and drawings, kept without the images",
    ):
        assert words in page
