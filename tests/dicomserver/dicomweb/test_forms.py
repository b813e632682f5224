"""Reading by POST with the token in a form: the answers of GET, and the same refusals."""

import pytest

from dicomserver.access.models import ViewingSession
from dicomserver.dicomweb import records
from tests.dicomserver.dicomweb.reading import (
    FORM,
    WebReader,
    body_of,
    parts_of,
    path_of,
    refused_events,
    series_path_of,
    study_path_of,
)
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

PORTAL = "http://portal.test"


def test_the_answers_are_those_of_get(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    series = series_path_of(instance)
    for path in (
        f"{study_path_of(instance)}/metadata",
        f"{series}/metadata",
        f"{path_of(instance)}/metadata",
        f"{series}/thumbnail",
        f"{path_of(instance)}/rendered",
    ):
        got, posted = reader.get(path), reader.post(path)
        assert (posted.status_code, body_of(posted)) == (200, body_of(got)), path
        assert posted.headers["Content-Type"] == got.headers["Content-Type"]
        assert posted.headers["ETag"] == got.headers["ETag"]
    for path in (f"{path_of(instance)}/frames/1", f"{path_of(instance)}/bulkdata/7FE00010"):
        assert parts_of(reader.post(path)) == parts_of(reader.get(path)), path


def test_the_browser_may_read_the_answer_without_a_preflight(reader: WebReader, take_in: TakeIn) -> None:
    response = reader.post(f"{series_path_of(take_in(small_ct()))}/metadata", Origin=PORTAL)
    assert response.headers["Access-Control-Allow-Origin"] == PORTAL


def test_a_posted_request_is_never_answered_with_not_modified(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(small_ct()))}/frames/1"
    etag = reader.get(path).headers["ETag"]
    assert reader.post(path, If_None_Match=etag).status_code == 200


def test_what_is_read_is_counted(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    reader.post(f"{path_of(instance)}/frames/1")
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.frames, session.sent_bytes) == (1, 32)


def test_refusals_are_those_of_get(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    path = f"{series_path_of(instance)}/metadata"
    other = reader.portal.token("1.2.3")
    study = instance.series.study.study_instance_uid
    for token, status, code in (
        (None, 401, "token_missing"),
        ("rubbish", 401, "token_invalid"),
        (other, 403, "token_for_another_study"),
        (reader.portal.token(study, permissions=("download",)), 403, "token_without_permission"),
    ):
        body = "" if token is None else f"access_token={token}"
        response = reader.client.post(path, body, content_type=FORM)
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert len(refused_events()) == 4


def test_a_token_in_the_query_still_opens_nothing(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    token = reader.portal.token(instance.series.study.study_instance_uid)
    path = f"{series_path_of(instance)}/metadata?access_token={token}"
    for response in (reader.client.post(path, "", content_type=FORM), reader.client.get(path)):
        assert (response.status_code, response.json()["code"]) == (401, "token_missing")


def test_a_token_in_another_kind_of_body_opens_nothing(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    token = reader.portal.token(instance.series.study.study_instance_uid)
    path = f"{series_path_of(instance)}/metadata"
    for response in (
        reader.client.post(path, {"access_token": token}),
        reader.client.post(path, f"access_token={token}", content_type="text/plain"),
    ):
        assert (response.status_code, response.json()["code"]) == (401, "token_missing")


def test_two_tokens_are_one_too_many(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    token = reader.portal.token(instance.series.study.study_instance_uid)
    response = reader.post(f"{series_path_of(instance)}/metadata", Authorization=f"Bearer {token}")
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_a_token_in_the_header_serves_for_a_form_without_one(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    token = reader.portal.token(instance.series.study.study_instance_uid)
    path = f"{series_path_of(instance)}/metadata"
    assert reader.post(path, token=None, Authorization=f"Bearer {token}").status_code == 200


@pytest.mark.parametrize("address", ["/series", "/instances"])
def test_searches_are_not_asked_by_post(reader: WebReader, take_in: TakeIn, address: str) -> None:
    assert reader.post(study_path_of(take_in(small_ct())) + address).status_code == 405


def test_whole_instances_are_not_asked_by_post(reader: WebReader, take_in: TakeIn) -> None:
    assert reader.post(path_of(take_in(small_ct()))).status_code == 405
