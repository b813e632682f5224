"""CORS: the portal's origin and no other."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.dicomserver.dicomweb.reading import WebReader, path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

PORTAL = "http://portal.test"


def preflight(client: Client, origin: str, **headers: str) -> Any:
    names = {"Origin": origin, "Access-Control-Request-Method": "GET"} | headers
    return client.options("/dicomweb/studies/1.2.3/series/1.2.4/metadata", headers=names)


def test_a_preflight_of_the_portal_needs_no_token(client: Client) -> None:
    response = preflight(client, PORTAL, **{"Access-Control-Request-Headers": "authorization"})
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
    assert response.headers["Access-Control-Max-Age"] == "7200"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Access-Control-Allow-Private-Network" not in response.headers


def test_a_portal_in_the_internet_reaches_a_server_in_the_hospital(client: Client) -> None:
    response = preflight(client, PORTAL, **{"Access-Control-Request-Private-Network": "true"})
    assert response.headers["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://portal.test.evil.test", "https://portal.test"])
def test_a_preflight_of_another_origin_is_refused(client: Client, origin: str) -> None:
    response = preflight(client, origin)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_answers_are_readable_for_the_portal_alone(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(small_ct()))}/frames/1"
    mine = reader.get(path, Origin=PORTAL)
    assert mine.headers["Access-Control-Allow-Origin"] == PORTAL
    assert "ETag" in mine.headers["Access-Control-Expose-Headers"]
    assert mine.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Origin" in mine.headers["Vary"]
    others = reader.get(path, Origin="http://evil.test")
    assert "Access-Control-Allow-Origin" not in others.headers


def test_refusals_are_readable_for_the_portal_too(reader: WebReader) -> None:
    response = reader.get("/dicomweb/studies/1.2.3/metadata", token=None, Origin=PORTAL)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (401, PORTAL)


def test_without_a_portal_origin_nobody_is_let_in(client: Client, settings: Settings) -> None:
    settings.PORTAL_ORIGINS = ()
    assert preflight(client, "").status_code == 403
