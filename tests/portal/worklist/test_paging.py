"""Keyset paging shows every row once, in order, forward and backward, while other rows come in and go."""

from base64 import urlsafe_b64decode
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.studies.models import Patient, Study
from portal.worklist.cursors import Cursor, InvalidCursor, decode, decode_mark, encode, encode_mark
from portal.worklist.orders import COLUMNS, NEWEST_FIRST, Order, UnknownOrder, parse_order
from portal.worklist.paging import bounded_count, page_of
from tests.portal.grants.factories import DicomServerFactory

NOW = timezone.now().replace(microsecond=123456)
rows = st.tuples(
    st.integers(0, 3),  # minutes since it arrived
    st.sampled_from([None, date(2026, 11, 20), date(2026, 11, 19), date(2025, 1, 1)]),
    st.sampled_from(["", "ceban ion", "munteanu elena", "Ж%_\\"]),
    st.sampled_from(["", "CT", "CT PT", "MR"]),
)
orders = st.builds(Order, st.sampled_from(list(COLUMNS.values())), st.booleans())


class World:
    """A server and a patient whose studies come and go."""

    def __init__(self) -> None:
        self.server = DicomServerFactory()
        self.patient = Patient.objects.create(institution=self.server.institution, identity_digest=uuid4().hex)

    def add(self, row) -> int:
        minutes, study_date, patient_sort, modality_sort = row
        arrived = NOW - timedelta(minutes=minutes)
        study = Study.objects.create(
            server=self.server,
            patient=self.patient,
            study_instance_uid=f"2.25.{uuid4().int}",
            revision=1,
            first_received_at=arrived,
            last_received_at=arrived,
            study_date=study_date,
            patient_sort=patient_sort,
            modality_sort=modality_sort,
        )
        return study.pk

    @property
    def studies(self):
        return Study.objects.filter(server=self.server)

    def in_order(self, order) -> list[int]:
        """What the pages together must show, sorted without any of their code."""

        def key(study):
            return (getattr(study, order.column.field), study.pk)

        present = [study for study in self.studies if getattr(study, order.column.field) is not None]
        absent = [study for study in self.studies if getattr(study, order.column.field) is None]
        # The database's collation, not Python's, sorts text.
        if order.column.field in ("patient_sort", "modality_sort"):
            sign = "-" if order.is_descending else ""
            return list(self.studies.order_by(f"{sign}{order.column.field}", f"{sign}pk").values_list("pk", flat=True))
        present.sort(key=key, reverse=order.is_descending)
        absent.sort(key=lambda study: study.pk, reverse=order.is_descending)
        return [study.pk for study in present + absent]


def walk(world, order, size, *, between=lambda: None):
    """Every page from the first to the last, each cursor having travelled as text."""
    cursor, pages = None, []
    while True:
        page = page_of(world.studies, order, size, cursor)
        pages.append(page)
        if page.next is None:
            return pages
        cursor = decode(encode(page.next), order=str(order))
        between()


def keys(pages) -> list[int]:
    return [study.pk for page in pages for study in page.studies]


