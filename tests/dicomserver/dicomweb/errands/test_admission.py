"""The door of errands: what is not the right token does nothing, and the audit hears of it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory

from dicomserver.access.services import apply_revocations
from dicomserver.dicomweb import records
from dicomserver.dicomweb.errands.admission import Errand, on_errand
from dicomserver.identity import Identity
from tests.dicomserver.dicomweb.reading import refused_events
from tests.dicomserver.portal_double import PortalDouble
from wire.heartbeats import Revocation
from wire.keys import generate_key

pytestmark = pytest.mark.django_db

Make: TypeAlias = Callable[[PortalDouble], str | None]

REFUSED: dict[str, tuple[Make, int, str, str | None]] = {
    "none": (lambda portal: None, 401, "token_missing", None),
    "other words": (lambda portal: "no token at all", 401, "token_invalid", None),
    "of a viewer": (lambda portal: portal.token("1.2.3"), 401, "token_invalid", None),
    "expired": (
        lambda portal: portal.errand_token("upload", now=datetime.now(UTC) - timedelta(minutes=6)),
        401,
        "token_expired",
        "user-1",
    ),
    "foreign key": (
        lambda portal: portal.errand_token("upload", private_key=generate_key()),
        401,
        "token_invalid",
        None,
    ),
    "wrong server": (
        lambda portal: portal.errand_token("upload", aud=str(uuid4())),
        401,
        "token_for_another_server",
        "user-1",
    ),
    "wrong errand": (lambda portal: portal.errand_token("find_elsewhere"), 403, "token_without_permission", "user-1"),
    "wrong study": (
        lambda portal: portal.errand_token("upload", study_instance_uid="1.2.4"),
        403,
        "token_for_another_study",
        "user-1",
    ),
}
done: list[Errand] = []


@on_errand("upload", methods=("GET", "POST"))
def view(request: HttpRequest, errand: Errand, *, study: str) -> HttpResponse:
    done.append(errand)
    return HttpResponse(f"{request.method} {study}")


@pytest.fixture(autouse=True)
def _nothing_done(enrolled: Identity) -> None:
    done.clear()


def ask(token: str | None, method: str = "POST") -> HttpResponseBase:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return view(RequestFactory().generic(method, "/imports", headers=headers), study="1.2.3")


def code_of(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    assert response.headers["Content-Type"] == "application/problem+json"
    return str(json.loads(response.content)["code"])


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_that_is_not_good_does_nothing_and_is_audited(portal: PortalDouble, case: str) -> None:
    make, status, code, sub = REFUSED[case]
    response = ask(make(portal))
    assert (response.status_code, code_of(response)) == (status, code)
    assert response.headers["Cache-Control"] == "no-store"
    assert ("WWW-Authenticate" in response.headers) == (status == 401)
    (event,) = refused_events()
    assert (event["reason"], event["sub"], event["study_instance_uid"]) == (code, sub, "1.2.3")
    assert not done


@pytest.mark.parametrize("study", [None, "1.2.3"])
def test_a_good_token_says_who_came(portal: PortalDouble, study: str | None) -> None:
    response = ask(portal.errand_token("upload", sub="elena", sid="desk", study_instance_uid=study))
    assert isinstance(response, HttpResponse)
    assert (response.status_code, response.content) == (200, b"POST 1.2.3")
    assert response.headers["Cache-Control"] == "no-store"
    (errand,) = done
    assert (errand.name, errand.sub, errand.session_id) == ("upload", "elena", "desk")
    assert (errand.study_instance_uid, errand.remote_address) == (study, "127.0.0.1")
    assert not refused_events()


def test_whoever_was_locked_out_does_nothing_any_more(portal: PortalDouble) -> None:
    token = portal.errand_token("upload")
    assert ask(token).status_code == 200
    apply_revocations([Revocation(sub="user-1", study_instance_uid=None, revoked_at=datetime.now(UTC))])
    records.revocations.forget()
    response = ask(token)
    assert (response.status_code, code_of(response)) == (401, "token_revoked")
    assert [event["reason"] for event in refused_events()] == ["token_revoked"]
    assert len(done) == 1


def test_another_persons_lock_out_stops_nobody_else(portal: PortalDouble) -> None:
    apply_revocations([Revocation(sub="user-2", study_instance_uid=None, revoked_at=datetime.now(UTC))])
    records.revocations.forget()
    assert ask(portal.errand_token("upload")).status_code == 200


def test_other_methods_are_refused(portal: PortalDouble) -> None:
    response = ask(portal.errand_token("upload"), "DELETE")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST, OPTIONS")


def test_a_server_of_no_network_does_nothing(portal: PortalDouble, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dicomserver.dicomweb.tokens import token_gate
    from dicomserver.identity import NotEnrolled

    def nobody() -> None:
        raise NotEnrolled(home)

    monkeypatch.setattr(token_gate()._reader, "current", nobody)
    response = ask(portal.errand_token("upload"))
    assert (response.status_code, code_of(response)) == (503, "unavailable")
    assert not done


@on_errand("delete", methods=("POST",))
def deleting(_request: HttpRequest, errand: Errand, *, study: str) -> HttpResponse:
    done.append(errand)
    return HttpResponse(study)


def test_a_token_to_delete_is_good_once_and_for_its_study_alone(portal: PortalDouble) -> None:
    token = portal.errand_token("delete", study_instance_uid="1.2.3")
    headers = {"Authorization": f"Bearer {token}"}

    def ask_for(study: str) -> HttpResponseBase:
        return deleting(RequestFactory().post("/", headers=headers), study=study)

    assert ask_for("1.2.4").status_code == 403
    assert ask_for("1.2.3").status_code == 200
    again = ask_for("1.2.3")
    assert (again.status_code, code_of(again)) == (401, "token_used")
    assert len(done) == 1
    assert [event["reason"] for event in refused_events()] == ["token_for_another_study", "token_used"]
