"""dicomweb-client as a research workstation: every method of its web client, with a machine's token."""

import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from dicomweb_client.session_utils import create_session
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tests.demonstration import Demonstration, Server
from tests.dicomserver.objects import small_ct
from tests.interop.peers import machine_token

pytestmark = pytest.mark.timeout(180)

PATIENT_ID = f"DWC-{os.getpid()}"


def with_meta(ds: Dataset) -> Dataset:
    """Ready to be written into a file."""
    ds.preamble = bytes(128)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def new_study(**changes: Any) -> list[Dataset]:
    """Two slices of one series, and a series of one object of three frames with a bulky value."""
    study, patient = generate_uid(), {"PatientID": PATIENT_ID, "PatientName": "Ionescu^Ana"}
    frame = np.tile(np.arange(64, dtype="<u2") * 16, (64, 1))
    common: dict[str, Any] = {
        "StudyInstanceUID": study,
        "Rows": 64,
        "Columns": 64,
        "WindowCenter": 512,
        "WindowWidth": 1024,
    }
    series = generate_uid()
    slices = [
        small_ct(
            **common, **patient, SeriesInstanceUID=series, InstanceNumber=number, PixelData=(frame + number).tobytes()
        )
        for number in (1, 2)
    ]
    frames = small_ct(
        **common, **patient, NumberOfFrames="3", PixelData=np.stack([frame, frame + 1, frame + 2]).tobytes()
    )
    frames.ICCProfile = bytes(300_000)
    frames.SeriesNumber = 9
    return [with_meta(ds) for ds in (*slices, frames)]


@pytest.fixture(scope="module")
def server(demonstration: Demonstration) -> Server:
    return demonstration.server("A")


@pytest.fixture(scope="module")
def client(demonstration: Demonstration, server: Server) -> DICOMwebClient:
    """A client that may do everything."""
    token = machine_token(demonstration, server, "dicomweb-client", "query", "retrieve", "store", "delete")
    session = create_session()
    session.headers["Authorization"] = f"Bearer {token}"
    return DICOMwebClient(server.dicomweb_url, session=session)


@pytest.fixture(scope="module")
def study(client: DICOMwebClient) -> Iterator[list[Dataset]]:
    """A study that the client has stored."""
    made = new_study()
    client.store_instances(made)
    yield made
    client.delete_study(made[0].StudyInstanceUID)


def uids(ds: Dataset) -> tuple[str, str, str]:
    return ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID


def value(found: dict[str, Any], tag: str) -> Any:
    return found[tag]["Value"][0]


def test_store_instances(client: DICOMwebClient) -> None:
    made = new_study()
    answer = client.store_instances(made, study_instance_uid=made[0].StudyInstanceUID)
    stored = {item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence}
    assert stored == {ds.SOPInstanceUID for ds in made}
    assert "FailedSOPSequence" not in answer
    client.delete_study(made[0].StudyInstanceUID)


def test_search_for_studies(client: DICOMwebClient, study: list[Dataset]) -> None:
    (found,) = client.search_for_studies(
        search_filters={"PatientID": PATIENT_ID, "StudyInstanceUID": study[0].StudyInstanceUID}
    )
    assert value(found, "0020000D") == study[0].StudyInstanceUID
    assert (value(found, "00201206"), value(found, "00201208")) == (2, 3)
    fuzzy = client.search_for_studies(
        fuzzymatching=True, search_filters={"PatientName": "ionescu", "StudyInstanceUID": study[0].StudyInstanceUID}
    )
    assert [value(one, "0020000D") for one in fuzzy] == [study[0].StudyInstanceUID]


def test_search_with_limit_offset_and_fields(client: DICOMwebClient, study: list[Dataset]) -> None:
    uid = study[0].StudyInstanceUID
    first = client.search_for_instances(uid, limit=1, offset=0, fields=["Rows"])
    rest = client.search_for_instances(uid, limit=5, offset=1)
    assert len(first) == 1
    assert {value(one, "00080018") for one in (*first, *rest)} == {ds.SOPInstanceUID for ds in study}
    assert value(first[0], "00280010") == 64
    assert len(client.search_for_instances(uid, limit=1, get_remaining=True)) == 3


