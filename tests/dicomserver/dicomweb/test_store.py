"""STOW-RS against Django: each instance's result, byte-identical storage, and what is refused."""

from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings as django_settings

from dicomserver.archive import Archive, ArchiveFull, FileMeta, IncomingFile
from dicomserver.archive.part10 import read_file_head
from dicomserver.dicomweb.storing.archives import receiving_archive
from dicomserver.dicomweb.storing.body import Body, BodyTruncated
from dicomserver.dicomweb.storing.multipart import TruncatedBody
from dicomserver.dicomweb.storing.services import InstanceStore, store_body
from dicomserver.dicomweb.storing.viewers import Storer
from dicomserver.identity import Identity
from dicomserver.index.models import Conflict, Instance, Origin, QuarantinedFile, Study
from tests.dicomserver.dicomweb.reading import WebReader
from tests.dicomserver.dicomweb.storing import (
    BOUNDARY,
    WebSender,
    failures,
    multipart,
    other_failures,
    part10,
    stored,
)
from tests.dicomserver.objects import (
    BIG_ENDIAN,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    SECONDARY_CAPTURE,
    Sendable,
    encode,
    files_below,
    sendable,
    sendable_file,
    small_ct,
    stored_data_set,
)

pytestmark = pytest.mark.django_db(transaction=True)


def stored_bytes(archive: Archive) -> dict[str, bytes]:
    return {one.sop_instance_uid: stored_data_set(archive.path_of(one.relative_path)) for one in Instance.objects.all()}


def nothing_is_left(home: Path) -> None:
    assert files_below(home / "incoming") == []
    assert files_below(home / "archive") == []


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN])
def test_an_instance_is_stored_byte_by_byte_in_its_own_transfer_syntax(
    sender: WebSender, archive: Archive, syntax: str
) -> None:
    ds = small_ct()
    response = sender.store(part10(ds, syntax))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/dicom+json")
    instance = Instance.objects.get()
    assert stored_data_set(archive.path_of(instance.relative_path)) == encode(ds, syntax)
    assert (instance.transfer_syntax_uid, instance.origin) == (syntax, Origin.STOW_RS)
    assert (instance.calling_ae_title, instance.called_ae_title) == ("GATEWAY", "")


def test_the_answer_names_where_each_instance_can_be_retrieved(sender: WebSender) -> None:
    first = small_ct()
    second = small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    response = sender.store(part10(first), part10(second))
    study = f"{django_settings.DICOMWEB_PUBLIC_URL}/studies/{first.StudyInstanceUID}"
    series = f"{study}/series/{first.SeriesInstanceUID}"
    assert response.json() == {
        "00081190": {"vr": "UR", "Value": [study]},
        "00081199": {
            "vr": "SQ",
            "Value": [
                {
                    "00081150": {"vr": "UI", "Value": [CT]},
                    "00081155": {"vr": "UI", "Value": [ds.SOPInstanceUID]},
                    "00081190": {"vr": "UR", "Value": [f"{series}/instances/{ds.SOPInstanceUID}"]},
                }
                for ds in (first, second)
            ],
        },
    }
    assert response.headers["Cache-Control"] == "no-store"


def test_instances_of_several_studies_have_no_common_address(sender: WebSender) -> None:
    response = sender.store(part10(small_ct()), part10(small_ct()))
    assert (response.status_code, response.json()["00081190"]) == (200, {"vr": "UR"})
    assert Study.objects.count() == 2


def test_a_single_instance_needs_no_multipart(sender: WebSender, archive: Archive) -> None:
    ds = small_ct()
    response = sender.post(part10(ds), content_type="application/dicom")
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds)}


def test_a_part_need_not_say_what_it_is(sender: WebSender) -> None:
    ds = small_ct()
    response = sender.post(multipart([part10(ds)], headers="X-Anything: else"))
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])


@pytest.mark.parametrize("padding", [0, 4_000, 60_000, 1_000_000])
def test_a_file_meta_of_any_length_is_read_and_replaced_by_our_own(
    sender: WebSender, archive: Archive, padding: int
) -> None:
    ds = small_ct()
    response = sender.store(part10(ds, padding=padding))
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    instance = Instance.objects.get()
    assert instance.file_bytes == archive.path_of(instance.relative_path).stat().st_size
    assert instance.data_set_offset < 1024
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds)}


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_where_the_file_meta_names_another_instance_the_data_set_counts(
    sender: WebSender, archive: Archive, syntax: str
) -> None:
    ds = small_ct()
    response = sender.store(part10(replace(sendable(ds, syntax), sop_instance_uid="1.2.3.4")))
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    instance = Instance.objects.get()
    with archive.path_of(instance.relative_path).open("rb") as file:
        assert read_file_head(file).meta.sop_instance_uid == ds.SOPInstanceUID
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds, syntax)}


