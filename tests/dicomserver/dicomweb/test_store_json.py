"""STOW-RS of DICOM JSON: metadata and bulk data of one request become instances; nothing else is ever asked for."""

import json
import tracemalloc
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments
from pydicom.sequence import Sequence

from dicomserver.archive import Archive
from dicomserver.dicomweb.storing import json_body, services
from dicomserver.index.models import Instance, QuarantinedFile
from tests.dicomserver.dicomweb.storing import BOUNDARY, WebSender, failures, multipart, other_failures, part10, stored
from tests.dicomserver.objects import EXPLICIT, files_below, small_ct

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT_TYPE = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
JSON = "Content-Type: application/dicom+json"


def json_of(ds: Dataset, **references: str) -> dict[str, Any]:
    """The data set as DICOM JSON; elements by keyword are at these addresses."""
    found = ds.to_json_dict()
    for keyword, address in references.items():
        tag = f"{int(ds[keyword].tag):08X}"
        found[tag] = {"vr": ds[keyword].VR, "BulkDataURI": address}
    return found


def body(*parts: tuple[str, bytes]) -> bytes:
    """A whole body: header lines and content of each part."""
    pieces = [f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts]
    return b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode()


def bulk(location: str, content: bytes, content_type: str = "application/octet-stream") -> tuple[str, bytes]:
    return f"Content-Type: {content_type}\r\nContent-Location: {location}", content


def metadata(*objects: Any) -> tuple[str, bytes]:
    return JSON, json.dumps(list(objects), ensure_ascii=False).encode()


def file_of(archive: Archive, uid: str) -> Dataset:
    return dcmread(archive.root / Instance.objects.get(sop_instance_uid=uid).relative_path)


def test_metadata_and_bulk_data_become_an_instance(sender: WebSender, archive: Archive) -> None:
    ds = small_ct(PatientName="Țurcanu^Ștefan", NumberOfFrames="1")
    response = sender.post(
        body(metadata(json_of(ds, PixelData="pixels/1")), bulk("pixels/1", bytes(range(32)))), content_type=CONTENT_TYPE
    )
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    found = file_of(archive, ds.SOPInstanceUID)
    assert found.file_meta.TransferSyntaxUID == EXPLICIT
    assert (found.PatientName, found.SpecificCharacterSet) == ("Țurcanu^Ștefan", "ISO_IR 192")
    assert found.PixelData == bytes(range(32))
    found.remove_private_tags()
    assert {element.tag for element in found} == {element.tag for element in ds}
    assert Instance.objects.get(sop_instance_uid=ds.SOPInstanceUID).number_of_frames == 1


def test_several_instances_share_one_metadata_part_and_fail_one_by_one(sender: WebSender) -> None:
    good, bad = small_ct(), small_ct()
    response = sender.post(
        body(
            metadata(json_of(good, PixelData="a"), json_of(bad, PixelData="b"), "no object"),
            bulk("a", bytes(32)),
        ),
        content_type=CONTENT_TYPE,
    )
    assert response.status_code == 202
    assert stored(response) == [good.SOPInstanceUID]
    assert failures(response) == [(bad.SOPClassUID, bad.SOPInstanceUID, 0xC000)]
    assert other_failures(response) == [0xC000]


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "//elsewhere.example/pixels",
        "../../../etc/passwd",
        "http://[",
        "",
        7,
        None,
        ["a"],
    ],
)
def test_bulk_data_elsewhere_is_refused_and_never_asked_for(
    sender: WebSender, archive: Archive, monkeypatch: pytest.MonkeyPatch, address: Any
) -> None:
    monkeypatch.setattr("socket.create_connection", lambda *_: pytest.fail("an address was asked"))
    ds = small_ct()
    found = json_of(ds)
    found["7FE00010"] = {"vr": "OW", "BulkDataURI": address}
    response = sender.post(body(metadata(found), bulk("a", bytes(32))), content_type=CONTENT_TYPE)
    assert response.status_code == 409
    assert failures(response) == [(ds.SOPClassUID, ds.SOPInstanceUID, 0xC000)]
    assert files_below(archive.root) == files_below(archive.incoming) == []


