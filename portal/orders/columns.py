"""Fills the columns by which orders are found and sorted from what travels of them."""

from datetime import date, datetime
from typing import Any

from portal.orders.models import Order
from portal.studies.folding import identifier_words, text_words
from portal.studies.search import vector_of


def fill_columns(order: Order) -> None:
    """Take from the order's content what is looked for."""
    content = order.content
    order.placer_order_number = content["placer_order_number"][:64]
    order.accession_number = content["accession_number"]
    order.study_instance_uid = content["study_instance_uid"]
    order.patient_id = content["patient"]["patient_id"]
    order.modalities = list(dict.fromkeys(step["modality"] for step in content["steps"] if step["modality"]))
    days = [_day(step["scheduled_start_date"]) for step in content["steps"]]
    order.scheduled_on = min((day for day in days if day is not None), default=None)
    starts = [step["scheduled_start_date"] + step["scheduled_start_time"] for step in content["steps"]]
    order.scheduled_start = min((start for start in starts if len(start) >= 8), default="")


def save_found(order: Order) -> None:
    """Save the order so that it is found by its words."""
    order.search_vector = vector_of(search_words(order.content))
    order.save()
    # The expression of the vector must not be evaluated again by a later save.
    order.refresh_from_db(fields=["search_vector"])


def search_words(content: dict[str, Any]) -> list[str]:
    """What an order is found by, the most telling first: the patient's names and numbers, its own, and its words."""
    patient = content["patient"]
    numbers = [patient["patient_id"], *(other["identifier"] for other in patient["other_patient_ids"])]
    numbers += [content["accession_number"], content["placer_order_number"], content["filler_order_number"]]
    described = text_words([content["requested_procedure_description"]])
    return [*text_words(patient["patient_name"].values()), *identifier_words(filter(None, numbers)), *described]


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day of the institution, without a zone
    except ValueError:
        return None
