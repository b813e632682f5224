"""Reports become the catalogue: once, in any order, from several threads, whatever a file holds."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.studies.models import Patient, PatientIdentifier, Series, Study, StudyPhysician
from portal.studies.search import matching
from portal.studies.services import ReportOfAnotherServer, take_in_report
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import (
    GOLDEN,
    make_identifier,
    make_name,
    make_patient_report,
    make_report,
    make_series,
)

HOSTILE = ["<script>alert(1)</script>", "'; DROP TABLE studies_study; --", "../../etc/passwd", "{{ 7*7 }}", "a" * 1000]


def state_of(study: Study) -> dict[str, object]:
    """All that the catalogue says of a holding, without keys of rows."""
    columns = {
        field.name: getattr(study, field.name)
        for field in Study._meta.concrete_fields
        if field.name not in {"id", "patient"}
    }
    series = Series.objects.filter(study=study).order_by("series_instance_uid")
    physicians = StudyPhysician.objects.filter(study=study).order_by("part", "name_key")
    return {
        **columns,
        "patient": study.patient.identity_digest,
        "series": list(series.values_list("series_instance_uid", "modality", "number_of_series_related_instances")),
        "physicians": list(physicians.values_list("part", "name_key", "physician_name")),
    }


@pytest.mark.django_db
def test_the_golden_report_becomes_a_holding() -> None:
    server = DicomServerFactory(id=GOLDEN.server_id)
    study = take_in_report(server, GOLDEN)
    study = Study.objects.get(pk=study.pk)
    assert study.server == server
    assert study.study_instance_uid == GOLDEN.study_instance_uid
    assert study.revision == 3
    assert (study.study_date, study.study_date_text) == (date(2026, 11, 20), "20261120")
    assert (study.study_time_text, study.timezone_offset_from_utc) == ("024112.500000", "+0200")
    assert (study.accession_number, study.study_id) == ("NC-2026-118204", "118204")
    assert study.study_description == "CT chest, abdomen, pelvis with contrast"
    assert study.referring_physician_name == "Козак^Ирина^^Dr."
    assert study.modalities_in_study == ["CT"]
    assert study.body_parts_examined == ["CHEST"]
    assert study.station_names == ["CT-2"]
    assert study.calling_ae_titles == ["CT2_NISTRU"]
    assert (study.number_of_study_related_series, study.number_of_study_related_instances) == (2, 388)
    assert (study.stored_bytes, study.is_complete) == (204472320, True)
    assert study.first_received_at == datetime(2026, 11, 20, 0, 43, 2, 118000, UTC)
    assert (study.patient_sort, study.modality_sort) == ("munteanu elena", "CT")


@pytest.mark.django_db
def test_the_patient_of_the_golden_report_has_every_identifier_under_its_issuer() -> None:
    study = take_in_report(DicomServerFactory(id=GOLDEN.server_id), GOLDEN)
    patient = study.patient
    assert patient.institution == study.server.institution
    assert (patient.patient_id, patient.issuer_of_patient_id) == ("NC-004417", "NISTRU")
    assert (patient.patient_name, patient.name_key) == ("Munteanu^Elena", "munteanu elena")
    assert (patient.patient_birth_date, patient.patient_birth_date_text) == (date(1962, 8, 31), "19620831")
    assert patient.patient_sex == "F"
    rows = PatientIdentifier.objects.filter(patient=patient).values_list("issuer", "identifier", "kind")
    assert sorted(rows) == [
        ("BALTI", "BN-77120", "other"),
        ("IDNP", "2002062031458", "national"),
        ("NISTRU", "NC-004417", "patient_id"),
    ]


@pytest.mark.django_db
def test_both_physicians_of_the_golden_report_are_found_by_folded_name() -> None:
    study = take_in_report(DicomServerFactory(id=GOLDEN.server_id), GOLDEN)
    rows = StudyPhysician.objects.filter(study=study).order_by("part").values_list("part", "name_key", "physician_name")
    assert list(rows) == [
        ("referring", "kozak irina", "Козак^Ирина^^Dr."),
        ("requesting", "moraru andrei", "Moraru^Andrei^^Dr."),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("issuer", ["IDNP", "MD", "idnp"])
def test_a_national_id_is_known_by_its_issuer_wherever_it_stood(issuer: str) -> None:
    patient = make_patient_report(
        patient_id="2099 0310 0147 2",
        issuer_of_patient_id=issuer,
        other_patient_ids=(make_identifier("X-1", "NISTRU"),),
    )
    server = DicomServerFactory()
    study = take_in_report(server, make_report(server, patient=patient))
    rows = PatientIdentifier.objects.filter(patient=study.patient).values_list("issuer", "identifier", "kind")
    assert sorted(rows) == [("IDNP", "2099031001472", "national"), ("NISTRU", "X-1", "other")]


@pytest.mark.django_db
def test_a_number_that_a_server_calls_national_under_another_issuer_is_kept_under_that_issuer() -> None:
    patient = make_patient_report(other_patient_ids=(make_identifier("1630615123457", "RO", "national"),))
    server = DicomServerFactory()
    study = take_in_report(server, make_report(server, patient=patient))
    rows = PatientIdentifier.objects.filter(patient=study.patient, kind="national").values_list("issuer", "identifier")
    assert list(rows) == [("RO", "1630615123457")]


@pytest.mark.django_db
def test_a_report_of_another_server_is_refused_and_stores_nothing() -> None:
    server, other = DicomServerFactory(), DicomServerFactory()
    with pytest.raises(ReportOfAnotherServer):
        take_in_report(server, make_report(other))
    assert not Study.objects.exists()
    assert not Patient.objects.exists()


@pytest.mark.django_db
def test_an_older_revision_never_overwrites_a_newer_one() -> None:
    server = DicomServerFactory()
    take_in_report(server, make_report(server, revision=5, study_description="New"))
    study = take_in_report(server, make_report(server, revision=4, study_description="Old", series=()))
    assert (study.revision, study.study_description, study.number_of_study_related_series) == (5, "New", 2)
    assert Study.objects.get().study_description == "New"


@pytest.mark.django_db
def test_the_newest_revision_replaces_the_holding_as_a_whole() -> None:
    server = DicomServerFactory()
    take_in_report(server, make_report(server, revision=1, series=(make_series(1), make_series(2, modality="SR"))))
    newer = make_report(
        server,
        revision=2,
        series=(make_series(2, modality="PT"), make_series(3, modality="CT")),
        requesting_physician_names=(),
        referring_physician_name=make_name(""),
    )
    study = take_in_report(server, newer)
    found = Series.objects.filter(study=study).order_by("series_number").values_list("series_number", "modality")
    assert list(found) == [(2, "PT"), (3, "CT")]
    assert study.modalities_in_study == ["CT", "PT"]
    assert not StudyPhysician.objects.filter(study=study).exists()


@pytest.mark.django_db
def test_a_corrected_patient_is_another_row_and_the_study_moves_to_it() -> None:
    server = DicomServerFactory()
    first = take_in_report(server, make_report(server, revision=1))
    corrected = make_patient_report(patient_birth_date="19620830")
    second = take_in_report(server, make_report(server, revision=2, patient=corrected))
    assert second.pk == first.pk
    assert second.patient_id != first.patient_id
    assert Patient.objects.count() == 2


@pytest.mark.django_db
def test_the_same_description_at_two_institutions_is_two_patients() -> None:
    one, other = DicomServerFactory(), DicomServerFactory()
    studies = [take_in_report(server, make_report(server)) for server in (one, other)]
    assert studies[0].patient_id != studies[1].patient_id
    assert {patient.identity_digest for patient in Patient.objects.all()} == {studies[0].patient.identity_digest}


@pytest.mark.django_db
def test_two_servers_of_one_institution_share_the_patient_and_hold_two_studies() -> None:
    one = DicomServerFactory()
    other = DicomServerFactory(institution=one.institution)
    studies = [take_in_report(server, make_report(server)) for server in (one, other)]
    assert studies[0].pk != studies[1].pk
    assert studies[0].patient_id == studies[1].patient_id
    assert PatientIdentifier.objects.count() == 3


@pytest.mark.django_db
def test_the_order_of_other_patient_ids_makes_no_other_patient() -> None:
    server = DicomServerFactory()
    identifiers = GOLDEN.patient.other_patient_ids
    take_in_report(server, make_report(server, revision=1))
    take_in_report(
        server,
        make_report(server, revision=2, patient=make_patient_report(other_patient_ids=tuple(reversed(identifiers)))),
    )
    assert Patient.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("sent", ["1962", "196208", "unknown", "00000000", "", "31.08.1962"])
def test_a_birth_date_that_names_no_day_is_kept_as_text(sent: str) -> None:
    server = DicomServerFactory()
    patient = make_patient_report(patient_birth_date=sent)
    study = take_in_report(server, make_report(server, patient=patient))
    assert (study.patient.patient_birth_date, study.patient.patient_birth_date_text) == (None, sent)


@pytest.mark.django_db
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_stored_as_text(text: str) -> None:
    server = DicomServerFactory()
    patient = make_patient_report(patient_name=text, patient_id=text[:256])
    report = make_report(
        server,
        patient=patient,
        study_description=text,
        referring_physician_name=make_name(text),
        requesting_physician_names=(make_name(text), make_name(text)),
        series=(make_series(1, series_description=text, protocol_name=text),),
    )
    study = Study.objects.get(pk=take_in_report(server, report).pk)
    assert study.study_description == text
    assert study.patient.patient_name == text
    assert Series.objects.get().series_description == text


@pytest.mark.django_db
def test_an_empty_report_is_taken_in() -> None:
    server = DicomServerFactory()
    empty = make_report(
        server,
        study_date="",
        study_time="",
        accession_number="",
        study_id="",
        study_description="",
        referring_physician_name=make_name(),
        requesting_physician_names=(),
        patient=make_patient_report(
            patient_id="",
            issuer_of_patient_id="",
            other_patient_ids=(),
            patient_name="",
            patient_birth_date="",
            patient_sex="",
        ),
        series=(),
        calling_ae_titles=(),
    )
    study = Study.objects.get(pk=take_in_report(server, empty).pk)
    assert (study.study_date, study.patient_sort, study.modalities_in_study) == (None, "", [])
    assert not PatientIdentifier.objects.exists()
    assert not StudyPhysician.objects.exists()


@pytest.mark.django_db
def test_the_longest_report_is_taken_in() -> None:
    server = DicomServerFactory()
    long_name = make_name("Щ" * 1296, "山" * 1296, "や" * 1296)
    patient = make_patient_report(
        patient_name=long_name,
        patient_id="Щ" * 256,
        issuer_of_patient_id="Щ" * 256,
        other_patient_ids=tuple(make_identifier(f"{number:0>256}", "Щ" * 256) for number in range(64)),
    )
    report = make_report(
        server,
        patient=patient,
        accession_number="Щ" * 256,
        study_description="Щ" * 1024,
        referring_physician_name=long_name,
        requesting_physician_names=tuple(make_name(f"{number}{'Щ' * 1290}") for number in range(32)),
    )
    study = take_in_report(server, report)
    assert len(study.patient.name_key) == 1300
    assert len(study.patient_sort) == 200
    assert PatientIdentifier.objects.count() == 65
    assert StudyPhysician.objects.count() == 35


@pytest.mark.django_db
@pytest.mark.slow
def test_the_largest_report_is_taken_in_and_found() -> None:
    server = DicomServerFactory()
    series = tuple(
        make_series(
            number,
            modality=f"{number:0>16}",
            body_part_examined=f"{number} {'Щ' * 55}",
            station_name=f"{number:0>64}",
            series_description="💥" * 1024,
        )
        for number in range(1, 10_001)
    )
    patient = make_patient_report(
        patient_id="💥" * 256,
        issuer_of_patient_id="💥" * 256,
        other_patient_ids=tuple(make_identifier(f"{'1 ' * 126}{number}", "💥" * 256) for number in range(64)),
    )
    study = take_in_report(server, make_report(server, series=series, patient=patient))
    assert Series.objects.filter(study=study).count() == 10_000
    assert study.number_of_study_related_series == 10_000
    assert list(Study.objects.filter(matching("munteanu elena"))) == [study]


@pytest.mark.django_db
def test_two_spellings_of_one_physician_are_one_row() -> None:
    server = DicomServerFactory()
    names = tuple(map(make_name, ("Kozak^Irina", "КОЗАК^ИРИНА", "Kozak^Irina^^Dr.", "^^^Dr.", "")))
    study = take_in_report(server, make_report(server, requesting_physician_names=names))
    rows = StudyPhysician.objects.filter(study=study, part="requesting").values_list("name_key", "physician_name")
    assert list(rows) == [("kozak irina", "Kozak^Irina")]


def revisions(server) -> list:
    """Four reports of a study that grows, is corrected, and shrinks."""
    first = GOLDEN.first_received_at
    return [
        make_report(
            server,
            revision=number,
            study_description=f"Revision {number}",
            complete=number == 4,
            series=tuple(make_series(n, number_of_series_related_instances=number) for n in range(1, count + 1)),
            patient=make_patient_report(patient_name="Munteanu^Elena" if number < 3 else "Munteanu^Elena^Maria"),
            last_received_at=first + timedelta(seconds=number),
        )
        for number, count in ((1, 1), (2, 3), (3, 3), (4, 2))
    ]


@pytest.mark.django_db
def test_every_order_of_arrival_ends_in_the_same_holding() -> None:
    server = DicomServerFactory()
    sent = revisions(server)
    ends = []
    for order in permutations(sent):
        Study.objects.all().delete()
        for report in order:
            study = take_in_report(server, report)
        study.refresh_from_db()
        ends.append(state_of(study))
    assert len(ends) == 24
    assert all(end == ends[0] for end in ends)
    assert ends[0]["revision"] == 4
    assert ends[0]["study_description"] == "Revision 4"


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_lost_and_repeated_reports_leave_the_newest_that_arrived(order: list[int]) -> None:
    Study.objects.all().delete()
    server = DicomServerFactory()
    sent = revisions(server)
    for number in order:
        study = take_in_report(server, sent[number].model_copy(update={"message_id": uuid4()}))
    study.refresh_from_db()
    arrived = state_of(study)
    Study.objects.all().delete()
    alone = take_in_report(server, sent[max(order)])
    alone.refresh_from_db()
    assert arrived == state_of(alone)


def test_reports_that_arrive_at_once_leave_one_holding_of_the_newest(at_once) -> None:
    server = DicomServerFactory()
    sent = revisions(server) * 3
    at_once(*(lambda report=report: take_in_report(server, report) for report in sent))
    study = Study.objects.get()
    assert (study.revision, study.study_description) == (4, "Revision 4")
    assert Series.objects.count() == 2
    assert Patient.objects.filter(studies=study).count() == 1


def test_studies_of_one_new_patient_that_arrive_at_once_share_the_patient(at_once) -> None:
    server = DicomServerFactory()
    sent = [make_report(server, study_instance_uid=f"1.2.3.{number}", series=()) for number in range(8)]
    at_once(*(lambda report=report: take_in_report(server, report) for report in sent))
    assert Study.objects.count() == 8
    assert Patient.objects.count() == 1
    assert PatientIdentifier.objects.count() == 3


@pytest.mark.django_db
def test_a_study_of_which_nothing_is_left_is_removed_until_it_comes_again() -> None:
    server = DicomServerFactory()
    first = make_report(server, revision=1)
    study = take_in_report(server, first)
    assert study.is_removed is False
    gone = make_report(
        server,
        study_instance_uid=first.study_instance_uid,
        revision=2,
        series=(),
        number_of_study_related_instances=0,
    )
    assert take_in_report(server, gone).is_removed is True
    again = make_report(server, study_instance_uid=first.study_instance_uid, revision=3)
    assert take_in_report(server, again).is_removed is False
