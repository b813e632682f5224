"""Makes the demonstration's institutions, people, API tokens and enrolment codes in the portal."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken

from audit.actors import SystemActor
from demo.identity_providers import national_subject
from demo.people import INSTITUTIONS, STAFF, DemoPerson
from demo.state_files import read_json, write_json
from portal.accounts.models import User
from portal.accounts.services import create_api_token
from portal.institutions.models import Institution, Role
from portal.institutions.services import (
    create_institution,
    create_person,
    give_role,
    set_national_id,
    set_physician_alias,
)
from portal.servers.models import DicomServer
from portal.servers.services import create_enrolment_code

ACTOR = SystemActor("demo")
TOKEN_LIFETIME = timedelta(days=90)
TOKEN_RENEWAL = timedelta(days=7)


def seed_people(people_file: Path, codes_file: Path) -> None:
    """Make what is missing; passwords and tokens that still work stay as they are.

    `people_file` keeps them, `codes_file` gets a one-time code for each institution without a DICOM Server.
    """
    institutions = {
        one.code: create_institution(code=one.code, name=one.name, short_name=one.short_name) for one in INSTITUTIONS
    }
    kept = {entry["username"]: entry for entry in read_json(people_file) or []}
    entries = [seed_person(person, institutions[person.institution], kept.get(person.username)) for person in STAFF]
    write_json(people_file, entries)
    codes = {}
    for one in INSTITUTIONS:
        if not DicomServer.objects.filter(institution=institutions[one.code], disabled_at__isnull=True).exists():
            _, codes[one.code] = create_enrolment_code(
                actor=ACTOR, institution=institutions[one.code], server_name=one.server_name
            )
    write_json(codes_file, codes)


def seed_person(person: DemoPerson, institution: Institution, kept: dict[str, Any] | None) -> dict[str, str]:
    """One person with their role; returns what demo.json says of them."""
    password = kept["password"] if kept else secrets.token_urlsafe(15)
    token = kept["api_token"] if kept else ""
    user = User.objects.filter(username=person.username).first()
    if user is None:
        user = create_person(
            actor=ACTOR,
            username=person.username,
            password=password,
            first_name=person.first_name,
            last_name=person.last_name,
            academic_title=person.title,
            institution=institution,
            role=Role(person.role),
        )
    elif not token_works(user, token):
        # The file of people and the database are of different origin, or long unused.
        token = ""
        user.set_password(password)
        user.save(update_fields=["password"])
    membership = give_role(actor=ACTOR, person=user, institution=institution, role=Role(person.role))
    if person.national_id and not hasattr(user, "national_identity"):
        identity = set_national_id(
            actor=ACTOR, person=user, national_id=person.national_id, asserted_by="demonstration"
        )
        # As after a first sign-in by the demonstration's national provider, which knows them by this name.
        identity.provider, identity.provider_subject = settings.NATIONAL_OIDC_ISSUER, national_subject(person.username)
        identity.save(update_fields=["provider", "provider_subject"])
    for name in person.physician_names:
        set_physician_alias(actor=ACTOR, membership=membership, written_as=name)
    return {
        "role": person.role,
        "username": person.username,
        "password": password,
        "api_token": token or new_token(user),
        "institution": person.institution,
    }


def token_works(user: User, token: str) -> bool:
    """True where the API token works and will for a while yet."""
    found = AuthToken.objects.filter(user=user, digest=hash_token(token)).first() if token else None
    return found is not None and found.expiry is not None and found.expiry > timezone.now() + TOKEN_RENEWAL


def new_token(user: User) -> str:
    """A new API token."""
    _, token = create_api_token(
        actor=ACTOR, person=user, name="Demonstration", lifetime=TOKEN_LIFETIME, is_read_only=False
    )
    return token
