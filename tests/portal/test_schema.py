"""The description of the API is complete, and shown to whoever is signed in."""

from io import StringIO

import pytest
import yaml
from django.core.management import call_command

from tests.portal.institutions.factories import MembershipFactory


def test_the_schema_is_valid_and_made_without_a_warning() -> None:
    call_command("spectacular", fail_on_warn=True, validate=True, stdout=StringIO())


@pytest.mark.django_db
def test_somebody_signed_out_is_refused(client) -> None:
    assert client.get("/api/v1/schema/").status_code == 401


@pytest.mark.django_db
def test_the_schema_lists_the_public_addresses_and_not_the_wire(client) -> None:
    client.force_login(MembershipFactory().user)
    schema = yaml.safe_load(client.get("/api/v1/schema/", headers={"Accept": "*/*"}).content)
    assert schema["openapi"].startswith("3.1")
    assert {"/api/v1/studies/", "/api/v1/audit-events/"} <= set(schema["paths"])
    assert not [path for path in schema["paths"] if path.startswith("/wire/")]


@pytest.mark.django_db
def test_what_every_address_may_answer_is_described_once(client) -> None:
    client.force_login(MembershipFactory().user)
    schema = yaml.safe_load(client.get("/api/v1/schema/", headers={"Accept": "*/*"}).content)
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            described = set(operation["responses"])
            assert {"400", "401", "403", "404", "406", "429", "503"} <= described, (method, path)
            assert ("415" in described) == ("requestBody" in operation), (method, path)
            assert len(described & {"200", "201", "204"}) == 1, (method, path)
