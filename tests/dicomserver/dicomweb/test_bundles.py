"""Frames of several instances in one answer: the bytes of single requests, in the order asked, missing ones told."""

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError
from pydicom.dataset import Dataset
from pytest_django.fixtures import Settings

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb import bundles, records
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, body_of, bundle_of, parts_of, path_of, series_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, small_ct

NATIVE = f"application/octet-stream; transfer-syntax={EXPLICIT}"


def slices(take_in: TakeIn, count: int, **changes: Any) -> list[Instance]:
    """Slices of one series, each with bytes of its own."""
    first = small_ct()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    return [
        take_in(small_ct(**same, InstanceNumber=index + 1, PixelData=bytes([index]) * 32, **changes))
        for index in range(count)
    ]


def names(*frames: tuple[Instance, int]) -> str:
    return ",".join(f"{instance.sop_instance_uid}:{number}" for instance, number in frames)


def problem_of(body: bytes) -> tuple[int, str]:
    found = json.loads(body)
    return found["status"], found["code"]


def test_frames_come_in_the_order_asked_for(reader: WebReader, take_in: TakeIn) -> None:
    series = slices(take_in, 5)
    asked = [series[3], series[0], series[4], series[0]]
    parts = bundle_of(reader.bundle(series_path_of(series[0]), names(*((one, 1) for one in asked))))
    assert [part.location for part in parts] == [f"{path_of(one)}/frames/1" for one in asked]
    assert [part.body for part in parts] == [bytes([index]) * 32 for index in (3, 0, 4, 0)]
    assert {part.content_type for part in parts} == {NATIVE}


def multi_frame(count: int = 5, **changes: Any) -> Dataset:
    return small_ct(NumberOfFrames=count, PixelData=np.arange(count * 16, dtype="<u2").tobytes(), **changes)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_frames_of_one_instance_are_those_of_single_requests(reader: WebReader, take_in: TakeIn, syntax: str) -> None:
    instance = take_in(multi_frame(), syntax)
    numbers = (5, 2, 3)
    parts = bundle_of(reader.bundle(series_path_of(instance), names(*((instance, number) for number in numbers))))
    single = [parts_of(reader.get(f"{path_of(instance)}/frames/{number}"))[0] for number in numbers]
    assert [(part.content_type, part.body) for part in parts] == [(one.content_type, one.body) for one in single]


@pytest.mark.parametrize(
    "name",
    ["xa-cine/jpeg8bit.dcm", "us-color/IM00001.fragmented_no_bot_jpeg_baseline.50.dcm", "enhanced/philips-emr.dcm"],
)
def test_frames_of_real_files_are_those_of_single_requests(
    reader: WebReader, take_in: TakeIn, shared_data: Path, name: str
) -> None:
    instance = take_in(shared_data / name)
    numbers = range(1, min(instance.number_of_frames or 1, 8) + 1)
    parts = bundle_of(reader.bundle(series_path_of(instance), names(*((instance, number) for number in numbers))))
    together = ",".join(map(str, numbers))
    single = parts_of(reader.get(f"{path_of(instance)}/frames/{together}"))
    assert [(part.content_type, part.body) for part in parts] == [(one.content_type, one.body) for one in single]


@pytest.mark.parametrize(
    ("changes", "is_warned"),
    [
        ({"Rows": 3}, True),
        ({"Columns": 3}, True),
        ({"NumberOfFrames": 1, "PixelData": bytes(64)}, True),
        ({}, False),
        # Filled up to a round length, as some equipment does.
        ({"PixelData": bytes(32 + 6)}, False),
        # The second frame is missing, which its reader is told.
        ({"NumberOfFrames": 2, "PixelData": bytes(32 + 30)}, False),
    ],
)
def test_whoever_reads_frames_that_leave_pixels_out_is_warned(
    reader: WebReader, take_in: TakeIn, changes: dict[str, Any], is_warned: bool
) -> None:
    instance = take_in(small_ct(**changes))
    (part,) = bundle_of(reader.bundle(series_path_of(instance), names((instance, 1))))
    single = reader.get(f"{path_of(instance)}/frames/1")
    warning = f'299 {django_settings.DICOMWEB_PUBLIC_URL} "Rows and Columns do not describe all of the pixel data"'
    assert part.warning == (warning if is_warned else "")
    assert single.headers.get("Warning", "") == part.warning


