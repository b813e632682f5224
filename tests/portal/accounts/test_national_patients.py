"""A patient of the national register has the number that the state asserts, and no way to change it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from audit.models import AuditEvent
from portal.accounts.models import NationalIdentity, User
from tests.architecture.test_guards import ALL
from tests.architecture.test_guards_hold import address_of
from tests.identity_provider import IdentityProvider
from tests.portal.accounts.factories import NATIONAL_IDS, PASSWORD, NationalIdentityFactory, UserFactory
from tests.portal.accounts.national import CALLBACK, came_back, trusting

pytestmark = pytest.mark.django_db
ELENA, MARIA = NATIONAL_IDS[:2]
HOSTILE = {
    "national_id": MARIA,
    "idnp": MARIA,
    "national_identity": MARIA,
    "issuer": "IDNP",
    "provider_subject": "sub-of-maria",
    "person": "1",
    "action": "set_national_id",
}
PLACES = sorted({address_of(place) for place, _ in ALL if not place.startswith("wire/")})


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with IdentityProvider([CALLBACK]) as provider:
        yield provider


@pytest.fixture
def patient(client: Client, running: IdentityProvider) -> Iterator[User]:
    """A patient who has just signed in with `client`."""
    with trusting(running):
        came_back(client, running, running.set_account("elena", idnp=ELENA, given_name="Elena"))
        yield User.objects.get(pk=client.session["_auth_user_id"])


def identities() -> list[dict[str, Any]]:
    return list(NationalIdentity.objects.order_by("pk").values())


@pytest.mark.parametrize("address", PLACES)
def test_no_address_changes_ones_own_number(client, address: str) -> None:
    patient = UserFactory()
    NationalIdentityFactory(user=patient, national_id=ELENA)
    before = identities()
    # Whether what is sent makes sense to the address is another matter.
    client.raise_request_exception = False
    for method in ("post", "put", "patch"):
        client.force_login(patient)
        getattr(client, method)(f"{address}?national_id={MARIA}", HOSTILE, content_type="application/json")
    client.force_login(patient)
    client.post(address, HOSTILE)
    assert identities() == before
    assert not AuditEvent.objects.filter(action="national_id_set").exists()


def test_a_patient_gets_no_password(client, patient) -> None:
    new = {
        "oldpassword": "",
        "password": PASSWORD,
        "password1": PASSWORD,
        "password2": PASSWORD,
        "email": "a@b.example",
    }
    for address in ("password/change", "password/set", "password/reset", "signup", "email", "security"):
        client.get(f"/accounts/{address}/")
        client.post(f"/accounts/{address}/", new)
    patient.refresh_from_db()
    assert not patient.has_usable_password()
    assert patient.email == ""


@pytest.mark.parametrize("password", ["", "!", PASSWORD])
def test_a_patient_does_not_sign_in_with_a_password(patient, password: str) -> None:
    other = Client()
    other.post("/accounts/login/", {"login": patient.username, "password": password})
    assert "_auth_user_id" not in other.session
