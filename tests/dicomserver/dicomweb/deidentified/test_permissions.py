"""A de-identified token opens its study by mapped UIDs alone, and one that is not good opens nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from pydicom.dataset import Dataset

from dicomserver.access.models import Revocation, ViewingSession
from dicomserver.identity import files as identity_files
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise
from tests.dicomserver.dicomweb.deidentified.seeing import DisguisedReader
from tests.dicomserver.dicomweb.reading import WebReader, path_of, refused_events, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from wire.deidentification import Option, seal
from wire.keys import generate_sealing_key, sealing_key_text

BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
Sealed: TypeAlias = Callable[[DisguisedReader], str]

BROKEN: dict[str, Sealed] = {
    "no seal": lambda reader: "AAAA",
    "another server": lambda reader: seal(reader.deidentification, reader.public_key, audience="another"),
    "another key": lambda reader: seal(
        reader.deidentification,
        sealing_key_text(generate_sealing_key()),
        audience=str(reader.reader.portal.server_id),
    ),
    "another study": lambda reader: seal(
        reader.deidentification.model_copy(update={"study_instance_uid": "1.2.3"}),
        reader.public_key,
        audience=str(reader.reader.portal.server_id),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_was_not_sealed_for_this_server_and_study_opens_nothing(
    disguised: Disguise, take_in: TakeIn, case: str
) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    sealed = BROKEN[case](reader)
    for path in reader.addresses(instance):
        response = reader.reader.get(path, token=reader.token(deidentification=sealed))
        assert (path, response.status_code, response.json()["code"]) == (path, 401, "token_invalid")
        assert ds.StudyInstanceUID.encode() not in response.content
    assert [event["reason"] for event in refused_events()] == ["token_invalid"]
    assert not ViewingSession.objects.exists()


def test_server_without_a_sealing_key_opens_nothing(
    disguised: Disguise, take_in: TakeIn, home: Path, monkeypatch: Any
) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    (home / "identity" / "sealing.pem").unlink()
    monkeypatch.setattr(identity_files, "RELOAD_SECONDS", 0.0)
    response = reader.get(f"{reader.path(instance)}/frames/1")
    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")
    assert len(refused_events()) == 1


def test_original_uids_lead_nowhere(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    series, sop = ds.SeriesInstanceUID, ds.SOPInstanceUID
    for path in (
        f"{reader.study_path}/series/{series}/metadata",
        f"{reader.study_path}/series/{series}",
        f"{reader.study_path}/series/{series}/instances",
        f"{reader.study_path}/series/{series}/thumbnail",
        f"{reader.study_path}/series/{series}/instances/{sop}/frames/1",
        f"{reader.series_path(instance)}/instances/{sop}",
        f"{reader.series_path(instance)}/instances/{sop}/metadata",
        f"{reader.series_path(instance)}/instances/{sop}/frames/1",
        f"{reader.series_path(instance)}/instances/{sop}/bulkdata/7FE00010",
        f"{reader.series_path(instance)}/instances/{sop}/rendered",
    ):
        assert (path, reader.get(path).status_code) == (path, 404)
    assert not ViewingSession.objects.exists()


def test_original_study_is_refused_like_any_other(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    paths = (study_path_of(instance), series_path_of(instance), path_of(instance))
    answers = {reader.get(f"{path}/metadata").content for path in (*paths, "/dicomweb/studies/9.9.9")}
    assert len(answers) == 1
    assert reader.get(f"{study_path_of(instance)}/metadata").status_code == 403


def test_instance_of_another_study_is_not_reached(disguised: Disguise, take_in: TakeIn) -> None:
    mine, other = small_ct(), take_in(small_ct())
    take_in(mine)
    reader = disguised(mine.StudyInstanceUID)
    assert reader.get(f"{reader.path(other)}/frames/1").status_code == 404
    assert reader.get(f"{reader.series_path(other)}/metadata").status_code == 404


@pytest.mark.parametrize("revoked", ["original", "mapped", "every"])
def test_revoked_access_ends_by_either_name_of_the_study(disguised: Disguise, take_in: TakeIn, revoked: str) -> None:
    from dicomserver.dicomweb import records

    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    token = reader.token()
    path = f"{reader.path(instance)}/frames/1"
    assert reader.reader.get(path, token=token).status_code == 200
    uid = {"original": ds.StudyInstanceUID, "mapped": reader.uid(ds.StudyInstanceUID), "every": ""}[revoked]
    Revocation.objects.create(sub="user-1", study_instance_uid=uid, revoked_at=datetime.now(UTC))
    records.revocations.forget()
    response = reader.reader.get(path, token=token)
    assert (response.status_code, response.json()["code"]) == (401, "token_revoked")
    (event,) = refused_events()
    assert (event["reason"], event["study_instance_uid"]) == ("token_revoked", ds.StudyInstanceUID)


def test_identified_and_disguised_answers_never_mix(disguised: Disguise, reader: WebReader, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    hidden = disguised(ds.StudyInstanceUID)
    for resource in ("/metadata", "", "/frames/1", "/bulkdata/7FE00010", "/rendered"):
        open_answer = reader.get(path_of(instance) + resource)
        hidden_answer = hidden.get(hidden.path(instance) + resource)
        assert open_answer.status_code == hidden_answer.status_code == 200
        assert open_answer.headers["ETag"] != hidden_answer.headers["ETag"]
        again = hidden.get(hidden.path(instance) + resource, If_None_Match=open_answer.headers["ETag"])
        assert again.status_code == 200
        assert (
            hidden.get(hidden.path(instance) + resource, If_None_Match=hidden_answer.headers["ETag"]).status_code == 304
        )
    for level in ("/metadata", "/series", "/instances"):
        first = hidden.json(hidden.study_path + level)
        assert b"Popescu" in reader.get(study_path_of(instance) + level).content or level != "/metadata"
        assert hidden.json(hidden.study_path + level) == first
        assert ds.StudyInstanceUID not in str(first)


def test_permissions_are_those_of_the_token(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    view = reader.token(permissions=("view",))
    assert reader.reader.get(reader.path(instance), token=view).status_code == 403
    assert reader.reader.get(f"{reader.path(instance)}/metadata", token=view).status_code == 200
    (event,) = refused_events()
    assert (event["reason"], event["study_instance_uid"]) == ("token_without_permission", ds.StudyInstanceUID)


def test_what_cannot_be_cleaned_is_as_if_it_were_not_there(disguised: Disguise, take_in: TakeIn) -> None:
    shown = small_ct()
    same = {"StudyInstanceUID": shown.StudyInstanceUID}
    report = take_in(small_ct(**same, SOPClassUID=BASIC_TEXT_SR, Modality="SR", PixelData=None))
    hidden_beside = take_in(small_ct(**same, SeriesInstanceUID=shown.SeriesInstanceUID, SOPClassUID="1.2.3.4"))
    instance = take_in(shown)
    reader = disguised(shown.StudyInstanceUID)
    (study,) = reader.json("/dicomweb/studies")
    assert study["00080061"]["Value"] == ["CT"]
    assert (study["00201206"]["Value"], study["00201208"]["Value"]) == ([1], [1])
    (series,) = reader.json(f"{reader.study_path}/series")
    assert series["00201209"]["Value"] == [1]
    for path in (
        f"{reader.study_path}/instances",
        f"{reader.study_path}/metadata",
        f"{reader.series_path(instance)}/metadata",
    ):
        assert [one["00080018"]["Value"] for one in reader.json(path)] == [[reader.uid(shown.SOPInstanceUID)]]
    for withheld in (report, hidden_beside):
        for resource in ("", "/metadata", "/frames/1", "/rendered", "/bulkdata/7FE00010"):
            assert reader.get(reader.path(withheld) + resource).status_code == 404
    for resource in ("", "/metadata", "/instances", "/thumbnail"):
        assert reader.get(reader.series_path(report) + resource).status_code == 404
    assert reader.body(reader.study_path).count(b"DICM") == 1


def test_query_does_not_tell_what_the_answer_hides(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    for query in (
        "PatientName=Popescu*",
        "PatientID=P-1",
        "StudyDate=20260102",
        "PatientBirthDate=19700101-",
        "AccessionNumber=ACC1",
    ):
        assert (query, reader.get(f"/dicomweb/studies?{query}").status_code) == (query, 204)
    true, false = (reader.get(f"{reader.study_path}/series?SeriesDescription={text}") for text in ("Axial", "Other"))
    assert (true.status_code, true.content) == (false.status_code, false.content)
    (found,) = reader.json("/dicomweb/studies?PatientID=Q-7F3C91")
    assert found["00100010"]["Value"] == [{"Alphabetic": "Q-7F3C91"}]
    assert found["00081190"]["Value"] == [f"http://127.0.0.1:8042{reader.study_path}"]


def test_requests_are_neither_told_nor_matched(disguised: Disguise, take_in: TakeIn) -> None:
    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID = "STEP-1", "PROCEDURE-1"
    ds = small_ct(RequestAttributesSequence=[item])
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID, *Option)
    right, wrong = (f"RequestAttributesSequence.RequestedProcedureID={value}" for value in ("PROCEDURE-1", "Other"))
    for path in (f"{reader.study_path}/series", f"{reader.series_path(instance)}/instances", "/dicomweb/instances"):
        for query in ("", "includefield=all", "includefield=RequestAttributesSequence", "00400275=", right, wrong):
            response = reader.get(f"{path}?{query}")
            assert (path, query, response.status_code) == (path, query, 200)
            assert not [told for told in (b"00400275", b"STEP-1", b"PROCEDURE-1") if told in response.content]
        assert reader.get(f"{path}?{right}").content == reader.get(f"{path}?{wrong}").content


def test_instance_that_comes_later_is_found(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    first = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    assert reader.get(f"{reader.path(first)}/frames/1").status_code == 200
    later = take_in(small_ct(StudyInstanceUID=ds.StudyInstanceUID))
    assert reader.get(f"{reader.path(later)}/frames/1").status_code == 200
    assert len(reader.json(f"{reader.study_path}/metadata")) == 2
