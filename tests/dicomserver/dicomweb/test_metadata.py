"""WADO-RS metadata: what pydicom reads in the files, all levels, gzip, and 304 until something changes."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from dicomserver.access.models import ViewingSession
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, path_of, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct


@pytest.mark.parametrize("level", [study_path_of, series_path_of, path_of])
def test_metadata_of_each_level_hold_the_instance(
    reader: WebReader, take_in: TakeIn, level: Callable[[Instance], str]
) -> None:
    ds = small_ct()
    instance = take_in(ds)
    take_in(small_ct())
    (found,) = reader.json(f"{level(instance)}/metadata")
    assert found["00080018"] == {"vr": "UI", "Value": [ds.SOPInstanceUID]}
    assert found["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "Popescu^Ion"}]}
    assert found["7FE00010"] == {
        "vr": "OW",
        "BulkDataURI": f"http://127.0.0.1:8042{path_of(instance)}/bulkdata/7FE00010",
    }


@pytest.mark.parametrize("level", [study_path_of, series_path_of, path_of])
def test_metadata_say_in_which_transfer_syntax_the_instance_is_kept(
    reader: WebReader, take_in: TakeIn, level: Callable[[Instance], str]
) -> None:
    step = Dataset()
    step.AvailableTransferSyntaxUID = ExplicitVRBigEndian
    ds = small_ct(AvailableTransferSyntaxUID=ExplicitVRBigEndian, RequestAttributesSequence=Sequence([step]))
    text = reader.get(f"{level(take_in(ds, ImplicitVRLittleEndian))}/metadata").content.decode()
    (found,) = json.loads(text)
    assert found["00083002"] == {"vr": "UI", "Value": [ImplicitVRLittleEndian]}
    assert found["00400275"]["Value"] == [{"00083002": {"vr": "UI", "Value": [ExplicitVRBigEndian]}}]
    assert text.count('"00083002"') == 2


def test_instances_come_by_number(reader: WebReader, take_in: TakeIn) -> None:
    first = small_ct(InstanceNumber=10)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    instance = take_in(first)
    for number in (2, 33, 1):
        take_in(small_ct(**same, InstanceNumber=number))
    found = reader.json(f"{series_path_of(instance)}/metadata")
    assert [one["00200013"]["Value"] for one in found] == [[1], [2], [10], [33]]


def test_real_metadata_is_what_pydicom_reads(reader: WebReader, take_in: TakeIn, shared_data: Path) -> None:
    path = shared_data / "ct-chest" / "000001.dcm"
    (found,) = reader.json(f"{path_of(take_in(path))}/metadata")
    found.pop("7FE00010")
    ds = Dataset.from_json(json.dumps(found))
    expected = dcmread(path, stop_before_pixels=True)
    for element in expected:
        if element.tag.element == 0 or element.VR in {"OB", "OW", "UN"} or element.keyword == "SpecificCharacterSet":
            continue
        assert ds[element.tag].value == element.value, element.keyword


def test_metadata_is_compressed_for_who_takes_it(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{path_of(take_in(small_ct()))}/metadata"
    plain = reader.get(path)
    packed = reader.get(path, Accept_Encoding="gzip, deflate, br")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert {"Accept", "Accept-Encoding", "Origin"} <= set(packed.headers["Vary"].split(", "))
    for refusing in ("gzip;q=0", "identity", "deflate, gzip;q=0.0"):
        assert "Content-Encoding" not in reader.get(path, Accept_Encoding=refusing).headers


def test_unchanged_metadata_is_not_sent_again(reader: WebReader, take_in: TakeIn) -> None:
    first = small_ct()
    path = f"{study_path_of(take_in(first))}/metadata"
    etag = reader.get(path).headers["ETag"]
    assert reader.get(path, If_None_Match=f'"other", {etag}').status_code == 304
    assert reader.get(path, If_None_Match=f"W/{etag}").status_code == 304
    take_in(small_ct(StudyInstanceUID=first.StudyInstanceUID))
    changed = reader.get(path, If_None_Match=etag)
    assert changed.status_code == 200
    assert len(json.loads(changed.content)) == 2


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/dicom+json", 200),
        ("application/json", 200),
        ("application/*", 200),
        ("*/*", 200),
        ("application/dicom+json, application/json", 200),
        ("text/html", 406),
    ],
)
def test_metadata_is_json(reader: WebReader, take_in: TakeIn, accept: str, status: int) -> None:
    assert reader.get(f"{path_of(take_in(small_ct()))}/metadata", Accept=accept).status_code == status


def test_what_is_not_here_is_absent(reader: WebReader, take_in: TakeIn) -> None:
    study = study_path_of(take_in(small_ct()))
    for path in (f"{study}/series/1.2.3", f"{study}/series/1.2.3/instances/1.2.4"):
        response = reader.get(f"{path}/metadata")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("uid", ["..", "1..2", "01.2", "1.2/../3", "1" * 65, "1.2%0a"])
def test_an_address_that_is_no_uid_does_not_exist(reader: WebReader, uid: str) -> None:
    response = reader.get(f"/dicomweb/studies/{uid}/metadata", token=None)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_looking_at_metadata_is_no_reading_of_pixels(reader: WebReader, take_in: TakeIn) -> None:
    reader.get(f"{path_of(take_in(small_ct()))}/metadata")
    assert not ViewingSession.objects.exists()


def test_hostile_text_stays_text(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct(PatientName='<script>"\\^', StudyDescription="'; DROP TABLE x;--"))
    (found,) = reader.json(f"{path_of(instance)}/metadata")
    assert found["00081030"]["Value"] == ["'; DROP TABLE x;--"]
    response = reader.get(f"{path_of(instance)}/metadata")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
