"""The demonstration's OpenID providers: which accounts they know, and how they and the portal know each other."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

from demo.identity_provider_program import FOLDER, node, write_configuration
from demo.people import PATIENTS, STAFF, DemoPatient
from demo.places import Places, ProviderPlace
from demo.state_files import read_json, write_json

CLIENT_ID: Final = "dicom-network"
SCOPES: Final = "openid profile national_id"
INSTITUTION_EMAIL_DOMAIN: Final = "nistru.example"
RADIOLOGY_GROUP: Final = "radiology"
# Has images and no account here: the first sign-in makes one.
NEWCOMER: Final = "turcanu"


class ProvidersMissing(Exception):
    """The providers are not installed; the message says the cure."""


def check_installed() -> None:
    """Raise ProvidersMissing, or NodeMissing, where the providers could not start."""
    node()
    if not (FOLDER / "node_modules" / "oidc-provider").is_dir():
        raise ProvidersMissing("The identity providers are not installed: run `make setup`.")


def make_secrets(places: Places) -> None:
    """Make what the providers share with the portal, once."""
    for provider in places.providers:
        provider.home.mkdir(parents=True, exist_ok=True)
        if not provider.secret_file.exists():
            descriptor = os.open(provider.secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(secrets.token_urlsafe(32))


def portal_settings(places: Places) -> dict[str, str]:
    """What the portal reads of the national provider."""
    provider = places.national_provider
    return {
        "NATIONAL_OIDC_ISSUER": provider.issuer,
        "NATIONAL_OIDC_CLIENT_ID": CLIENT_ID,
        "NATIONAL_OIDC_CLIENT_SECRET_FILE": str(provider.secret_file),
        "NATIONAL_OIDC_SCOPES": SCOPES,
    }


def write_configurations(places: Places, people: list[dict[str, str]]) -> None:
    """Write what the providers read; `people` are those of demo.json, who keep their passwords there."""
    national, institution = places.providers
    passwords = {one["username"]: one["password"] for one in people}
    write_configuration(
        national.configuration_file,
        _configuration(
            places,
            national,
            ["/oidc/callback/"],
            {"profile": ["name", "given_name", "family_name", "birthdate", "gender"], "national_id": ["idnp"]},
            [*_patients(passwords), _newcomer(places)],
        ),
    )
    write_configuration(
        institution.configuration_file,
        _configuration(
            places,
            institution,
            read_json(callbacks_file(places)) or ["/accounts/oidc/a/login/callback/"],
            {
                "profile": ["name", "given_name", "family_name"],
                "email": ["email", "email_verified"],
                "groups": ["groups"],
            },
            _radiologists(passwords),
        ),
    )


def callbacks_file(places: Places) -> Path:
    """Where the portal's addresses for institution A's provider are noted, once it is set up there: a list of paths."""
    return places.programs_directory / "institution-a-callbacks.json"


def newcomer_password(places: Places) -> tuple[str, str]:
    """User name and password of somebody whom only the national provider knows; the password stays."""
    file = places.national_provider.home / "newcomer.json"
    kept = read_json(file)
    if not isinstance(kept, dict) or not kept.get("password"):
        kept = {"password": secrets.token_urlsafe(15)}
        write_json(file, kept)
    family, given = _names(PATIENTS[NEWCOMER])
    return f"{given}.{family}".lower().replace("ț", "t"), str(kept["password"])


def _configuration(
    places: Places,
    provider: ProviderPlace,
    callbacks: list[str],
    claims: dict[str, list[str]],
    accounts: list[dict[str, Any]],
) -> dict[str, Any]:
    origins = places.portal_origins
    client = {
        "client_id": CLIENT_ID,
        "client_secret": provider.secret_file.read_text(encoding="utf-8"),
        "redirect_uris": [origin + path for origin in origins for path in callbacks],
        "post_logout_redirect_uris": [f"{origin}/accounts/login/" for origin in origins],
    }
    return {
        "name": provider.title,
        "port": provider.port,
        "issuer": provider.issuer,
        "clients": [client],
        "claims": claims,
        "accounts": accounts,
        "keys_file": str(provider.home / f"{provider.name}-keys.json"),
    }


def _patients(passwords: dict[str, str]) -> list[dict[str, Any]]:
    """The patients of demo.json, by the same name and password."""
    by_id = {patient.national_id: patient for patient in reversed(PATIENTS.values()) if patient.national_id}
    return [
        _patient_account(one.username, passwords[one.username], by_id[one.national_id])
        for one in STAFF
        if one.national_id and one.username in passwords
    ]


def _newcomer(places: Places) -> dict[str, Any]:
    return _patient_account(*newcomer_password(places), PATIENTS[NEWCOMER])


def _patient_account(username: str, password: str, patient: DemoPatient) -> dict[str, Any]:
    family, given = _names(patient)
    day = patient.birth_date
    claims = {
        "idnp": patient.national_id,
        "name": f"{given} {family}",
        "given_name": given,
        "family_name": family,
        "birthdate": f"{day[:4]}-{day[4:6]}-{day[6:]}",
        "gender": {"F": "female", "M": "male"}[patient.sex],
    }
    return {"sub": national_subject(username), "username": username, "password": password, "claims": claims}


def national_subject(username: str) -> str:
    """How the national provider names a person."""
    return f"national-{username}"


def _radiologists(passwords: dict[str, str]) -> list[dict[str, Any]]:
    """The radiologists of institution A, by the name and password that they have here."""
    return [
        {
            "sub": f"nistru-{one.username}",
            "username": one.username,
            "password": passwords[one.username],
            "claims": {
                "name": f"{one.first_name} {one.last_name}",
                "given_name": one.first_name,
                "family_name": one.last_name,
                "email": f"{one.username}@{INSTITUTION_EMAIL_DOMAIN}",
                "email_verified": True,
                "groups": [RADIOLOGY_GROUP],
            },
        }
        for one in STAFF
        if (one.role, one.institution) == ("radiologist", "A") and one.username in passwords
    ]


def _names(patient: DemoPatient) -> tuple[str, str]:
    """Family and given name of the first group of a DICOM name."""
    family, given, *_ = [*patient.name.split("=")[0].split("^"), "", ""]
    return family, given
