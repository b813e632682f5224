"""Ingest where a file or a row is not what it should be."""

from uuid import uuid4

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from dicomserver.archive import Archive, FileMeta
from dicomserver.index.models import Instance, Origin, QuarantinedFile, Series, Study
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.outcomes import Ingested, Outcome, Source
from dicomserver.ingest.services import ingest_instance
from dicomserver.outbox.reports import build_study_report
from tests.dicomserver.objects import EXPLICIT, encode, files_below, small_ct, stored_data_set

pytestmark = pytest.mark.django_db


def ingest(archive: Archive, ds: Dataset, calling_ae_title: str = "CT1") -> Ingested:
    incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, calling_ae_title))
    incoming.write(encode(ds))
    return ingest_instance(incoming=incoming, source=Source(Origin.C_STORE, calling_ae_title), archive=archive)


def test_a_lost_file_comes_back_with_the_same_bytes(archive: Archive) -> None:
    ds = small_ct()
    ingest(archive, ds)
    path = archive.path_of(Instance.objects.get().relative_path)
    path.unlink()
    # Another sender's name makes another head, so that all offsets move.
    assert ingest(archive, ds, "A_LONGER_TITLE").outcome is Outcome.ALREADY_STORED
    instance = Instance.objects.get()
    assert stored_data_set(path) == encode(ds)
    assert path.stat().st_size == instance.file_bytes
    assert instance.frame_table
    offset = instance.frame_table["native"][0]
    assert path.read_bytes()[offset : offset + 32] == bytes(range(32))


def test_a_file_that_the_index_forgot_is_adopted_where_the_bytes_are_the_same(archive: Archive) -> None:
    ds = small_ct()
    ingest(archive, ds)
    Study.objects.all().delete()
    assert ingest(archive, ds).outcome is Outcome.STORED
    assert len(files_below(archive.root)) == 1
    assert files_below(archive.quarantine_root) == files_below(archive.incoming) == []


def test_a_file_that_the_index_forgot_is_set_aside_where_the_bytes_differ(archive: Archive) -> None:
    ds = small_ct()
    ingest(archive, ds)
    old = encode(ds)
    Study.objects.all().delete()
    ds.PatientName = "Somebody^Else"
    assert ingest(archive, ds).outcome is Outcome.STORED
    row = QuarantinedFile.objects.get()
    assert row.reason == "not_indexed"
    assert stored_data_set(archive.quarantine_path_of(row.relative_path)) == old
    assert stored_data_set(archive.path_of(Instance.objects.get().relative_path)) == encode(ds)


def test_the_same_instance_claimed_by_another_study_is_a_conflict_and_makes_no_study(archive: Archive) -> None:
    ds = small_ct()
    ingest(archive, ds)
    ds.StudyInstanceUID = "1.2.3.99"
    assert ingest(archive, ds).outcome is Outcome.CONFLICT
    assert Study.objects.count() == 1


def test_a_study_lies_in_the_folder_of_its_first_day(archive: Archive) -> None:
    from datetime import UTC, datetime

    ds = small_ct()
    for number, day in enumerate((1, 5)):
        ds.SOPInstanceUID = f"1.2.{number}"
        incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT))
        incoming.write(encode(ds))
        source = Source(Origin.C_STORE, received_at=datetime(2026, 3, day, 23, 59, tzinfo=UTC))
        ingest_instance(incoming=incoming, source=source, archive=archive)
    folders = {path.rsplit("/", 3)[0] for path in Instance.objects.values_list("relative_path", flat=True)}
    assert folders == {"2026/03/01"}
    study = Study.objects.get()
    assert (study.first_received_at.day, study.last_received_at.day) == (1, 5)


def test_a_study_opens_again_when_it_grows_and_its_revision_only_rises(archive: Archive) -> None:
    ds = small_ct()
    ingest(archive, ds)
    study = Study.objects.get()
    study.completed_at = study.last_received_at
    study.save()
    ds.SOPInstanceUID = "1.2.3.4"
    ingest(archive, ds)
    grown = Study.objects.get()
    assert grown.completed_at is None
    assert grown.revision > study.revision


