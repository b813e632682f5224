"""A study as a ZIP by DICOMweb: whole, in parts, for whom, and what the audit hears of it."""

import io
import zipfile
from typing import Any

import pytest
from pydicom.fileset import FileSet

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.archive import Archive
from dicomserver.dicomweb import records
from dicomserver.dicomweb.views import archive as view
from dicomserver.exporting import contents, services
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise, disguised, own_names
from tests.dicomserver.dicomweb.reading import WebReader, body_of, refused_events, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

__all__ = ["disguised", "own_names"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers is of one test."""
    memory = contents.Exports()
    for module in (services, view):
        monkeypatch.setattr(module, "exports", memory)


@pytest.fixture
def instances(take_in: TakeIn) -> list[Instance]:
    """Three instances of one study in two series."""
    first = small_ct()
    study = {"StudyInstanceUID": first.StudyInstanceUID}
    return [
        take_in(ds) for ds in (first, small_ct(SeriesInstanceUID=first.SeriesInstanceUID, **study), small_ct(**study))
    ]


def names_in(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "application/zip"
    body = body_of(response)
    assert int(response.headers["Content-Length"]) == len(body)
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert opened.testzip() is None
        return opened.namelist()


def test_a_study_comes_as_a_zip_under_its_own_address_and_by_accept(
    reader: WebReader, instances: list[Instance]
) -> None:
    path = study_path_of(instances[0])
    names = names_in(reader.get(f"{path}/archive"))
    assert names[:2] == ["DICOMDIR", "README.TXT"]
    assert len(names) == 5
    assert names_in(reader.get(path, Accept="application/zip")) == names
    assert names_in(reader.get(f"{series_path_of(instances[0])}/archive"))[2:] == [
        "DICOM/S0000001/I0000001", "DICOM/S0000001/I0000002",
    ]  # fmt: skip
    assert len(names_in(reader.get(series_path_of(instances[0]), Accept="application/zip"))) == 4
    assert names_in(reader.post(f"{path}/archive")) == names


def test_a_download_that_broke_off_goes_on_where_it_stopped(reader: WebReader, instances: list[Instance]) -> None:
    path = f"{study_path_of(instances[0])}/archive"
    first = reader.get(path)
    whole, etag = body_of(first), first.headers["ETag"]
    rest = reader.get(path, Range="bytes=700-", If_Range=etag)
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes 700-{len(whole) - 1}/{len(whole)}"
    assert body_of(rest) == whole[700:]
    assert rest.headers["ETag"] == etag
    assert body_of(reader.get(path, Range="bytes=100-199")) == whole[100:200]
    assert body_of(reader.get(path, Range="bytes=-50")) == whole[-50:]
    behind = reader.get(path, Range=f"bytes={len(whole)}-")
    assert (behind.status_code, behind.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")


def test_a_study_that_grew_in_between_begins_anew(
    reader: WebReader, instances: list[Instance], take_in: TakeIn
) -> None:
    path = f"{study_path_of(instances[0])}/archive"
    etag = reader.get(path).headers["ETag"]
    take_in(small_ct(StudyInstanceUID=instances[0].series.study.study_instance_uid))
    again = reader.get(path, Range="bytes=700-", If_Range=etag)
    assert again.status_code == 200
    assert again.headers["ETag"] != etag
    assert len(names_in(again)) == 6


def test_the_head_says_how_long_it_is_and_nothing_is_read(reader: WebReader, instances: list[Instance]) -> None:
    path = f"{study_path_of(instances[0])}/archive"
    token = reader.portal.token(path.split("/")[3], permissions=("download",))
    response = reader.client.head(path, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) == len(body_of(reader.get(path)))
    assert response.headers["Accept-Ranges"] == "bytes"


def test_a_download_is_told_to_the_audit(reader: WebReader, instances: list[Instance]) -> None:
    body = body_of(reader.get(f"{study_path_of(instances[0])}/archive"))
    records.reads.flush()
    assert ViewingSession.objects.get().sent_bytes == len(body)
    assert ReadInstance.objects.count() == 3


def test_without_the_permission_to_download_no_byte_leaves(reader: WebReader, instances: list[Instance]) -> None:
    path = study_path_of(instances[0])
    for address in (f"{path}/archive", f"{series_path_of(instances[0])}/archive"):
        assert reader.get(address, permissions=("view",)).status_code == 403
    assert reader.get(path, permissions=("view",), Accept="application/zip").status_code == 403
    assert [event["reason"] for event in refused_events()] == ["token_without_permission"]
    records.reads.flush()
    assert not ViewingSession.objects.exists()


def test_a_study_that_is_not_here_is_not_found(reader: WebReader, archive: Archive) -> None:
    assert reader.get("/dicomweb/studies/1.2.3/archive").status_code == 404


def test_a_copy_without_identity_says_nothing_of_the_patient(
    disguised: Disguise, take_in: TakeIn, tmp_path: Any
) -> None:
    ds = small_ct(PatientName="LEAK^Lena", PatientID="LEAK-7", AccessionNumber="LEAK8", StudyDescription="LEAK")
    instance = take_in(ds)
    hidden = disguised(ds.StudyInstanceUID)
    response = hidden.get(f"{hidden.study_path}/archive")
    whole = body_of(response)
    for secret in (b"LEAK", ds.StudyInstanceUID.encode(), ds.SOPInstanceUID.encode(), b"20260102"):
        assert secret not in whole
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert opened.testzip() is None
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        opened.extractall(tmp_path / "out")
    file_set = FileSet(tmp_path / "out" / "DICOMDIR")
    assert file_set.find_values("StudyInstanceUID") == [hidden.uid(ds.StudyInstanceUID)]
    assert [one.SOPInstanceUID for one in file_set] == [hidden.uid(ds.SOPInstanceUID)]
    file_set._stage["t"].cleanup()
    rest = hidden.get(f"{hidden.study_path}/archive", Range="bytes=900-", If_Range=response.headers["ETag"])
    assert rest.status_code == 206
    assert body_of(rest) == whole[900:]
    assert names_in(hidden.get(f"{hidden.series_path(instance)}/archive"))[2:] == ["DICOM/S0000001/I0000001"]


def test_a_file_that_is_gone_ends_the_answer_before_its_end(
    reader: WebReader, instances: list[Instance], archive: Archive
) -> None:
    archive.path_of(instances[1].relative_path).unlink()
    response = reader.get(f"{study_path_of(instances[0])}/archive")
    with pytest.raises(OSError, match="No such file"):
        body_of(response)
