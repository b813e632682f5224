"""What a document that is brought in may belong to: a study, an order or a patient, found while words are typed."""

from dataclasses import dataclass
from typing import Any, Final

from portal.accounts.models import User
from portal.grants.policy import sight_of
from portal.orders.lists import with_words
from portal.orders.models import Order
from portal.orders.selectors import orders_of
from portal.servers.models import DicomServer
from portal.studies import display
from portal.studies.dicom_values import parse_date
from portal.studies.folding import query_words
from portal.studies.models import Study
from portal.studies.search import matching

SHOWN: Final = 8
LEAST_LETTERS: Final = 2
# One patient may have very many studies.
STUDIES_LOOKED_AT: Final = 200


@dataclass(frozen=True)
class Choices:
    """The newest that fit, at most SHOWN."""

    found: tuple[Any, ...]
    has_more: bool


@dataclass(frozen=True)
class OrderToChoose:
    """An order as a choice shows it; its accession number is what names it to the DICOM Server."""

    name: display.NameParts
    identifier: str
    sex_word: str
    birth_date: display.SentDate
    accession_number: str
    modalities: str
    description: str
    day: str
    """Of the first step; "" where none is given."""
    is_there: bool
    """Whether the DICOM Server has told that it has the order: before that it cannot be named to it."""


def studies_to_choose(person: User, server: DicomServer, text: str) -> Choices:
    """Studies at the server that the person may see, newest first, in which each word begins some word."""
    return _some(_studies(person, server, text)[: SHOWN + 1])


def patients_to_choose(person: User, server: DicomServer, text: str) -> Choices:
    """The newest study at the server of each patient who fits: it names the patient to the server."""
    newest: dict[int, Study] = {}
    for study in _studies(person, server, text)[:STUDIES_LOOKED_AT]:
        newest.setdefault(study.patient_id, study)
    return _some(newest.values())


def orders_to_choose(person: User, server: DicomServer, text: str) -> Choices:
    """Orders at the server that have a number and are not cancelled, newest first.

    Each word begins a word of the patient's name, a number or the description.
    """
    if not query_words(text):
        return Choices((), has_more=False)
    orders = orders_of(person).filter(server=server, is_cancelled=False).exclude(accession_number="")
    newest = with_words(orders, text).order_by("-ordered_at", "-pk")[: SHOWN + 1]
    return _some(map(_order, newest))


def _studies(person: User, server: DicomServer, text: str) -> Any:
    studies = (
        sight_of(person).studies.filter(matching(text), server=server) if query_words(text) else Study.objects.none()
    )
    related = studies.select_related("server__institution", "patient__institution")
    return related.prefetch_related("patient__identifiers").defer("search_vector").order_by("-first_received_at", "-pk")


def _some(found: Any) -> Choices:
    kept = list(found)
    return Choices(tuple(kept[:SHOWN]), len(kept) > SHOWN)


def _order(order: Order) -> OrderToChoose:
    content, patient = order.content, order.content["patient"]
    names, born = patient["patient_name"], patient["patient_birth_date"] or ""
    return OrderToChoose(
        name=display.name_parts(names["alphabetic"], names.get("ideographic", ""), names.get("phonetic", "")),
        identifier=display.grouped_identifier(patient["patient_id"]),
        sex_word=display.sex_word(patient["patient_sex"]),
        birth_date=display.birth_date(parse_date(born), born),
        accession_number=order.accession_number,
        modalities=" ".join(order.modalities) or "?",
        description=content["requested_procedure_description"],
        day=display.dense_date(order.scheduled_on) if order.scheduled_on else "",
        is_there=order.reported_at is not None,
    )