def test_search_for_series(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.search_for_series(study[0].StudyInstanceUID)
    assert {value(one, "0020000E") for one in found} == {ds.SeriesInstanceUID for ds in study}
    everywhere = client.search_for_series(search_filters={"SeriesInstanceUID": study[2].SeriesInstanceUID})
    assert [value(one, "0020000E") for one in everywhere] == [study[2].SeriesInstanceUID]


def test_search_for_instances(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.search_for_instances(study[0].StudyInstanceUID, study[0].SeriesInstanceUID)
    assert [value(one, "00080018") for one in found] == [study[0].SOPInstanceUID, study[1].SOPInstanceUID]
    everywhere = client.search_for_instances(search_filters={"SOPInstanceUID": study[2].SOPInstanceUID})
    assert [value(one, "00080018") for one in everywhere] == [study[2].SOPInstanceUID]


def test_retrieve_study_and_iter_study(client: DICOMwebClient, study: list[Dataset]) -> None:
    expected = {ds.SOPInstanceUID: ds.PixelData for ds in study}
    found = client.retrieve_study(study[0].StudyInstanceUID)
    assert {ds.SOPInstanceUID: ds.PixelData for ds in found} == expected
    assert {ds.SOPInstanceUID: ds.PixelData for ds in client.iter_study(study[0].StudyInstanceUID)} == expected


def test_retrieve_series_and_iter_series(client: DICOMwebClient, study: list[Dataset]) -> None:
    expected = [study[0].SOPInstanceUID, study[1].SOPInstanceUID]
    assert [ds.SOPInstanceUID for ds in client.retrieve_series(*uids(study[0])[:2])] == expected
    assert [ds.SOPInstanceUID for ds in client.iter_series(*uids(study[0])[:2])] == expected


def test_retrieve_instance(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.retrieve_instance(*uids(study[2]))
    assert found == study[2]


@pytest.mark.parametrize(
    "syntax",
    ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5", "*"],
)
def test_retrieve_instance_in_another_transfer_syntax(
    client: DICOMwebClient, study: list[Dataset], syntax: str
) -> None:
    found = client.retrieve_instance(*uids(study[0]), media_types=(("application/dicom", syntax),))
    assert found.file_meta.TransferSyntaxUID == ("1.2.840.10008.1.2.1" if syntax == "*" else syntax)
    assert (found.pixel_array == study[0].pixel_array).all()


def test_retrieve_study_metadata(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.retrieve_study_metadata(study[0].StudyInstanceUID)
    assert {value(one, "00080018") for one in found} == {ds.SOPInstanceUID for ds in study}


def test_retrieve_series_metadata(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.retrieve_series_metadata(*uids(study[0])[:2])
    assert [value(one, "00200013") for one in found] == [1, 2]


def test_retrieve_instance_metadata(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.retrieve_instance_metadata(*uids(study[2]))
    assert value(found, "00100010") == {"Alphabetic": "Ionescu^Ana"}
    assert "BulkDataURI" in found["7FE00010"]


def test_retrieve_and_iter_instance_frames(client: DICOMwebClient, study: list[Dataset]) -> None:
    pixels = study[2].pixel_array.astype("<u2")
    found = client.retrieve_instance_frames(*uids(study[2]), frame_numbers=[3, 1])
    assert found == [pixels[2].tobytes(), pixels[0].tobytes()]
    iterated = client.iter_instance_frames(*uids(study[2]), frame_numbers=[1, 2])
    assert list(iterated) == [pixels[0].tobytes(), pixels[1].tobytes()]


def test_retrieve_instance_frames_in_another_transfer_syntax(client: DICOMwebClient, study: list[Dataset]) -> None:
    kind = (("image/jls", "1.2.840.10008.1.2.4.80"),)
    (found,) = client.retrieve_instance_frames(*uids(study[2]), frame_numbers=[2], media_types=kind)
    assert found.startswith(b"\xff\xd8\xff")


def test_retrieve_and_iter_bulkdata(client: DICOMwebClient, study: list[Dataset]) -> None:
    metadata = client.retrieve_instance_metadata(*uids(study[2]))
    url = metadata["00282000"]["BulkDataURI"]
    assert client.retrieve_bulkdata(url) == [bytes(300_000)]
    assert list(client.iter_bulkdata(url)) == [bytes(300_000)]
    pixels = metadata["7FE00010"]["BulkDataURI"]
    assert b"".join(client.retrieve_bulkdata(pixels)) == study[2].PixelData


def test_retrieve_bulkdata_of_a_whole_study(client: DICOMwebClient, study: list[Dataset]) -> None:
    values = [bytes(300_000), *(ds.PixelData for ds in study)]
    assert sorted(client.retrieve_bulkdata(f"{client.base_url}/studies/{uids(study[0])[0]}/bulkdata")) == sorted(values)
    metadata = client.retrieve_instance_metadata(*uids(study[2]))
    instance = metadata["7FE00010"]["BulkDataURI"].partition("/bulkdata/")[0]
    assert client.retrieve_bulkdata(f"{instance}/pixeldata") == [study[2].PixelData]
    assert b"".join(client.iter_bulkdata(f"{instance}/pixeldata")) == study[2].PixelData


def test_retrieve_bulkdata_by_range(client: DICOMwebClient, study: list[Dataset]) -> None:
    url = client.retrieve_instance_metadata(*uids(study[2]))["00282000"]["BulkDataURI"]
    kind = (("application/octet-stream", "1.2.840.10008.1.2.1"),)
    assert b"".join(client.retrieve_bulkdata(url, byte_range=(10, 109), media_types=kind)) in {
        bytes(100),
        bytes(300_000),
    }


def test_retrieve_instance_rendered(client: DICOMwebClient, study: list[Dataset]) -> None:
    jpeg = client.retrieve_instance_rendered(*uids(study[0]))
    assert Image.open(io.BytesIO(jpeg)).format == "JPEG"
    png = client.retrieve_instance_rendered(
        *uids(study[0]), media_types=("image/png",), params={"viewport": "32,32", "window": "512,1024,linear"}
    )
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (32, 32))


def test_retrieve_instance_frames_rendered(client: DICOMwebClient, study: list[Dataset]) -> None:
    found = client.retrieve_instance_frames_rendered(*uids(study[2]), frame_numbers=[2], media_types=("image/png",))
    assert Image.open(io.BytesIO(found)).size == (64, 64)


def test_retrieve_series_rendered(client: DICOMwebClient, study: list[Dataset]) -> None:
    assert client.retrieve_series_rendered(*uids(study[0])[:2], media_types=("image/jpeg",))


def test_delete_instance_series_and_study(client: DICOMwebClient) -> None:
    made = new_study()
    client.store_instances(made)
    study = made[0].StudyInstanceUID
    client.delete_instance(*uids(made[0]))
    assert [ds.SOPInstanceUID for ds in client.retrieve_series(*uids(made[0])[:2])] == [made[1].SOPInstanceUID]
    client.delete_series(*uids(made[2])[:2])
    assert len(client.search_for_series(study)) == 1
    client.delete_study(study)
    assert client.search_for_studies(search_filters={"StudyInstanceUID": study}) == []
    with pytest.raises(requests.HTTPError, match="404"):
        client.retrieve_study_metadata(study)


def test_a_machine_without_the_services_gets_nothing(
    demonstration: Demonstration, server: Server, study: list[Dataset]
) -> None:
    token = machine_token(demonstration, server, "dicomweb-client-stores", "store")
    session = create_session()
    session.headers["Authorization"] = f"Bearer {token}"
    limited = DICOMwebClient(server.dicomweb_url, session=session)
    for ask in (
        limited.search_for_studies,
        lambda: limited.retrieve_study(study[0].StudyInstanceUID),
        lambda: limited.delete_study(study[0].StudyInstanceUID),
    ):
        with pytest.raises(requests.HTTPError, match="403"):
            ask()