def test_compressed_frames_become_fragments(sender: WebSender, archive: Archive) -> None:
    ds = small_ct(NumberOfFrames="2")
    ds.PixelData = b""
    kind = 'image/jls; transfer-syntax="1.2.840.10008.1.2.4.80"'
    parts = [bulk("frames", b"\xff\xd8first", kind), bulk("frames", b"\xff\xd8second!", kind)]
    response = sender.post(body(metadata(json_of(ds, PixelData="frames")), *parts), content_type=CONTENT_TYPE)
    assert stored(response) == [ds.SOPInstanceUID]
    found = file_of(archive, ds.SOPInstanceUID)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.80"
    fragments = list(generate_fragments(found.PixelData))
    assert fragments == [b"", b"\xff\xd8first\0", b"\xff\xd8second!\0"]


def test_a_frame_that_is_missing_is_seen(sender: WebSender) -> None:
    ds = small_ct(NumberOfFrames="2")
    response = sender.post(
        body(metadata(json_of(ds, PixelData="f")), bulk("f", b"\xff\xd8", "image/jpeg")), content_type=CONTENT_TYPE
    )
    assert failures(response) == [(ds.SOPClassUID, ds.SOPInstanceUID, 0xC000)]


@pytest.mark.parametrize(
    "kind",
    [
        "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.80",
        "application/x-what",
        "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.2",
    ],
)
def test_a_media_type_that_says_nothing_of_the_pixels_is_refused(sender: WebSender, kind: str) -> None:
    ds = small_ct()
    response = sender.post(
        body(metadata(json_of(ds, PixelData="f")), bulk("f", bytes(32), kind)), content_type=CONTENT_TYPE
    )
    assert failures(response) == [(ds.SOPClassUID, ds.SOPInstanceUID, 0xC000)]


def test_a_value_within_a_sequence_is_taken_in(sender: WebSender, archive: Archive) -> None:
    icon = Dataset()
    icon.PixelData = b""
    icon["PixelData"].VR = "OB"
    ds = small_ct()
    ds.IconImageSequence = Sequence([icon])
    found = json_of(ds)
    found["00880200"]["Value"][0]["7FE00010"] = {"vr": "OB", "BulkDataURI": "icon"}
    response = sender.post(body(metadata(found), bulk("icon", b"1234")), content_type=CONTENT_TYPE)
    assert stored(response) == [ds.SOPInstanceUID]
    assert file_of(archive, ds.SOPInstanceUID).IconImageSequence[0].PixelData == b"1234"


def test_one_object_alone_with_its_values_inline_is_stored(sender: WebSender, archive: Archive) -> None:
    ds = small_ct()
    response = sender.post(json.dumps(json_of(ds)).encode(), content_type="application/dicom+json")
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    assert file_of(archive, ds.SOPInstanceUID).PixelData == bytes(range(32))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b'"text"',
        b"[]",
        b"null",
        b"[[]]",
        b'[{"7FE00010": null}]',
        b'[{"00080018": {"vr": "UI", "Value": "1.2"}}]',
    ],
)
def test_metadata_that_is_none_stores_nothing(sender: WebSender, archive: Archive, content: bytes) -> None:
    response = sender.post(body((JSON, content)), content_type=CONTENT_TYPE)
    assert response.status_code in {400, 409}
    assert files_below(archive.root) == files_below(archive.incoming) == []