def test_the_first_instance_says_who_the_patient_is_and_later_ones_fill_gaps(archive: Archive) -> None:
    ds = small_ct(AccessionNumber="")
    ingest(archive, ds)
    ds.SOPInstanceUID, ds.PatientName, ds.AccessionNumber = "1.2.3.4", "Somebody^Else", "ACC2"
    ingest(archive, ds)
    study = Study.objects.get()
    assert (study.patient_name_alphabetic, study.accession_number) == ("Popescu^Ion", "ACC2")


def test_a_refusal_keeps_the_file_and_the_peer(archive: Archive) -> None:
    ds = small_ct(StudyInstanceUID="..")
    incoming = archive.receive(FileMeta(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, "CT1"))
    incoming.write(encode(ds))
    source = Source(Origin.C_STORE, "CT1", remote_address="192.0.2.7")
    with pytest.raises(InstanceRefused):
        ingest_instance(incoming=incoming, source=source, archive=archive)
    row = QuarantinedFile.objects.get()
    assert (row.reason, row.calling_ae_title, row.remote_address) == ("malformed_uid", "CT1", "192.0.2.7")
    assert stored_data_set(archive.quarantine_path_of(row.relative_path)) == encode(ds)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((None,), ""),
        (("NO",), "NO"),
        (("NO", "YES", "NO"), "YES"),
        ((None, "NO", None), "NO"),
        (("maybe", "YES"), "YES"),
    ],
)
def test_a_series_tells_of_text_burned_into_any_of_its_instances(
    archive: Archive, said: tuple[str | None, ...], told: str
) -> None:
    first = small_ct()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    for text in said:
        ingest(archive, small_ct(**same) if text is None else small_ct(**same, BurnedInAnnotation=text))
    series = Series.objects.get()
    assert series.burned_in_annotation == told
    report = build_study_report(series.study, server_id=uuid4(), message_id=uuid4())
    assert [one.burned_in_annotation for one in report.series] == [told]


def request(step: str | None, procedure: str | None = None) -> Dataset:
    item = Dataset()
    item.ScheduledProcedureStepDescription = "Not kept"
    if step is not None:
        item.ScheduledProcedureStepID = step
    if procedure is not None:
        item.RequestedProcedureID = procedure
    return item


def test_the_first_instance_that_has_requests_says_which_a_series_answers(archive: Archive) -> None:
    first = small_ct()
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    ingest(archive, first)
    assert Series.objects.get().request_attributes == []
    ingest(archive, small_ct(**same, RequestAttributesSequence=[request("SPS1", "RP1"), request("SPS2")]))
    ingest(archive, small_ct(**same, RequestAttributesSequence=[request("SPS9", "RP9")]))
    assert Series.objects.get().request_attributes == [
        {"00400009": {"vr": "SH", "Value": ["SPS1"]}, "00401001": {"vr": "SH", "Value": ["RP1"]}},
        {"00400009": {"vr": "SH", "Value": ["SPS2"]}},
    ]


def test_requests_are_kept_bounded_and_clean(archive: Archive) -> None:
    hostile = [
        Dataset(),
        request("", ""),
        request("a\0b\x1b[31m\r\n", "x" * 5000),
        request("a\0b\x1b[31m\r\n", "x" * 5000),
    ]
    many = [request(f"S{number}") for number in range(1000)]
    ingest(archive, small_ct(RequestAttributesSequence=[*hostile, *many]))
    first, *others = Series.objects.get().request_attributes
    assert first == {
        "00400009": {"vr": "SH", "Value": ["a b [31m"]},
        "00401001": {"vr": "SH", "Value": ["x" * 63 + "…"]},
    }
    assert [one["00400009"]["Value"] for one in others] == [[f"S{number}"] for number in range(12)]


def test_what_is_no_sequence_of_requests_tells_none(archive: Archive) -> None:
    ds = small_ct()
    ds.add(DataElement(0x00400275, "LO", "RP1"))
    assert ingest(archive, ds).outcome is Outcome.STORED
    assert Series.objects.get().request_attributes == []
