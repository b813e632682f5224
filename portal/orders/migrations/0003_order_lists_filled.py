"""Orders of before are sorted by when they are due, and found by their words."""

from typing import Any

from django.db import migrations

from portal.studies.folding import identifier_words, text_words
from portal.studies.search import vector_of

BATCH = 1000
# min() of no row is NULL.
STARTS = """
    UPDATE orders_order SET scheduled_start = COALESCE((
        SELECT min((step ->> 'scheduled_start_date') || (step ->> 'scheduled_start_time'))
        FROM jsonb_array_elements(content -> 'steps') AS step WHERE step ->> 'scheduled_start_date' <> ''
    ), '')
"""


def find_by_words(apps: Any, _editor: Any) -> None:
    """Fill the search vectors, some rows at a time."""
    orders = apps.get_model("orders", "Order").objects.filter(search_vector=None)
    while found := list(orders.only("pk", "content")[:BATCH]):
        for order in found:
            orders.filter(pk=order.pk).update(search_vector=vector_of(_words(order.content)))


def _words(content: dict[str, Any]) -> list[str]:
    patient = content["patient"]
    numbers = [patient["patient_id"], *(other["identifier"] for other in patient["other_patient_ids"])]
    numbers += [content["accession_number"], content["placer_order_number"], content["filler_order_number"]]
    described = text_words([content["requested_procedure_description"]])
    return [*text_words(patient["patient_name"].values()), *identifier_words(filter(None, numbers)), *described]


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_order_lists")]
    operations = [
        migrations.RunSQL(STARTS, migrations.RunSQL.noop),
        migrations.RunPython(find_by_words, migrations.RunPython.noop),
    ]
