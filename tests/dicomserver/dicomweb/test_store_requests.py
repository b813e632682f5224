"""STOW-RS against Django: who may store, what requests are understood, and when nothing is taken."""

import threading
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from dicomserver.access.peers import known_peers, remove_peer
from dicomserver.dicomweb.views import store as store_module
from dicomserver.identity import Identity
from dicomserver.index.models import Instance
from dicomserver.ingest import committing
from tests.dicomserver.dicomweb.reading import WebReader, refused_events
from tests.dicomserver.dicomweb.storing import (
    BOUNDARY,
    WebSender,
    multipart,
    part10,
)
from tests.dicomserver.objects import (
    files_below,
    small_ct,
)

pytestmark = pytest.mark.django_db(transaction=True)


def nothing_is_left(home: Path) -> None:
    assert files_below(home / "incoming") == []
    assert files_below(home / "archive") == []


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ('multipart/related; type="application/dicom"', 400, "request_invalid"),
        (f'multipart/related; type="application/dicom"; boundary="{"x" * 201}"', 400, "request_invalid"),
        (f"multipart/related; type=application/dicom+xml; boundary={BOUNDARY}", 415, "media_type_unsupported"),
        (f"multipart/form-data; boundary={BOUNDARY}", 415, "media_type_unsupported"),
        ("application/octet-stream", 415, "media_type_unsupported"),
        ("", 415, "media_type_unsupported"),
    ],
)
def test_a_body_of_another_kind_is_refused(
    sender: WebSender, home: Path, content_type: str, status: int, code: str
) -> None:
    response = sender.post(multipart([part10(small_ct())]), content_type=content_type)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["Content-Type"] == "application/problem+json"
    nothing_is_left(home)


@pytest.mark.parametrize(
    "content_type",
    [
        f"multipart/related; type=application/dicom; boundary={BOUNDARY}",
        f'Multipart/Related ;  boundary="{BOUNDARY}" ; type="Application/DICOM"',
        f"multipart/related; boundary={BOUNDARY}",
        f'multipart/related; type="application/dicom"; start="<a>"; boundary="{BOUNDARY}"; x=y',
    ],
)
def test_the_content_type_may_be_written_in_many_ways(sender: WebSender, content_type: str) -> None:
    assert sender.post(multipart([part10(small_ct())]), content_type=content_type).status_code == 200


def test_an_answer_that_cannot_be_made_is_refused_before_anything_is_stored(sender: WebSender, home: Path) -> None:
    response = sender.store(part10(small_ct()), Accept="text/html")
    assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")
    nothing_is_left(home)


def test_a_compressed_body_is_refused(sender: WebSender) -> None:
    response = sender.store(part10(small_ct()), Content_Encoding="gzip")
    assert (response.status_code, response.json()["code"]) == (415, "media_type_unsupported")


@pytest.mark.parametrize(
    "body",
    [
        f"--{BOUNDARY}--\r\n".encode(),
        multipart([bytes(100_000)], boundary="another"),
        f"--{BOUNDARY}\r\nContent-Type: ".encode() + b"x" * 20_000 + b"\r\n\r\n",
        f"--{BOUNDARY}\r\nno header\r\n\r\nx\r\n--{BOUNDARY}--".encode(),
    ],
    ids=["no parts", "another boundary", "endless header", "malformed header"],
)
def test_a_malformed_body_is_refused(sender: WebSender, home: Path, body: bytes) -> None:
    response = sender.post(body)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
    nothing_is_left(home)


def test_a_full_archive_takes_nothing_and_says_so(sender: WebSender, home: Path, settings: Settings) -> None:
    settings.ARCHIVE_RESERVE_BYTES = 1 << 60
    response = sender.store(part10(small_ct()))
    assert (response.status_code, response.json()["code"]) == (507, "out_of_resources")
    nothing_is_left(home)


def test_while_the_database_is_behind_nothing_more_is_taken(sender: WebSender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "MAX_WAITING", 0)
    response = sender.store(part10(small_ct()))
    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (503, "unavailable", "5")


def test_when_all_places_are_taken_the_sender_is_told_when_to_try_again(
    sender: WebSender, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_places", threading.Semaphore(1))
    monkeypatch.setattr(store_module, "WAIT_SECONDS", 0.05)
    for body in (multipart([b"no DICOM"]), b"no multipart", multipart([part10(small_ct())])):
        # Each request gives its place back.
        assert sender.post(body).status_code in {200, 400, 409}
    store_module._places.acquire()
    response = sender.store(part10(small_ct()))
    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (503, "unavailable", "5")
    assert Instance.objects.count() == 1


@pytest.mark.parametrize("token", [None, "stow_wrong", "no token"])
def test_without_a_senders_token_nothing_is_stored_and_the_audit_hears_of_it_once(
    sender: WebSender, enrolled: Identity, home: Path, token: str | None
) -> None:
    sender.token = token
    code = "token_missing" if token is None else "token_invalid"
    for _ in range(20):
        response = sender.store(part10(small_ct()))
        assert (response.status_code, response.json()["code"]) == (401, code)
        assert response.headers["WWW-Authenticate"].startswith('Bearer realm="dicomweb"')
    (event,) = refused_events()
    assert (event["reason"], event["sub"], event["remote_address"]) == (code, None, "127.0.0.1")
    nothing_is_left(home)


def test_a_removed_sender_is_refused(
    sender: WebSender, enrolled: Identity, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender.store(part10(small_ct())).status_code == 200
    remove_peer("gateway")
    known_peers.forget()
    response = sender.store(part10(small_ct()))
    assert (response.status_code, response.json()["code"]) == (401, "token_revoked")
    assert [event["reason"] for event in refused_events()] == ["token_revoked"]
    assert Instance.objects.count() == 1


def test_a_senders_token_reads_nothing(sender: WebSender, enrolled: Identity, reader: WebReader) -> None:
    ds = small_ct()
    sender.store(part10(ds))
    study = f"/dicomweb/studies/{ds.StudyInstanceUID}"
    for path in ("/dicomweb/studies", study, f"{study}/metadata", f"{study}/series"):
        response = reader.get(path, token=sender.token)
        assert (response.status_code, response.json()["code"]) == (403, "token_without_permission")


def test_a_server_that_is_not_enrolled_stores_for_its_senders(sender: WebSender) -> None:
    assert sender.store(part10(small_ct())).status_code == 200
    sender.token = "stow_wrong"
    assert sender.store(part10(small_ct())).status_code == 401


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/dicomweb/studies", "GET, HEAD, POST, OPTIONS"),
        ("/dicomweb/studies/1.2.3", "GET, HEAD, POST, DELETE, OPTIONS"),
    ],
)
def test_other_methods_are_refused_and_told_what_is_possible(sender: WebSender, path: str, methods: str) -> None:
    response = sender.client.put(path)
    assert (response.status_code, response.headers["Allow"]) == (405, methods)
