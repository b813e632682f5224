"""The description of the API is complete, and shown to whoever is signed in."""

import pytest
import yaml

from tests.portal.institutions.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def test_somebody_signed_out_is_refused(client) -> None:
    assert client.get("/api/v1/schema/").status_code == 401


def test_the_schema_lists_the_public_addresses_and_not_the_wire(client) -> None:
    client.force_login(MembershipFactory().user)
    schema = yaml.safe_load(client.get("/api/v1/schema/", headers={"Accept": "*/*"}).content)
    assert schema["openapi"].startswith("3.1")
    assert {"/api/v1/studies/", "/api/v1/audit-events/"} <= set(schema["paths"])
    assert not [path for path in schema["paths"] if path.startswith("/wire/")]