HOSTILE = {
    "a value of another kind": {"00280010": {"vr": "US", "Value": ["many"]}},
    "a number that does not fit": {"00280010": {"vr": "US", "Value": [10**30]}},
    "a VR that is none": {"00280010": {"vr": "ZZ", "Value": [4]}},
    "a VR that is no text": {"00280010": {"vr": 7, "Value": [4]}},
    "a tag that is none": {"rows": {"vr": "US", "Value": [4]}},
    "broken base64": {"7FE00010": {"vr": "OW", "InlineBinary": "?"}},
    "an item that is none": {"00081140": {"vr": "SQ", "Value": ["item"]}},
    "no study": {"0020000D": {"vr": "UI"}},
    "a path for a UID": {"0020000D": {"vr": "UI", "Value": ["../../1.2.3"]}},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_object_is_refused_by_itself(sender: WebSender, archive: Archive, case: str) -> None:
    ds = small_ct()
    response = sender.post(body(metadata(json_of(ds) | HOSTILE[case])), content_type=CONTENT_TYPE)
    assert response.status_code == 409
    assert failures(response) == [(ds.SOPClassUID, ds.SOPInstanceUID, 0xC000)]
    assert files_below(archive.root) == files_below(archive.incoming) == []


def test_sequences_too_deep_are_refused(sender: WebSender) -> None:
    ds = small_ct()
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"00081140": {"vr": "SQ", "Value": [deep]}}
    response = sender.post(body(metadata(json_of(ds) | deep)), content_type=CONTENT_TYPE)
    assert failures(response) == [(ds.SOPClassUID, ds.SOPInstanceUID, 0xC000)]


def test_a_body_that_breaks_off_stores_nothing(sender: WebSender, archive: Archive) -> None:
    ds = small_ct()
    whole = body(metadata(json_of(ds, PixelData="a")), bulk("a", bytes(32)))
    response = sender.post(whole[: -len(BOUNDARY)], content_type=CONTENT_TYPE)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")
    assert files_below(archive.root) == files_below(archive.incoming) == []


def test_metadata_without_bounds_are_refused(sender: WebSender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "MAX_METADATA_BYTES", 1000)
    response = sender.post(body((JSON, b" " * 1001)), content_type=CONTENT_TYPE)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_parts_without_bounds_are_refused(sender: WebSender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_body, "MAX_BULK_PARTS", 10)
    response = sender.post(body(*[bulk("a", b"")] * 11), content_type=CONTENT_TYPE)
    assert (response.status_code, response.json()["code"]) == (400, "request_invalid")


def test_a_hundred_thousand_parts_are_answered_one_by_one(sender: WebSender) -> None:
    good = small_ct()
    response = sender.post(multipart([part10(good), *[b""] * 100_000]))
    assert response.status_code == 202
    assert stored(response) == [good.SOPInstanceUID]
    assert other_failures(response) == [0xC000] * 100_000


def test_of_very_many_parts_that_are_no_dicom_the_first_are_kept(
    sender: WebSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MAX_SET_ASIDE", 3)
    good = small_ct()
    response = sender.post(multipart([*[b"no DICOM"] * 5, part10(good), bytes(100_000)]))
    assert (response.status_code, stored(response)) == (202, [good.SOPInstanceUID])
    assert other_failures(response) == [0xC000] * 6
    assert QuarantinedFile.objects.count() == 3


@pytest.mark.parametrize("kind", ["application/dicom+xml", "application/dicom+json2"])
def test_xml_is_refused(sender: WebSender, kind: str) -> None:
    content_type = f'multipart/related; type="{kind}"; boundary={BOUNDARY}'
    response = sender.post(body((f"Content-Type: {kind}", b"<NativeDicomModel/>")), content_type=content_type)
    assert (response.status_code, response.json()["code"]) == (415, "media_type_unsupported")


def test_bulk_data_takes_little_memory(sender: WebSender, archive: Archive) -> None:
    ds = small_ct(Rows=4096, Columns=4096)
    whole = body(metadata(json_of(ds, PixelData="a")), bulk("a", bytes(2 * 4096 * 4096)))
    tracemalloc.start()
    try:
        response = sender.post(whole, content_type=CONTENT_TYPE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stored(response) == [ds.SOPInstanceUID]
    # Django's test client itself keeps a copy of what it sends.
    assert peak < len(whole) * 1.5