def test_a_frame_that_is_missing_is_a_problem_in_its_place(
    reader: WebReader, take_in: TakeIn, archive: Archive
) -> None:
    series = slices(take_in, 4)
    other = take_in(small_ct())
    archive.path_of(series[1].relative_path).unlink()
    with archive.path_of(series[2].relative_path).open("ab") as file:
        file.write(b"more")
    asked = [(series[0], 1), (series[1], 1), (series[2], 1), (series[3], 2), (series[3], 0), (other, 1), (series[3], 1)]
    parts = bundle_of(reader.bundle(series_path_of(series[0]), names(*asked)))
    assert [part.content_type for part in parts] == [NATIVE, *["application/problem+json"] * 5, NATIVE]
    told = [problem_of(part.body) for part in parts[1:-1]]
    assert told == [(500, "internal")] * 2 + [(404, "not_found")] * 3
    assert parts[1].location == f"{path_of(series[1])}/frames/1"
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.frames, session.sent_bytes) == (2, 64)
    read = set(ReadInstance.objects.values_list("instance_pk", flat=True))
    assert read == {series[0].pk, series[3].pk}


def test_an_instance_without_pixels_is_a_problem_in_its_place(reader: WebReader, take_in: TakeIn) -> None:
    picture = take_in(small_ct())
    same = {
        "StudyInstanceUID": picture.series.study.study_instance_uid,
        "SeriesInstanceUID": picture.series.series_instance_uid,
    }
    words = take_in(small_ct(PixelData=None, Rows=None, Columns=None, **same))
    parts = bundle_of(reader.bundle(series_path_of(picture), names((words, 1), (picture, 1))))
    assert problem_of(parts[0].body) == (404, "not_found")
    assert parts[1].content_type == NATIVE


def test_frames_are_counted_as_those_of_single_requests(reader: WebReader, take_in: TakeIn) -> None:
    series = slices(take_in, 3)
    body_of(reader.bundle(series_path_of(series[0]), names(*((one, 1) for one in series))))
    reader.get(f"{path_of(series[0])}/frames/1")
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.session_id, session.sub, session.frames, session.sent_bytes) == ("session-1", "user-1", 4, 128)
    assert ReadInstance.objects.count() == 3


def test_a_large_bundle_is_streamed_and_counted_as_it_leaves(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "CHUNK_BYTES", 100)
    monkeypatch.setattr(bundles, "IN_MEMORY_BYTES", 100)
    series = slices(take_in, 4)
    asked = names(*((one, 1) for one in series))
    response = reader.bundle(series_path_of(series[0]), asked)
    assert response.streaming
    assert "Content-Length" not in response.headers
    assert response.headers["Cache-Control"] == "private, no-store"
    records.reads.flush()
    begun = ViewingSession.objects.get().frames
    assert begun < 4
    assert [part.body for part in bundle_of(response)] == [bytes([index]) * 32 for index in range(4)]
    records.reads.flush()
    assert ViewingSession.objects.get().frames == 4


def test_a_frame_larger_than_a_chunk_comes_piece_by_piece(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch, archive: Archive
) -> None:
    from dicomserver.dicomweb import storage

    instance = take_in(multi_frame(3))
    monkeypatch.setattr(bundles, "CHUNK_BYTES", 20)
    monkeypatch.setattr(bundles, "IN_MEMORY_BYTES", 40)
    monkeypatch.setattr(storage, "PIECE_BYTES", 10)
    response = reader.bundle(series_path_of(instance), names((instance, 3), (instance, 1)))
    parts = bundle_of(response)
    pixels = np.arange(48, dtype="<u2").tobytes()
    assert [part.body for part in parts] == [pixels[64:], pixels[:32]]
    archive.path_of(instance.relative_path).unlink()
    assert problem_of(bundle_of(reader.bundle(series_path_of(instance), names((instance, 1))))[0].body)[0] == 500