def test_real_data_is_stored_byte_by_byte(sender: WebSender, archive: Archive, shared_data: Path) -> None:
    files: dict[str, tuple[bytes, Sendable]] = {}
    folders: Counter[Path] = Counter()
    for path in sorted(shared_data.rglob("*.dcm")):
        folders[path.parent] += 1
        content = path.read_bytes() if path.stat().st_size < 1_000_000 and folders[path.parent] <= 10 else b""
        if content[128:132] == b"DICM":
            what = sendable_file(path)
            files.setdefault(what.sop_instance_uid, (content, what))
    response = sender.store(*(content for content, _ in files.values()))
    # Some are broken on purpose; those are refused, by ingest's rules for every way in.
    assert len(stored(response)) > 0.9 * len(files)
    assert len(stored(response)) + len(failures(response)) + len(other_failures(response)) == len(files)
    assert stored_bytes(archive) == {uid: files[uid][1].data for uid in stored(response)}
    assert Instance.objects.values("transfer_syntax_uid").distinct().count() > 10


def test_the_same_instance_again_is_a_success_and_stores_nothing(sender: WebSender, home: Path) -> None:
    ds = small_ct()
    assert sender.store(part10(ds)).status_code == 200
    before = files_below(home)
    response = sender.store(part10(ds))
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    assert "00081196" not in response.json()["00081199"]["Value"][0]
    assert (files_below(home), Instance.objects.count()) == (before, 1)


def test_the_same_instance_twice_in_one_request_is_stored_once(sender: WebSender) -> None:
    ds = small_ct()
    response = sender.store(part10(ds), part10(ds))
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID] * 2)
    assert (Instance.objects.count(), Conflict.objects.count()) == (1, 0)


def test_another_instance_under_a_known_uid_is_kept_beside_it_with_a_warning(
    sender: WebSender, archive: Archive
) -> None:
    ds = small_ct()
    sender.store(part10(ds))
    other = small_ct(**{name: ds[name].value for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")})
    other.PixelData = bytes(32)
    response = sender.store(part10(other))
    assert response.status_code == 202
    (item,) = response.json()["00081199"]["Value"]
    assert item["00081196"] == {"vr": "US", "Value": [0xB001]}
    conflict = Conflict.objects.get()
    assert stored_data_set(archive.quarantine_path_of(conflict.relative_path)) == encode(other)
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds)}


def test_good_and_bad_parts_have_their_own_results(sender: WebSender) -> None:
    good, wrong = small_ct(), small_ct()
    announced = part10(replace(sendable(wrong), sop_class_uid=SECONDARY_CAPTURE))
    directory = small_ct(SOPClassUID="1.2.840.10008.1.3.10")
    nameless = small_ct(SeriesInstanceUID=None)
    response = sender.store(b"no DICOM at all" * 100, part10(good), announced, part10(directory), part10(nameless), b"")
    assert response.status_code == 202
    assert stored(response) == [good.SOPInstanceUID]
    assert failures(response) == [
        (SECONDARY_CAPTURE, wrong.SOPInstanceUID, 0xA900),
        ("1.2.840.10008.1.3.10", directory.SOPInstanceUID, 0x0122),
        (CT, nameless.SOPInstanceUID, 0xC000),
    ]
    assert other_failures(response) == [0xC000, 0xC000]
    assert sorted(QuarantinedFile.objects.values_list("reason", flat=True)) == [
        "no_uid",
        "other_sop_class",
        "unreadable",
    ]


def test_a_part_of_another_media_type_is_refused_alone(sender: WebSender) -> None:
    ds = small_ct()
    body = multipart([b"{}"], headers="Content-Type: application/dicom+json")
    body = body[: -len(f"--{BOUNDARY}--\r\n")] + multipart([part10(ds)])
    response = sender.post(body)
    assert (response.status_code, stored(response), other_failures(response)) == (202, [ds.SOPInstanceUID], [0xC000])
    assert not QuarantinedFile.objects.exists()


def test_when_all_instances_fail_the_request_conflicts(sender: WebSender, home: Path) -> None:
    response = sender.store(b"no DICOM", b"nor this")
    assert (response.status_code, other_failures(response)) == (409, [0xC000, 0xC000])
    assert response.json()["00081190"] == {"vr": "UR"}
    nothing_is_left(home)


