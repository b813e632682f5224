"""The demonstration's providers know its patients by their national IDs and its radiologists by their e-mail."""

from pathlib import Path

import pytest

from demo import identity_providers
from demo.identity_providers import (
    ProvidersMissing,
    check_installed,
    make_secrets,
    newcomer_password,
    portal_settings,
    write_configurations,
)
from demo.people import KOZLOVA, MUNTEANU, STAFF, TURCANU
from demo.places import Places
from demo.state_files import read_json, write_json

PEOPLE = [{"username": one.username, "password": f"password of {one.username}"} for one in STAFF]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path, 8000)
    make_secrets(made)
    write_configurations(made, PEOPLE)
    return made


def test_patients_sign_in_with_the_password_of_demo_json_and_one_who_has_no_account(places: Places) -> None:
    content = read_json(places.national_provider.configuration_file)
    accounts = {one["username"]: one for one in content["accounts"]}
    assert {name: one["claims"]["idnp"] for name, one in accounts.items()} == {
        "elena.munteanu": MUNTEANU,
        "maria.kozlova": KOZLOVA,
        "gheorghe.turcanu": TURCANU,
    }
    elena = accounts["elena.munteanu"]
    assert elena["password"] == "password of elena.munteanu"
    assert elena["claims"]["birthdate"] == "1962-03-14"
    assert elena["claims"]["gender"] == "female"
    assert accounts["gheorghe.turcanu"]["password"] == newcomer_password(places)[1]
    assert accounts["gheorghe.turcanu"]["claims"]["family_name"] == "Țurcanu"


def test_radiologists_of_institution_a_are_in_its_provider(places: Places) -> None:
    content = read_json(places.institution_provider.configuration_file)
    claims = {one["username"]: one["claims"] for one in content["accounts"]}
    assert set(claims) == {"elena.pascaru", "serghei.railean"}
    assert claims["elena.pascaru"]["email"] == "elena.pascaru@nistru.example"
    assert claims["elena.pascaru"]["groups"] == ["radiology"]
    assert "idnp" not in str(content)


def test_the_portal_and_its_provider_know_each_other(places: Places) -> None:
    client = read_json(places.national_provider.configuration_file)["clients"][0]
    settings = portal_settings(places)
    assert settings["NATIONAL_OIDC_ISSUER"] == places.national_provider.issuer
    assert settings["NATIONAL_OIDC_CLIENT_ID"] == client["client_id"]
    assert Path(settings["NATIONAL_OIDC_CLIENT_SECRET_FILE"]).read_text() == client["client_secret"]
    assert client["redirect_uris"] == [
        "http://127.0.0.1:8000/oidc/callback/",
        "http://localhost:8000/oidc/callback/",
    ]


def test_secrets_and_passwords_stay_from_start_to_start_and_are_their_owners(places: Places) -> None:
    files = sorted(places.national_provider.home.iterdir())
    before = {file.name: file.read_text() for file in files}
    make_secrets(places)
    write_configurations(places, PEOPLE)
    assert {file.name: file.read_text() for file in files} == before
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_the_addresses_of_institution_a_follow_the_portal(places: Places) -> None:
    write_json(identity_providers.callbacks_file(places), ["/accounts/oidc/a-1/login/callback/"])
    write_configurations(places, PEOPLE)
    client = read_json(places.institution_provider.configuration_file)["clients"][0]
    assert client["redirect_uris"][0] == "http://127.0.0.1:8000/accounts/oidc/a-1/login/callback/"


def test_a_missing_installation_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    check_installed()
    monkeypatch.setattr(identity_providers, "FOLDER", tmp_path)
    with pytest.raises(ProvidersMissing, match="make setup"):
        check_installed()