@pytest.mark.django_db
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, max_size=14), orders, st.integers(1, 4))
def test_pages_together_are_the_whole_list_in_its_order(made, order, size):
    with transaction.atomic():
        world = World()
        for row in made:
            world.add(row)
        pages = walk(world, order, size)
        assert keys(pages) == world.in_order(order)
        assert all(len(page.studies) == size for page in pages[:-1])
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=1, max_size=14), orders, st.integers(1, 4))
def test_going_back_shows_the_same_pages_again(made, order, size):
    with transaction.atomic():
        world = World()
        for row in made:
            world.add(row)
        pages = walk(world, order, size)
        for page, earlier in zip(reversed(pages[1:]), reversed(pages[:-1]), strict=True):
            assert page.previous is not None
            back = page_of(world.studies, order, size, decode(encode(page.previous), order=str(order)))
            assert keys([back]) == keys([earlier])
            again = page_of(world.studies, order, size, decode(encode(back.next), order=str(order)))
            assert keys([again]) == keys([page])
        assert pages[0].previous is None
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rows, min_size=2, max_size=12), st.lists(rows, max_size=12), orders, st.integers(1, 3), st.data())
def test_rows_that_come_and_go_while_paging_repeat_and_hide_nothing(made, coming, order, size, data):
    with transaction.atomic():
        world = World()
        at_start = [world.add(row) for row in made]
        gone: set[int] = set()
        waiting = list(coming)

        def between():
            for _ in range(data.draw(st.integers(0, 2))):
                if waiting:
                    world.add(waiting.pop())
            if data.draw(st.booleans()):
                victim = data.draw(st.sampled_from(at_start))
                world.studies.filter(pk=victim).delete()
                gone.add(victim)

        seen = keys(walk(world, order, size, between=between))
        assert len(seen) == len(set(seen))
        assert set(at_start) - gone <= set(seen)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_an_empty_list_has_no_other_pages():
    page = page_of(Study.objects.none(), NEWEST_FIRST, 5)
    assert (page.studies, page.next, page.previous) == ((), None, None)


@pytest.mark.django_db
def test_a_count_is_exact_up_to_its_bound(monkeypatch):
    monkeypatch.setattr("portal.worklist.paging.COUNTED_EXACTLY", 2)
    world, row = World(), (0, None, "", "")
    world.add(row)
    world.add(row)
    assert (bounded_count(world.studies).number, bounded_count(world.studies).is_exact) == (2, True)
    world.add(row)
    assert (bounded_count(world.studies).number, bounded_count(world.studies).is_exact) == (2, False)


def cursor_text() -> str:
    return encode(Cursor("-first_received_at", "after", NOW, 7))


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "x",
        "' OR 1=1 --",
        "../../etc/passwd",
        "gAAAAA" + "A" * 100,
        "é" * 10,
        "x" * 100_000,
        "\x00",
    ],
    ids=lambda text: f"{len(text)} characters",
)
def test_a_cursor_that_was_not_made_here_is_refused(hostile):
    with pytest.raises(InvalidCursor):
        decode(hostile, order="-first_received_at")


@pytest.mark.parametrize("change", [lambda text: text[:-2], lambda text: text[:20] + text[24:] + text[20:24]])
def test_a_cursor_that_was_changed_is_refused(change):
    with pytest.raises(InvalidCursor):
        decode(change(cursor_text()), order="-first_received_at")


def test_a_mark_is_no_cursor():
    with pytest.raises(InvalidCursor):
        decode(encode_mark(5), order="-first_received_at")


def test_a_cursor_of_another_order_is_refused():
    with pytest.raises(InvalidCursor):
        decode(cursor_text(), order="study_date")


def test_a_cursor_keeps_its_key_to_the_microsecond():
    cursor = decode(cursor_text(), order="-first_received_at")
    assert (cursor.key, cursor.pk, cursor.direction) == (NOW, 7, "after")


def test_a_cursor_of_a_replaced_secret_is_taken_until_it_is_forgotten(settings):
    text = cursor_text()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" + "x" * 50
    assert decode(text, order="-first_received_at").pk == 7
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidCursor):
        decode(text, order="-first_received_at")


def test_a_cursor_does_not_show_the_name_that_it_holds():
    text = encode(Cursor("patient_name", "after", "munteanu elena", 1))
    assert b"munteanu" not in urlsafe_b64decode(text) + text.encode()


def test_a_mark_is_read_back_and_a_cursor_is_no_mark():
    assert decode_mark(encode_mark(12)) == 12
    for text in (cursor_text(), "", "12"):
        with pytest.raises(InvalidCursor):
            decode_mark(text)


@pytest.mark.parametrize("text", ["name", "--study_date", "-", "study_date; DROP TABLE", "patient_sort"])
def test_an_unknown_order_is_refused(text):
    with pytest.raises(UnknownOrder):
        parse_order(text)


@pytest.mark.parametrize("text", ["study_date", "-patient_name"])
def test_an_order_is_written_as_it_is_read(text):
    assert str(parse_order(text)) == text
    assert str(parse_order(text).reversed) != text