def test_nothing_is_sent_that_cannot_be_noted(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = slices(take_in, 2)

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(records.reads, "begin", fail)
    response = reader.bundle(series_path_of(series[0]), names((series[0], 1)))
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")


def test_large_bundles_leave_threads_to_others(
    reader: WebReader, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "IN_MEMORY_BYTES", 70)
    monkeypatch.setattr(bundles, "_streams", threading.Semaphore(1))
    series = slices(take_in, 4)
    path, asked = series_path_of(series[0]), names(*((one, 1) for one in series))
    slow = reader.bundle(path, asked)
    assert slow.streaming
    meanwhile = reader.bundle(path, asked)
    assert not meanwhile.streaming
    parts = bundle_of(meanwhile)
    assert [part.body for part in parts[:2]] == [bytes([index]) * 32 for index in range(2)]
    assert [problem_of(part.body) for part in parts[2:]] == [(503, "unavailable")] * 2
    assert len(bundle_of(slow)) == 4
    again = reader.bundle(path, asked)
    assert again.streaming
    # A reader who goes away gives the place back too.
    again.close()
    del again
    assert reader.bundle(path, asked).streaming


@pytest.mark.parametrize(
    "frames",
    [
        "",
        "1.2.3",
        "1.2.3:",
        ":1",
        "1.2.3:a",
        "1.2.3:-1",
        "1.2.3:1,",
        ",1.2.3:1",
        "1.2.3:²",
        "1.2.3:1234567890",
        "../1:1",
        "1.2.3 :1",
        "01.2:1",
        "1.2.3:1;1.2.4:1",
        "\0",
    ],
)
def test_a_bad_list_is_refused(reader: WebReader, frames: str) -> None:
    response = reader.bundle("/dicomweb/studies/1.2/series/1.3", frames)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_a_bundle_has_at_most_64_frames(reader: WebReader, take_in: TakeIn) -> None:
    (instance,) = slices(take_in, 1)
    path = series_path_of(instance)
    assert len(bundle_of(reader.bundle(path, names(*[(instance, 1)] * 64)))) == 64
    assert reader.bundle(path, names(*[(instance, 1)] * 65)).status_code == 400


def test_a_form_that_says_things_twice_is_refused(reader: WebReader, take_in: TakeIn) -> None:
    (instance,) = slices(take_in, 1)
    token = reader.portal.token(instance.series.study.study_instance_uid)
    path, asked = f"{series_path_of(instance)}/frames", names((instance, 1))
    for body in (
        f"access_token={token}&frames={asked}&frames={asked}",
        f"access_token={token}&access_token={token}&frames={asked}",
        f"access_token={token}",
    ):
        response = reader.client.post(path, body, content_type="application/x-www-form-urlencoded")
        assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_what_is_no_form_or_too_large_is_refused(reader: WebReader, take_in: TakeIn) -> None:
    (instance,) = slices(take_in, 1)
    path = f"{series_path_of(instance)}/frames"
    token = reader.portal.token(instance.series.study.study_instance_uid)
    authorized = {"Authorization": f"Bearer {token}"}
    json_body = reader.client.post(path, "{}", content_type="application/json", headers=authorized)
    assert (json_body.status_code, json_body.json()["code"]) == (415, "media_type_unsupported")
    large = reader.bundle(path.removesuffix("/frames"), "1" * 40_000)
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")


def test_a_bundle_is_asked_for_by_post_alone(reader: WebReader, take_in: TakeIn) -> None:
    (instance,) = slices(take_in, 1)
    response = reader.get(f"{series_path_of(instance)}/frames")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST, OPTIONS")


def test_a_bundle_is_refused_to_who_does_not_take_it(reader: WebReader, take_in: TakeIn) -> None:
    (instance,) = slices(take_in, 1)
    path, asked = series_path_of(instance), names((instance, 1))
    for accept, status in (
        ("*/*", 200),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", 200),
        ("image/jpeg", 406),
    ):
        assert reader.bundle(path, asked, Accept=accept).status_code == status


def test_a_series_of_another_study_and_instances_of_another_series_are_not_there(
    reader: WebReader, take_in: TakeIn
) -> None:
    mine, other = take_in(small_ct()), take_in(small_ct())
    study = f"/dicomweb/studies/{mine.series.study.study_instance_uid}"
    foreign = reader.bundle(f"{study}/series/{other.series.series_instance_uid}", names((other, 1)))
    absent = reader.bundle(f"{study}/series/9.9.9", names((other, 1)))
    assert (foreign.status_code, foreign.content) == (404, absent.content)
    assert reader.bundle(series_path_of(mine), names((other, 1))).status_code == 404
    assert not ViewingSession.objects.exists()


def test_addresses_begin_as_the_public_one_does(reader: WebReader, take_in: TakeIn, settings: Settings) -> None:
    settings.DICOMWEB_PUBLIC_URL = "https://hospital.example/images/dicomweb"
    (instance,) = slices(take_in, 1)
    (part,) = bundle_of(reader.bundle(series_path_of(instance), names((instance, 1))))
    assert part.location == f"/images{path_of(instance)}/frames/1"
