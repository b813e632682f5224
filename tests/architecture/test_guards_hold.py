"""What an address states is so: nobody who is signed out gets a page or data from any that is not open by nature."""

import re

import pytest
from django.core.cache import cache
from django.test import Client

from tests.architecture.test_guards import ALL, OPEN_BY_NATURE

# Each answers anybody, and tells nothing of people or studies.
OPEN_PLACES = {"health/live", "health/ready", "metrics"}
SAMPLES = (
    (r"<study_uid:[a-z_]+>", "1.2.3.4"),
    (r"<uuid:[a-z_]+>", "00000000-0000-4000-8000-000000000000"),
    (r"<int:[a-z_]+>", "1"),
    (r"<str:[a-z_]+>", "x"),
    (r"<slug:[a-z_]+>", "x"),
)
TURNED_AWAY = {302, 401, 403, 404, 405}


@pytest.fixture(autouse=True)
def _nobody_asked_before() -> None:
    """Forget how often signed-out callers were turned away."""
    cache.clear()


def address_of(place: str) -> str:
    for pattern, sample in SAMPLES:
        place = re.sub(pattern, sample, place)
    return f"/{place}"


GUARDED = [
    pytest.param(address_of(place), id=place or "/")
    for place, pattern in ALL
    if pattern.name not in OPEN_BY_NATURE and place not in OPEN_PLACES
]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("address", GUARDED)
def test_nobody_who_is_signed_out_gets_in(address: str, method: str) -> None:
    assert "<" not in address, "give this kind of parameter a sample"
    answer = getattr(Client(), method)(address)
    # A signed message without a signature is a 401; an enrolment without a code is no message at all.
    refused = TURNED_AWAY | ({422} if address.startswith("/wire/") else set())
    assert answer.status_code in refused
    if answer.status_code == 302:
        assert answer["Location"].startswith("/accounts/login/?next=/")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("place", sorted(OPEN_PLACES))
def test_what_is_open_names_no_person(place: str, method: str) -> None:
    answer = getattr(Client(), method)(f"/{place}")
    assert answer.status_code in {200, 403, 404, 405, 503}
    assert "patient" not in answer.content.decode().lower()
