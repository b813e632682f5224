"""Every example of the page about the API does what the page says, for somebody."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.portal.api_callers import Caller, make_hospital

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
EXAMPLES = [line for line in PAGE.read_text().splitlines() if line.startswith("curl ")]
STUDY_IN_PAGE = "1.2.826.0.1.3680043.10.1561.1"


def test_the_page_shows_how_to_call_each_part() -> None:
    assert len(EXAMPLES) >= 25


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("/api/v1/")[1][:40] for example in EXAMPLES])
def test_an_example_works(example: str) -> None:
    hospital = make_hospital()
    grantee, institution = hospital.bodies["grants_create"]["grantee"], str(hospital.addresses["code"])
    names = {"m.botnari": grantee, "nistru": institution, STUDY_IN_PAGE: hospital.addresses["study_instance_uid"]}
    names |= {"$PORTAL": "", "$STUDY": hospital.addresses["study_instance_uid"]}
    names |= {f"<{name}>": str(value) for name, value in hospital.addresses.items()}
    example = re.sub(r"\d{4}-\d\d-\d\dT[\d:+]+", hospital.bodies["grants_create"]["valid_until"], example)
    for name, value in names.items():
        example = example.replace(name, value)
    assert [status for caller in hospital.callers if (status := call(caller, shlex.split(example))) < 300]


def call(caller: Caller, words: list[str]) -> int:
    """The status that curl would print."""
    assert words[:3] == ["curl", "-H", "$AUTH"]
    *options, address = words[3:]
    sent: dict[str, Any] = {}
    method = "GET"
    match options:
        case ["-X", method]:
            pass
        case ["-X", method, "--json", body]:
            sent = {"data": body, "content_type": "application/json"}
        case ["--json", body]:
            method, sent = "POST", {"data": body, "content_type": "application/json"}
        case _:
            assert not options
    client = Client()
    client.cookies.load(caller.cookies)
    return client.generic(method, address, headers=caller.headers, **sent).status_code
