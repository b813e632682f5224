"""The token matrix: every token that is not good opens nothing, is audited once, and leaves no byte."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from dicomserver.access.models import Revocation, ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb.tokens import token_gate
from dicomserver.identity import files as files_module
from dicomserver.identity import replace_portal_keys
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, path_of, refused_events, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import PortalDouble
from wire.heartbeats import PublicKey
from wire.keys import generate_key, public_key_text, thumbprint

NOW = datetime.now


def tampered(token: str) -> str:
    head, payload, signature = token.split(".")
    return f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


def resources(instance: Instance) -> list[str]:
    path, series, study = path_of(instance), series_path_of(instance), study_path_of(instance)
    return [
        f"{study}/series",
        f"{study}/instances",
        f"{series}/instances",
        f"{study}/metadata",
        f"{series}/metadata",
        f"{path}/metadata",
        study,
        series,
        path,
        f"{path}/frames/1",
        f"{path}/bulkdata/7FE00010",
        *(f"{place}/{kind}" for place in (study, series, path) for kind in ("bulkdata", "pixeldata")),
        f"{path}/rendered",
        f"{series}/thumbnail",
        f"{study}/archive",
        f"{series}/archive",
    ]


Make: TypeAlias = Callable[[PortalDouble, str], str | None]

REFUSED: dict[str, tuple[Make, int, str, str | None]] = {
    "none": (lambda portal, study: None, 401, "token_missing", None),
    "other words": (lambda portal, study: "no token at all", 401, "token_invalid", None),
    "expired": (
        lambda portal, study: portal.token(study, now=NOW(UTC) - timedelta(minutes=6)),
        401,
        "token_expired",
        "user-1",
    ),
    "not yet": (
        lambda portal, study: portal.token(study, now=NOW(UTC) + timedelta(minutes=2)),
        401,
        "token_invalid",
        "user-1",
    ),
    "foreign key": (lambda portal, study: portal.token(study, private_key=generate_key()), 401, "token_invalid", None),
    "unknown key": (lambda portal, study: portal.token(study, kid="other"), 401, "token_invalid", None),
    "tampered": (lambda portal, study: tampered(portal.token(study)), 401, "token_invalid", None),
    "wrong server": (
        lambda portal, study: portal.token(study, aud=str(uuid4())),
        401,
        "token_for_another_server",
        "user-1",
    ),
    "wrong study": (
        lambda portal, study: portal.token("1.2.3.4", permissions=("view", "download")),
        403,
        "token_for_another_study",
        "user-1",
    ),
    "without permission": (
        lambda portal, study: portal.token(study, permissions=("report",)),
        403,
        "token_without_permission",
        "user-1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_token_that_is_not_good_opens_nothing_and_is_audited(
    reader: WebReader, portal: PortalDouble, take_in: TakeIn, case: str
) -> None:
    make, status, code, sub = REFUSED[case]
    instance = take_in(small_ct())
    study = instance.series.study.study_instance_uid
    for path in resources(instance):
        response = reader.get(path, token=make(portal, study))
        assert (path, response.status_code) == (path, status)
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == code
        assert response.headers["Cache-Control"] == "no-store"
        assert ("WWW-Authenticate" in response.headers) == (status == 401)
    (event,) = refused_events()
    assert (event["reason"], event["sub"], event["remote_address"]) == (code, sub, "127.0.0.1")
    assert (event["study_instance_uid"], event["sent_bytes"]) == (study, 0)
    assert not ViewingSession.objects.exists()


@pytest.mark.parametrize("study", [None, "1.2.3"])
def test_a_revoked_token_opens_nothing_even_if_it_was_good_a_moment_ago(
    reader: WebReader, portal: PortalDouble, take_in: TakeIn, study: str | None
) -> None:
    from dicomserver.dicomweb import records

    instance = take_in(small_ct())
    uid = instance.series.study.study_instance_uid
    token = portal.token(uid)
    assert reader.get(f"{path_of(instance)}/frames/1", token=token).status_code == 200
    Revocation.objects.create(sub="user-1", study_instance_uid="" if study is None else uid, revoked_at=NOW(UTC))
    records.revocations.forget()
    response = reader.get(f"{path_of(instance)}/frames/1", token=token)
    assert (response.status_code, response.json()["code"]) == (401, "token_revoked")
    assert [event["reason"] for event in refused_events()] == ["token_revoked"]


def test_view_alone_opens_no_whole_instance_and_download_alone_no_frame(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    for path in (study_path_of(instance), series_path_of(instance), path_of(instance)):
        assert reader.get(path, permissions=("view",)).status_code == 403
        assert reader.get(path, permissions=("download",)).status_code == 200
    assert reader.get(f"{path_of(instance)}/frames/1", permissions=("download",)).status_code == 403


def test_a_study_that_is_not_here_looks_like_another_persons(
    reader: WebReader, portal: PortalDouble, take_in: TakeIn
) -> None:
    other = take_in(small_ct())
    token = portal.token("1.2.3")
    here = reader.get(f"{study_path_of(other)}/metadata", token=token)
    absent = reader.get("/dicomweb/studies/9.9.9/metadata", token=token)
    assert (here.status_code, here.content) == (absent.status_code, absent.content)


def test_a_series_of_another_study_is_not_reached_through_the_tokens_study(reader: WebReader, take_in: TakeIn) -> None:
    mine, other = take_in(small_ct()), take_in(small_ct())
    path = f"{study_path_of(mine)}/series/{other.series.series_instance_uid}"
    for resource in ("", "/metadata", "/thumbnail", f"/instances/{other.sop_instance_uid}/frames/1"):
        assert reader.get(path + resource).status_code == 404
    assert reader.get(f"{path}/instances").status_code == 204


def test_a_token_in_the_query_opens_nothing(reader: WebReader, portal: PortalDouble, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    token = portal.token(instance.series.study.study_instance_uid)
    for name in ("token", "access_token"):
        assert reader.get(f"{path_of(instance)}/frames/1?{name}={token}", token=None).status_code == 401


def test_good_tokens_are_remembered_and_forgotten_with_the_key(
    reader: WebReader, portal: PortalDouble, take_in: TakeIn, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = take_in(small_ct())
    token = portal.token(instance.series.study.study_instance_uid)
    gate = token_gate()
    first = gate.verify(token)
    assert gate.verify(token) is first
    other = generate_key()
    replace_portal_keys(home, [PublicKey(kid=thumbprint(other), public_key=public_key_text(other))])
    monkeypatch.setattr(files_module, "RELOAD_SECONDS", 0.0)
    assert reader.get(f"{path_of(instance)}/frames/1", token=token).status_code == 401


def test_a_remembered_token_still_expires(reader: WebReader, portal: PortalDouble, take_in: TakeIn) -> None:
    import time_machine

    instance = take_in(small_ct())
    token = portal.token(instance.series.study.study_instance_uid, lifetime=timedelta(seconds=60))
    assert reader.get(f"{path_of(instance)}/frames/1", token=token).status_code == 200
    with time_machine.travel(NOW(UTC) + timedelta(seconds=61)):
        assert reader.get(f"{path_of(instance)}/frames/1", token=token).json()["code"] == "token_expired"


def test_a_server_that_is_not_enrolled_opens_nothing(
    archive: Archive, db: None, client: Client, portal: PortalDouble
) -> None:
    response = client.get(
        "/dicomweb/studies/1.2.3/metadata", headers={"Authorization": f"Bearer {portal.token('1.2.3')}"}
    )
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_behind_a_proxy_the_audit_names_the_client(reader: WebReader, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    reader.get("/dicomweb/studies/1.2.3/metadata", token=None, X_Forwarded_For="6.6.6.6, 10.1.1.1")
    assert refused_events()[0]["remote_address"] == "10.1.1.1"


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_nothing_can_be_changed(reader: WebReader, take_in: TakeIn, method: str) -> None:
    instance = take_in(small_ct())
    response = getattr(reader.client, method)(path_of(instance))
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, DELETE, OPTIONS")
    assert response.json()["code"] == "method_not_allowed"
