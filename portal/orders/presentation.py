"""How an order is written for a reader: patient, what is to be done and when, who sent it, where it stands."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext

from portal.orders.models import Order, Origin, State
from portal.studies import display
from portal.studies.dicom_values import ordered_modalities, parse_date
from portal.studies.display import NameParts, SentDate


@dataclass(frozen=True)
class ShownState:
    """Where something stands: a shape and a word."""

    key: str
    words: str


@dataclass(frozen=True)
class ShownStep:
    """A scheduled procedure step."""

    step_id: str
    modality: str
    title: str
    when: str
    stations: str
    state: ShownState


@dataclass(frozen=True)
class ShownPerformed:
    """What a modality said that it did."""

    station: str
    began: str
    ended: str
    state: ShownState


class ShownOrder:
    """An order as rows and its own page write it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._content: dict[str, Any] = order.content
        self._patient: dict[str, Any] = order.content["patient"]

    @cached_property
    def name(self) -> NameParts:
        """The patient's name."""
        return display.name_parts(**self._patient["patient_name"])

    @property
    def sex_letter(self) -> str:
        """F, M or O; empty where it is not given."""
        return display.sex_letter(self._patient["patient_sex"]) if self._patient["patient_sex"] else ""

    @property
    def sex_word(self) -> str:
        """The word, or that it is not given."""
        return display.sex_word(self._patient["patient_sex"])

    @cached_property
    def birth_date(self) -> SentDate:
        """Never blank."""
        return display.birth_date(self._birth_date, self._patient["patient_birth_date"])

    @property
    def age(self) -> str:
        """On the day of the first step."""
        return display.age_text(self._birth_date, self.order.scheduled_on)

    @property
    def patient_id(self) -> str:
        """Long numbers in groups of four."""
        return display.grouped_identifier(self._patient["patient_id"])

    @property
    def issuer(self) -> str:
        """Of the patient ID."""
        return str(self._patient["issuer_of_patient_id"])

    @property
    def modalities(self) -> str:
        """Those of the steps."""
        return " ".join(ordered_modalities(self.order.modalities))

    @property
    def title(self) -> str:
        """What is to be done."""
        steps = self._content["steps"]
        named = self._content["requested_procedure_description"] or steps[0]["scheduled_procedure_step_description"]
        return named or gettext("Procedure not named")

    @property
    def requested_by(self) -> str:
        """Whoever wants it done."""
        return display.staff_name(self._content["requesting_physician_name"]["alphabetic"])

    @property
    def details(self) -> str:
        """The second line of a row."""
        return " · ".join(filter(None, (self.order.accession_number, self.requested_by, self.service)))

    @property
    def service(self) -> str:
        """The department that asks."""
        return str(self._content["requesting_service"])

    @property
    def day(self) -> str:
        """Of the first step."""
        day = self.order.scheduled_on
        return display.dense_date(day) if day else gettext("not scheduled")

    @property
    def time(self) -> str:
        """Of the first step, by the clocks of the institution."""
        return display.study_time(self.order.scheduled_start[8:])

    @property
    def stations(self) -> str:
        """Where it is to be done."""
        return _stations(self._content["steps"][0])

    @property
    def state(self) -> ShownState:
        """Where the order stands."""
        return shown_state(self.order.state)

    @property
    def way(self) -> str:
        """By which way it came."""
        return gettext("HL7") if self.order.origin == Origin.HL7 else gettext("Portal")

    @property
    def sender(self) -> str:
        """The system that sent it by HL7, or the person who placed it."""
        if self.order.origin == Origin.HL7:
            return ", ".join(filter(None, self._content.get("sender", "").split("|")))
        return self.order.ordered_by.full_name if self.order.ordered_by else ""

    @property
    def steps(self) -> list[ShownStep]:
        """All of them."""
        states = self.order.step_states
        return [
            ShownStep(
                step_id=step["scheduled_procedure_step_id"],
                modality=step["modality"],
                title=step["scheduled_procedure_step_description"] or self.title,
                when=_moment(step["scheduled_start_date"] + step["scheduled_start_time"]),
                stations=_stations(step),
                state=shown_state(states.get(step["scheduled_procedure_step_id"], self.order.state)),
            )
            for step in self._content["steps"]
        ]

    @property
    def performed(self) -> list[ShownPerformed]:
        """What was done of it."""
        return [
            ShownPerformed(
                station=one["performed_station_ae_title"],
                began=_moment(one["started_at"]),
                ended=_moment(one["ended_at"]),
                state=shown_state(one["state"]),
            )
            for one in self.order.performed_steps
        ]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What else is known of it, what has no value left out."""
        content, patient = self._content, self._patient
        found = [
            (gettext("Accession number"), self.order.accession_number),
            (gettext("Placer's number"), self.order.placer_order_number),
            (gettext("Filler's number"), content["filler_order_number"]),
            (gettext("Priority"), content["requested_procedure_priority"]),
            (gettext("Reason"), content["reason_for_the_requested_procedure"]),
            (gettext("Comments"), content["requested_procedure_comments"]),
            (gettext("Requested by"), ", ".join(filter(None, (self.requested_by, self.service)))),
            (gettext("Patient is at"), content["current_patient_location"]),
            (gettext("Allergies"), patient["allergies"]),
            (gettext("Medical alerts"), patient["medical_alerts"]),
        ]
        return [(label, value) for label, value in found if value]

    @property
    def _birth_date(self) -> date | None:
        return parse_date(self._patient["patient_birth_date"])


def shown_state(state: str) -> ShownState:
    """A state's shape and word."""
    return ShownState(state, str(State(state).label).capitalize())


def _stations(step: dict[str, Any]) -> str:
    named = step["scheduled_station_name"] or ", ".join(step["scheduled_station_ae_titles"])
    return str(named) or gettext("any station")


def _moment(text: str) -> str:
    """A day and time as DICOM writes them, to the minute."""
    day = parse_date(text[:8])
    if day is None:
        return ""
    return ", ".join(filter(None, (display.dense_date(day), display.study_time(text[8:]))))
