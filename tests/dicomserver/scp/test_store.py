"""C-STORE over real associations: what is stored, what is refused, and that nothing is half-stored."""

from dataclasses import replace

import pytest

from dicomserver.archive import Archive
from dicomserver.index.models import Conflict, Instance, QuarantinedFile, Series, Study
from dicomserver.outbox.models import OutboxMessage
from dicomserver.scp.server import ScpServer
from tests.dicomserver.objects import (
    BIG_ENDIAN,
    CT,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    Sendable,
    encode,
    files_below,
    sendable,
    small_ct,
    stored_data_set,
)
from tests.dicomserver.sender import association, send_all, sender


def test_echo_succeeds(scp: ScpServer) -> None:
    with association(scp.port, ("1.2.840.10008.1.1", IMPLICIT)) as assoc:
        assert assoc.send_c_echo().Status == 0x0000


@pytest.mark.parametrize("transfer_syntax_uid", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN])
def test_store_keeps_the_data_set_byte_for_byte(scp: ScpServer, archive: Archive, transfer_syntax_uid: str) -> None:
    what = sendable(small_ct(), transfer_syntax_uid)
    assert send_all(scp.port, what) == [0x0000]
    instance = Instance.objects.get()
    path = archive.path_of(instance.relative_path)
    assert stored_data_set(path) == what.data
    assert files_below(archive.root) == [path]
    assert files_below(archive.incoming) == []


def test_store_makes_one_study_with_its_rows_and_one_report(scp: ScpServer) -> None:
    first = small_ct()
    second = small_ct(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    assert send_all(scp.port, sendable(first), sendable(second)) == [0x0000, 0x0000]
    study = Study.objects.get()
    assert (study.number_of_instances, Series.objects.get().number_of_instances) == (2, 2)
    assert study.patient_name_alphabetic == "Popescu^Ion"
    assert study.stored_bytes == sum(Instance.objects.values_list("file_bytes", flat=True))
    assert OutboxMessage.objects.get().subject == first.StudyInstanceUID


def test_the_same_bytes_again_succeed_and_store_nothing(scp: ScpServer, archive: Archive) -> None:
    what = sendable(small_ct())
    assert send_all(scp.port, what) == [0x0000]
    revision = Study.objects.get().revision
    assert send_all(scp.port, what) == [0x0000]
    assert Instance.objects.count() == 1
    assert Study.objects.get().revision == revision
    assert len(files_below(archive.root)) == 1
    assert files_below(archive.quarantine_root) == []


def test_other_bytes_under_the_same_uid_are_kept_as_a_conflict(scp: ScpServer, archive: Archive) -> None:
    ds = small_ct()
    first = sendable(ds)
    ds.PatientName = "Somebody^Else"
    second = sendable(ds)
    assert send_all(scp.port, first, second, second) == [0x0000, 0x0000, 0x0000]
    conflict = Conflict.objects.get()
    assert stored_data_set(archive.path_of(conflict.instance.relative_path)) == first.data
    assert stored_data_set(archive.quarantine_path_of(conflict.relative_path)) == second.data
    assert len(files_below(archive.quarantine_root)) == 1
    assert Study.objects.get().patient_name_alphabetic == "Popescu^Ion"


MALFORMED = ["..", "1.2/../../etc", "1.2\n3", "1." * 32 + "11", "1.2.03", "1.2.840.x", "../../../tmp/x", "1..2"]


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("uid", MALFORMED)
def test_malformed_uids_are_refused_and_nothing_is_stored(
    scp: ScpServer, archive: Archive, keyword: str, uid: str, caplog: pytest.LogCaptureFixture
) -> None:
    ds = small_ct()
    setattr(ds, keyword, uid)
    assert_refused(scp, archive, sendable(ds), 0xC000, "malformed_uid", caplog)


@pytest.mark.parametrize("transfer_syntax_uid", [IMPLICIT, EXPLICIT])
@pytest.mark.parametrize("sent", [b"1.2.3.4\n", b"\n1.2.3.4", b" 1.2.3.4", b"1.2.3.\t4", b"1.2.3\0.4", b"1.2.3.4\r"])
def test_white_space_around_a_uid_is_no_part_of_one(
    scp: ScpServer, archive: Archive, sent: bytes, transfer_syntax_uid: str, caplog: pytest.LogCaptureFixture
) -> None:
    ds = small_ct()
    ds.StudyInstanceUID = "1.2.3.45"
    what = sendable(ds, transfer_syntax_uid)
    assert what.data.count(b"1.2.3.45") == 1
    malformed = replace(what, data=what.data.replace(b"1.2.3.45", sent))
    assert_refused(scp, archive, malformed, 0xC000, "malformed_uid", caplog)


def test_padding_of_a_uid_is_not_part_of_it(scp: ScpServer) -> None:
    for sent in (b"1.2.3.4\0", b"1.2.3.5 "):
        ds = small_ct()
        ds.StudyInstanceUID = "1.2.3.45"
        what = sendable(ds)
        assert send_all(scp.port, replace(what, data=what.data.replace(b"1.2.3.45", sent))) == [0x0000]
    assert sorted(Study.objects.values_list("study_instance_uid", flat=True)) == ["1.2.3.4", "1.2.3.5"]


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"])
def test_missing_uids_are_refused_and_nothing_is_stored(
    scp: ScpServer, archive: Archive, keyword: str, caplog: pytest.LogCaptureFixture
) -> None:
    ds = small_ct()
    what = sendable(ds)
    delattr(ds, keyword)
    without = Sendable(encode(ds), what.sop_class_uid, what.sop_instance_uid)
    assert_refused(scp, archive, without, 0xC000, "no_uid", caplog)


@pytest.mark.parametrize("transfer_syntax_uid", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN])
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, -1])
def test_truncated_data_sets_are_refused_and_nothing_is_stored(
    scp: ScpServer, archive: Archive, transfer_syntax_uid: str, kept: float, caplog: pytest.LogCaptureFixture
) -> None:
    what = sendable(small_ct(), transfer_syntax_uid)
    end = int(kept) if kept < 0 else int(len(what.data) * kept) | 1
    cut = Sendable(what.data[:end], what.sop_class_uid, what.sop_instance_uid, transfer_syntax_uid)
    if transfer_syntax_uid == DEFLATED and kept == -1:
        cut = Sendable(what.data[:-4], what.sop_class_uid, what.sop_instance_uid, transfer_syntax_uid)
    assert_refused(scp, archive, cut, 0xC000, "truncated", caplog)


