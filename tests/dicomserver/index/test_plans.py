"""What a server asks all the time is answered from an index, so that it costs the same among a million studies."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dicomserver.access import selectors as access
from dicomserver.access import services as access_services
from dicomserver.dicomweb import selectors as dicomweb
from dicomserver.dicomweb.selectors import Scope
from dicomserver.identity import Identity
from dicomserver.index import selectors as index
from dicomserver.index import services as index_services
from dicomserver.outbox import selectors as outbox
from dicomserver.outbox import services as outbox_services
from dicomserver.outbox.reports import build_study_report
from dicomserver.query.attributes import Level
from dicomserver.query.searching import count, search
from tests.dicomserver.network import TakeIn, enrolled, portal, take_in
from tests.dicomserver.objects import small_ct
from tests.dicomserver.query.asking import request_for

__all__ = ["enrolled", "portal", "take_in"]

pytestmark = pytest.mark.django_db

GROWING = {
    "index_study",
    "index_series",
    "index_instance",
    "index_instancemetadata",
    "outbox_outboxmessage",
    "access_viewingsession",
    "access_readinstance",
}


@pytest.fixture(autouse=True)
def as_among_a_million() -> None:
    """PostgreSQL reads a table row by row only where no index helps at all."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")


def tables_read_row_by_row(ask: Callable[[], object]) -> set[str]:
    """The growing tables for which a statement of `ask` has no use of an index."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    found = set()
    statements = [query["sql"] for query in captured.captured_queries]
    explained = [sql for sql in statements if sql and sql.split()[0] in {"SELECT", "UPDATE", "DELETE", "WITH"}]
    assert explained
    with connection.cursor() as cursor:
        for sql in explained:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            [[top]] = cursor.fetchone()
            waiting = [top["Plan"]]
            while waiting:
                node = waiting.pop()
                waiting += node.get("Plans", [])
                if node["Node Type"] == "Seq Scan":
                    found.add(node["Relation Name"])
    return found & GROWING


def test_a_question_without_an_index_is_seen_by_these_tests(take_in: TakeIn) -> None:
    assert tables_read_row_by_row(lambda: list(index.Study.objects.filter(study_description="Chest"))) == {
        "index_study"
    }


def test_what_comes_in_finds_its_study_series_and_instances_by_index(take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    study = instance.series.study
    asked = [(study.study_instance_uid, {}, timezone.now())]
    assert tables_read_row_by_row(lambda: index_services.lock_studies(asked)) == set()
    assert tables_read_row_by_row(lambda: index.instance_by_uid(instance.sop_instance_uid)) == set()
    assert tables_read_row_by_row(lambda: outbox_services.request_study_report(study.pk)) == set()


def test_readers_find_what_they_ask_for_by_index(take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    study = instance.series.study
    scope = Scope(study.study_instance_uid, instance.series.series_instance_uid, instance.sop_instance_uid)
    in_study = Scope(study.study_instance_uid)
    questions: list[Callable[[], object]] = [
        lambda: dicomweb.places(scope),
        lambda: dicomweb.places(scope, with_neighbours=True),
        lambda: dicomweb.instance_with_bulk_data(scope),
        lambda: dicomweb.series_states(in_study),
        lambda: dicomweb.stored_instances(in_study),
        lambda: index.study_by_uid(study.study_instance_uid),
        lambda: dicomweb.middle_instance(in_study),
    ]
    assert [tables_read_row_by_row(ask) for ask in questions] == [set()] * len(questions)


def test_reports_and_the_tasks_of_the_beat_find_their_work_by_index(take_in: TakeIn, enrolled: Identity) -> None:
    study = take_in(small_ct()).series.study
    now = timezone.now()

    def next_due() -> None:
        with transaction.atomic():
            outbox.next_due_message_locked(now)

    questions: list[Callable[[], object]] = [
        lambda: build_study_report(study, server_id=uuid4(), message_id=uuid4()),
        next_due,
        outbox.outbox_counts,
        outbox_services.hasten_unreachable,
        outbox_services.prune_delivered,
        outbox_services.complete_quiet_studies,
        access.open_session_count,
        access_services.close_viewing_sessions,
        access_services.prune,
        lambda: list(dicomweb.unprepared_series(quiet_seconds=timedelta(0).total_seconds(), limit=10)),
        lambda: list(dicomweb.unpictured_series(limit=10)),
    ]
    assert [tables_read_row_by_row(ask) for ask in questions] == [set()] * len(questions)


QUERIES: dict[str, tuple[Level, dict[str, str]]] = {
    "all studies": (Level.STUDY, {}),
    "a day": (Level.STUDY, {"StudyDate": "20260102"}),
    "days": (Level.STUDY, {"StudyDate": "20260101-20260131", "ModalitiesInStudy": "CT"}),
    "patient ID": (Level.STUDY, {"PatientID": "P-1"}),
    "start of a patient ID": (Level.STUDY, {"PatientID": "P*"}),
    "accession number": (Level.STUDY, {"AccessionNumber": "ACC1"}),
    "study ID": (Level.STUDY, {"StudyID": "S1"}),
    "national ID": (Level.STUDY, {"OtherPatientIDs": "2000000000007"}),
    "a whole name": (Level.STUDY, {"PatientName": "Popescu^Ion"}),
    "start of a name": (Level.STUDY, {"PatientName": "POP*"}),
    "one letter of a name": (Level.STUDY, {"PatientName": "p*"}),
    "middle of a name": (Level.STUDY, {"PatientName": "*escu*"}),
    "end of a name": (Level.STUDY, {"PatientName": "*ion"}),
    "ideographic name": (Level.STUDY, {"PatientName": "=山田^太郎"}),
    "birth date": (Level.STUDY, {"PatientBirthDate": "19700101"}),
    "description": (Level.STUDY, {"StudyDescription": "*chest*"}),
    "referring physician": (Level.STUDY, {"ReferringPhysicianName": "referrer*"}),
    "study UID": (Level.STUDY, {"StudyInstanceUID": "1.2.3"}),
    "SOP class": (Level.STUDY, {"SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.2"}),
    "all patients": (Level.PATIENT, {}),
    "patient by name": (Level.PATIENT, {"PatientName": "popescu*"}),
    "series of a study": (Level.SERIES, {"StudyInstanceUID": "1.2.3"}),
    "series UID": (Level.SERIES, {"SeriesInstanceUID": "1.2.3"}),
    "series by modality": (Level.SERIES, {"Modality": "CT"}),
    "instances of a series": (Level.INSTANCE, {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3"}),
    "instance UID": (Level.INSTANCE, {"SOPInstanceUID": "1.2.3"}),
}
COUNTS = dict.fromkeys(
    (
        "NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances",
        "NumberOfStudyRelatedSeries", "ModalitiesInStudy", "SOPClassesInStudy",
    ),
    "",
)  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_queries_find_what_they_ask_for_by_index(take_in: TakeIn, name: str) -> None:
    take_in(small_ct())
    level, keys = QUERIES[name]
    request = request_for(level, **COUNTS | keys)
    assert tables_read_row_by_row(lambda: list(search(request))) == set()
    if keys:
        # Without any, the first ten thousand rows are counted, whichever come first.
        assert tables_read_row_by_row(lambda: count(request)) == set()