def test_an_instance_of_another_study_than_the_address_is_refused(sender: WebSender, archive: Archive) -> None:
    mine, other = small_ct(), small_ct()
    response = sender.store(part10(mine), part10(other), path=f"/dicomweb/studies/{mine.StudyInstanceUID}")
    assert (response.status_code, stored(response)) == (202, [mine.SOPInstanceUID])
    assert failures(response) == [(CT, other.SOPInstanceUID, 0xA901)]
    assert stored_bytes(archive) == {mine.SOPInstanceUID: encode(mine)}
    assert files_below(archive.incoming) == []


def test_the_answer_can_be_xml(sender: WebSender) -> None:
    ds = small_ct()
    response = sender.store(part10(ds), b"no DICOM", Accept="application/dicom+xml")
    assert (response.status_code, response.headers["Content-Type"]) == (202, "application/dicom+xml")
    space = {"n": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
    root = ET.fromstring(response.content)
    path = "n:DicomAttribute[@keyword='{}']/n:Item/n:DicomAttribute[@keyword='{}']/n:Value"
    names = root.findall(path.format("ReferencedSOPSequence", "ReferencedSOPInstanceUID"), space)
    assert [name.text for name in names] == [ds.SOPInstanceUID]
    reasons = root.findall(path.format("OtherFailuresSequence", "FailureReason"), space)
    assert [(reason.text, reason.attrib) for reason in reasons] == [(str(0xC000), {"number": "1"})]


def test_without_the_closing_boundary_the_last_instance_is_not_stored(sender: WebSender, archive: Archive) -> None:
    first, second = small_ct(), small_ct()
    body = multipart([part10(first), part10(second)])
    response = sender.post(body[: -len(f"\r\n--{BOUNDARY}--\r\n")])
    assert (response.status_code, stored(response)) == (202, [first.SOPInstanceUID])
    assert failures(response) == [(CT, second.SOPInstanceUID, 0xC000)]
    assert stored_bytes(archive) == {first.SOPInstanceUID: encode(first)}
    assert files_below(archive.incoming) == []


@pytest.mark.slow
def test_a_request_that_is_cut_off_at_any_byte_stores_nothing(sender: WebSender, archive: Archive) -> None:
    body = multipart([part10(small_ct())])
    complete = len(body) - len("\r\n")
    machine = Storer("gateway", "GATEWAY")
    for end in range(complete):
        store = InstanceStore(receiving_archive(), storer=machine, remote_address="127.0.0.1")
        announced = Body(BytesIO(body[:end]).read, len(body))
        assert isinstance(store_body(announced, BOUNDARY, store), BodyTruncated)
        in_chunks = Body(BytesIO(body[:end]).read, None)
        assert isinstance(store_body(in_chunks, BOUNDARY, store), TruncatedBody)
        assert store.results().stored == []
    assert files_below(archive.incoming) == []
    assert not Instance.objects.exists()
    assert not QuarantinedFile.objects.exists()
    store = InstanceStore(receiving_archive(), storer=machine, remote_address="127.0.0.1")
    assert store_body(Body(BytesIO(body[:complete]).read, None), BOUNDARY, store) is None
    assert len(store.results().stored) == 1


def test_what_was_whole_before_the_body_broke_is_stored(sender: WebSender, archive: Archive) -> None:
    ds = small_ct()
    body = multipart([part10(ds)])[: -len("--\r\n")] + b"\r\nnonsense\r\n\r\n"
    response = sender.post(body)
    assert (response.status_code, stored(response), failures(response)) == (202, [ds.SOPInstanceUID], [])
    assert stored_bytes(archive) == {ds.SOPInstanceUID: encode(ds)}


def test_an_archive_that_fills_up_on_the_way_says_which_instances_it_has(
    sender: WebSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_sets = [small_ct() for _ in range(3)]
    receive = Archive.receive

    def fills_up(self: Archive, meta: FileMeta) -> IncomingFile:
        if meta.sop_instance_uid == data_sets[2].SOPInstanceUID:
            raise ArchiveFull("full")
        return receive(self, meta)

    monkeypatch.setattr(Archive, "receive", fills_up)
    response = sender.store(*map(part10, data_sets))
    assert (response.status_code, stored(response)) == (202, [ds.SOPInstanceUID for ds in data_sets[:2]])
    assert failures(response) == [(CT, data_sets[2].SOPInstanceUID, 0xA700)]
    alone = sender.store(part10(data_sets[2]))
    assert (alone.status_code, alone.json()["code"]) == (507, "out_of_resources")


def test_what_was_stored_is_read_back_as_it_was_sent(
    sender: WebSender, enrolled: Identity, reader: WebReader, archive: Archive
) -> None:
    ds = small_ct()
    sender.store(part10(ds))
    study = f"/dicomweb/studies/{ds.StudyInstanceUID}"
    response = reader.get(f"{study}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}")
    assert response.status_code == 200
    assert encode(ds) in b"".join(response.streaming_content if response.streaming else [response.content])
