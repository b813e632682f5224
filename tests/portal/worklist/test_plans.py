"""Each order of the list is read from one index, from the cursor on, without sorting."""

import json
from datetime import date

import pytest
from django.db import connection
from django.utils import timezone

from portal.grants.policy import sight_of
from portal.worklist import paging
from portal.worklist.cursors import Cursor
from portal.worklist.lists import with_what_rows_show
from portal.worklist.orders import COLUMNS, Order
from tests.portal.grants.factories import make_patient_study, radiologist_of

pytestmark = pytest.mark.django_db
KEYS = {
    "first_received_at": timezone.now(),
    "study_date": date(2026, 11, 20),
    "patient_name": "munteanu elena",
    "modalities_in_study": "CT",
}
INDEXES = {
    "first_received_at": ("studies_stu_first_r", "studies_stu_server"),
    "study_date": ("studies_stu_study_d",),
    "patient_name": ("studies_stu_patient",),
    "modalities_in_study": ("studies_stu_modalit",),
}


@pytest.fixture
def few_ways():
    """Leave PostgreSQL only what it would choose among a million rows."""
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort", "hashjoin", "mergejoin"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


def nodes_of(studies) -> list[dict]:
    """The nodes of the plan, from the top."""
    [top] = json.loads(studies.explain(format="json"))
    found, waiting = [], [top["Plan"]]
    while waiting:
        node = waiting.pop(0)
        found.append(node)
        waiting += node.get("Plans", [])
    return found


@pytest.mark.parametrize("is_backward", [False, True])
@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("name", COLUMNS)
def test_an_order_is_one_range_of_one_index(few_ways, name, is_descending, is_backward):
    studies = sight_of(radiologist_of(make_patient_study().server.institution)).studies
    order = Order(COLUMNS[name], is_descending)
    cursor = Cursor(str(order), "before" if is_backward else "after", KEYS[name], 7)
    [part, *_] = paging._parts(with_what_rows_show(studies), order, cursor, is_backward=is_backward)
    nodes = nodes_of(part[:51])
    assert not [node for node in nodes if "Sort" in node["Node Type"]]
    [scan] = [node for node in nodes if node.get("Relation Name") == "studies_study"]
    assert scan["Index Name"].startswith(INDEXES[name])
    assert "ROW(" in scan["Index Cond"]


def test_few_rows_are_fetched_by_their_keys(django_assert_num_queries, monkeypatch):
    studies = [make_patient_study() for _ in range(3)]
    found = type(studies[0]).objects.filter(pk__in=[study.pk for study in studies])
    assert "IN (" in str(paging._narrowed(found.filter(is_complete=True)).query)
    monkeypatch.setattr(paging, "FEW", 2)
    wide = found.order_by("pk")
    assert paging._narrowed(wide) is wide
