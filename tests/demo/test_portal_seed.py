"""People, tokens, codes and grants of the demonstration are made once and stay good."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from demo.people import STAFF
from demo.portal_access import ASKED, give_grants
from demo.portal_people import seed_people
from demo.state_files import read_json
from portal.accounts.models import NationalIdentity, User
from portal.grants.models import Grant, Permission
from portal.grants.policy import visible_studies
from portal.institutions.models import Institution, Membership, PhysicianAlias
from portal.servers.models import EnrolmentCode
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Where people and codes are kept."""
    return tmp_path / "people.json", tmp_path / "codes.json"


def test_everybody_of_demo_json_can_sign_in_with_password_and_token(files: tuple[Path, Path], client: Client) -> None:
    seed_people(*files)
    entries = read_json(files[0])
    assert [set(entry) for entry in entries] == [{"role", "username", "password", "api_token", "institution"}] * len(
        STAFF
    )
    for entry in entries:
        user = User.objects.get(username=entry["username"])
        assert user.check_password(entry["password"])
        answer = client.get("/api/v1/studies/", headers={"Authorization": f"Token {entry['api_token']}"})
        assert answer.status_code != 401


def test_second_start_changes_nobody(files: tuple[Path, Path]) -> None:
    seed_people(*files)
    first = read_json(files[0])
    rows = [model.objects.count() for model in (User, Membership, PhysicianAlias, NationalIdentity, AuthToken)]
    seed_people(*files)
    assert read_json(files[0]) == first
    assert [m.objects.count() for m in (User, Membership, PhysicianAlias, NationalIdentity, AuthToken)] == rows


def test_people_whose_file_was_lost_get_new_passwords_that_work(files: tuple[Path, Path]) -> None:
    seed_people(*files)
    before = read_json(files[0])
    files[0].unlink()
    seed_people(*files)
    after = read_json(files[0])
    assert before[0]["password"] != after[0]["password"]
    assert User.objects.get(username=after[0]["username"]).check_password(after[0]["password"])


def test_token_that_ends_soon_is_replaced(files: tuple[Path, Path]) -> None:
    seed_people(*files)
    before = read_json(files[0])
    AuthToken.objects.update(expiry=timezone.now() + timedelta(days=1))
    seed_people(*files)
    after = read_json(files[0])
    assert {one["api_token"] for one in before}.isdisjoint(one["api_token"] for one in after)


def test_only_institutions_without_a_server_get_a_code(files: tuple[Path, Path]) -> None:
    seed_people(*files)
    assert set(read_json(files[1])) == {"A", "B"}
    DicomServerFactory(institution=Institution.objects.get(code="A"))
    seed_people(*files)
    assert set(read_json(files[1])) == {"B"}
    assert EnrolmentCode.objects.filter(institution__code="A").count() == 1


def test_consultants_see_the_one_study_that_they_are_asked_about_until_a_date(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    seed_people(*files)
    for number, (code, (accession, _)) in enumerate(ASKED.items(), 1):
        server = DicomServerFactory(institution=Institution.objects.get(code=code))
        make_study(server, accession_number=accession, study_instance_uid=f"1.2.3.{number}")
        make_study(server, accession_number="other", study_instance_uid=f"1.2.4.{number}")
    give_grants(tmp_path / "grants.json")
    for username, uid in (("ayse.demir", "1.2.3.1"), ("luca.ferri", "1.2.3.2")):
        consultant = User.objects.get(username=username)
        assert [study.study_instance_uid for study in visible_studies(consultant)] == [uid]
        grant = Grant.objects.get(user=consultant)
        assert set(grant.permissions) == {Permission.VIEW, Permission.REPORT}
        assert timedelta(days=9) < grant.valid_until - timezone.now() < timedelta(days=11)
    give_grants(tmp_path / "grants.json")
    assert Grant.objects.count() == 2
    assert read_json(tmp_path / "grants.json")["until"] > timezone.now().isoformat()