def test_a_data_set_of_another_class_or_instance_than_announced_is_refused(
    scp: ScpServer, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    ds = small_ct()
    other_class = Sendable(encode(ds), "1.2.840.10008.5.1.4.1.1.4", ds.SOPInstanceUID)
    assert_refused(scp, archive, other_class, 0xA900, "other_sop_class", caplog)
    QuarantinedFile.objects.all().delete()
    other_instance = Sendable(encode(ds), CT, "1.2.3")
    assert_refused(scp, archive, other_instance, 0xA900, "other_sop_instance", caplog)


@pytest.mark.parametrize("data", [b"\0" * 64, b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", bytes(range(256))])
def test_bytes_that_are_no_data_set_are_refused(
    scp: ScpServer, archive: Archive, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert_refused(scp, archive, Sendable(data, CT, "1.2.3"), 0xC000, None, caplog)


def test_an_empty_patient_id_is_stored(scp: ScpServer) -> None:
    assert send_all(scp.port, sendable(small_ct(PatientID=""))) == [0x0000]
    assert Study.objects.get().patient_id == ""


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "'; DROP TABLE index_study; --", "../../etc/passwd", "%s%n{0}", "a\0b\nc"]
)
def test_hostile_names_are_stored_as_text(scp: ScpServer, name: str) -> None:
    assert send_all(scp.port, sendable(small_ct(PatientName=name))) == [0x0000]
    assert Study.objects.get().patient_name_alphabetic == name.replace("\0", " ").replace("\n", " ")


def test_a_c_store_without_uids_in_its_command_is_answered(scp: ScpServer) -> None:
    what = sendable(small_ct())
    with sender(scp.port, what) as sending:
        request = sending.request(Sendable(what.data, what.sop_class_uid, ""))
        assert sending.exchange(request, what).Status == 0xC000
        assert sending.send(what) == 0x0000


def test_a_c_store_without_a_data_set_is_answered(scp: ScpServer, archive: Archive) -> None:
    what = sendable(small_ct())
    with sender(scp.port, what) as sending:
        request = sending.request(what)
        request.DataSet = None
        assert sending.exchange(request, what).Status == 0xC000
        assert sending.send(what) == 0x0000


def assert_refused(
    scp: ScpServer, archive: Archive, what: Sendable, status: int, reason: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The status; no file, no row; a log line without patient data; and the association goes on."""
    good = sendable(small_ct(PatientName="Next^Patient"))
    with sender(scp.port, what, good) as sending:
        assert sending.send(what) == status
        assert (Study.objects.count(), Series.objects.count(), Instance.objects.count()) == (0, 0, 0)
        assert OutboxMessage.objects.count() == 0
        assert files_below(archive.root) == []
        assert files_below(archive.incoming) == []
        assert sending.send(good) == 0x0000
    if reason is not None:
        row = QuarantinedFile.objects.get()
        assert row.reason == reason
        assert stored_data_set(archive.quarantine_path_of(row.relative_path)) == what.data
    assert "C-STORE refused" in caplog.text
    everything = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert "Popescu" not in everything
    assert "P-1" not in everything
    Instance.objects.all().delete()
    for path in files_below(archive.root):
        path.unlink()
    for model in (OutboxMessage, Study):
        model.objects.all().delete()
