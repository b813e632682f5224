"""Remembered answers of searches: of the present revision, and bounded."""

import psycopg
import pytest
from django.db import connection

from dicomserver.dicomweb import answer_memory
from dicomserver.dicomweb.answer_memory import AnswerMemory
from tests.dicomserver.dicomweb.reading import WebReader, path_of, series_path_of, study_path_of
from tests.dicomserver.dicomweb.test_documents import numbers, slices
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.processes import database_url


def test_an_answer_is_made_once_a_revision() -> None:
    memory = AnswerMemory()
    made = []

    def make() -> str:
        made.append(len(made))
        return f"answer {made[-1]}"

    assert [memory.answer(("a",), 1, make) for _ in range(3)] == ["answer 0"] * 3
    assert memory.answer(("b",), 1, make) == "answer 1"
    assert memory.answer(("a",), 2, make) == "answer 2"
    assert memory.answer(("a",), 2, make) == "answer 2"


def test_what_is_remembered_is_bounded_also_where_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_memory, "MAX_CHARACTERS", 10_000)
    memory = AnswerMemory()
    for number in range(100):
        memory.answer((str(number % 10) * 10,) * (number // 10), 1, lambda: "")
    assert memory._characters <= 10_000
    assert len(memory._answers) == 8
    memory.answer(("large",), 1, lambda: "x" * 20_000)
    assert (memory._characters, len(memory._answers)) == (0, 0)


def test_a_search_tells_of_an_added_instance_at_once(reader: WebReader, take_in: TakeIn) -> None:
    instance = None
    for count, ds in enumerate(slices(3), start=1):
        instance = take_in(ds)
        for _ in range(2):
            assert numbers(reader.json(f"{series_path_of(instance)}/instances")) == list(range(1, count + 1))
            (series,) = reader.json(f"{study_path_of(instance)}/series")
            assert series["00201209"]["Value"] == [count]


def test_searches_of_two_studies_and_of_two_queries_are_kept_apart(reader: WebReader, take_in: TakeIn) -> None:
    one, other = take_in(small_ct(SeriesNumber=1)), take_in(small_ct(SeriesNumber=2))
    for _ in range(2):
        for instance, number in ((one, 1), (other, 2)):
            token = reader.portal.token(instance.series.study.study_instance_uid)
            (found,) = reader.json("/dicomweb/studies", token=token)
            assert found["0020000D"]["Value"] == [instance.series.study.study_instance_uid]
            (found,) = reader.json(f"{study_path_of(instance)}/series")
            assert found["00200011"]["Value"] == [number]
        assert reader.get(f"{study_path_of(one)}/series?SeriesNumber=2").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_a_read_goes_on_where_postgresql_closed_the_connection(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    for path in (f"{path_of(instance)}/frames/1", f"{study_path_of(instance)}/series"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        with psycopg.connect(database_url(), autocommit=True) as other:
            assert other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,)).fetchone() == (True,)
        assert reader.get(path).status_code == 200
