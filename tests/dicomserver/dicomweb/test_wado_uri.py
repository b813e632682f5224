"""WADO-URI: one instance named in the query, as a picture or a file; what cannot be done is refused."""

import io
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from dicomserver.access.models import ViewingSession
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, body_of, refused_events
from tests.dicomserver.dicomweb.test_machines import Machine
from tests.dicomserver.dicomweb.test_rendered import image_of, pixels_of, ramp
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import EXPLICIT, IMPLICIT
from tests.dicomserver.portal_double import PortalDouble

pytestmark = pytest.mark.django_db(transaction=True)


def address(instance: Instance, **changes: Any) -> str:
    values: dict[str, Any] = {
        "requestType": "WADO",
        "studyUID": instance.series.study.study_instance_uid,
        "seriesUID": instance.series.series_instance_uid,
        "objectUID": instance.sop_instance_uid,
    } | changes
    return f"/dicomweb/wado?{urlencode({name: value for name, value in values.items() if value is not None})}"


def ask(
    reader: WebReader, instance: Instance, permissions: tuple[str, ...] = ("view", "download"), **changes: Any
) -> Any:
    token = reader.portal.token(instance.series.study.study_instance_uid, permissions=permissions)
    return reader.get(address(instance, **changes), token=token)


def test_an_image_is_shown_as_jpeg(reader: WebReader, take_in: TakeIn) -> None:
    assert image_of(ask(reader, take_in(ramp())), "image/jpeg").size == (64, 32)


def test_frame_window_size_region_and_quality(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp(frames=2))
    shown = pixels_of(ask(reader, instance, contentType="image/png", frameNumber=2, windowCenter=160, windowWidth=320))
    assert list(shown[0, [0, 10, 20]]) == [0, 128, 255]
    assert image_of(ask(reader, instance, rows=16, contentType="image/png")).size == (32, 16)
    assert image_of(ask(reader, instance, columns=128, contentType="image/png")).size == (128, 64)
    half = image_of(ask(reader, instance, region="0.5,0,1,1", contentType="image/png"))
    assert half.size == (32, 32)
    assert int(np.asarray(half)[0, 0]) >= 127
    sizes = [len(ask(reader, instance, imageQuality=quality).content) for quality in (5, 100)]
    assert sizes[0] < sizes[1]


def test_the_file_comes_as_explicit_little_endian_unless_asked_otherwise(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp(), IMPLICIT)
    found = ask(reader, instance, contentType="application/dicom")
    assert dcmread(io.BytesIO(body_of(found))).file_meta.TransferSyntaxUID == EXPLICIT
    compressed = ask(reader, instance, contentType="application/dicom", transferSyntax="1.2.840.10008.1.2.4.80")
    assert dcmread(io.BytesIO(body_of(compressed))).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.80"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"requestType": None}, 400),
        ({"requestType": "QIDO"}, 400),
        ({"studyUID": "../1"}, 400),
        ({"objectUID": None}, 400),
        ({"objectUID": "1.2.3"}, 404),
        ({"anonymize": "yes"}, 400),
        ({"windowCenter": 1}, 400),
        ({"windowCenter": 1, "windowWidth": 0}, 400),
        ({"rows": 0}, 400),
        ({"region": "0,0,1"}, 400),
        ({"region": "0,0,2,1"}, 400),
        ({"region": "nan,0,1,1"}, 400),
        ({"frameNumber": "1,2"}, 400),
        ({"frameNumber": 9}, 404),
        ({"imageQuality": 101}, 400),
        ({"transferSyntax": "1.2.840.10008.1.2.1"}, 400),
        ({"presentationUID": "1.2.3"}, 406),
        ({"contentType": "video/mp4"}, 406),
        ({"contentType": "application/dicom", "transferSyntax": "1.2.3"}, 406),
    ],
)
def test_what_cannot_be_done_is_refused(
    reader: WebReader, take_in: TakeIn, changes: dict[str, Any], status: int
) -> None:
    assert ask(reader, take_in(ramp()), **changes).status_code == status


def test_only_the_tokens_study_is_given_and_the_file_to_who_may_download(
    reader: WebReader, portal: PortalDouble, take_in: TakeIn
) -> None:
    instance, other = take_in(ramp()), take_in(ramp())
    token = portal.token(other.series.study.study_instance_uid)
    assert reader.get(address(instance), token=token).status_code == 403
    assert reader.get(address(instance), token=None).status_code == 401
    assert ask(reader, instance, ("view",), contentType="application/dicom").status_code == 403
    assert ask(reader, instance, ("view",)).status_code == 200
    assert len(refused_events()) == 3


def test_a_machine_reads_by_this_way_too(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(ramp())
    assert Image.open(io.BytesIO(Machine("retrieve").get(address(instance)).content)).size == (64, 32)
    assert Machine("query", name="asks").get(address(instance)).status_code == 403
    assert ViewingSession.objects.get().way == "wado_uri"
