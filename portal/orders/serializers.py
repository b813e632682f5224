"""Orders as programs write and read them: fields are DICOM keywords in snake_case (PS3.3 C.4.10 to C.4.13)."""

from typing import Any, Final

from rest_framework import serializers

from portal.accounts.serializers import NamedPersonSerializer
from portal.grants.serializers import StudyUidField
from portal.orders.fields import DayField, LineField, NameField, TimeOfDayField
from portal.orders.models import MAX_REASON, MIN_REASON, Order, Origin, State
from wire.orders import AE_TITLE_PATTERN, MAX_CODES, MAX_OTHER_PATIENT_IDS, MAX_STATIONS, MAX_STEPS

PRIORITIES: Final = ("STAT", "HIGH", "ROUTINE", "MEDIUM", "LOW")
_DECIMAL: Final = r"^[0-9]{1,7}(\.[0-9]{1,6})?\Z"
_CODE_STRING: Final = r"^[A-Z0-9_ ]{1,16}\Z"


class CodeSerializer(serializers.Serializer[Any]):
    """A coded entry (PS3.3 8.8)."""

    code_value = LineField(16, is_needed=True, source="value")
    coding_scheme_designator = LineField(16, is_needed=True, source="scheme")
    coding_scheme_version = LineField(16, source="version")
    code_meaning = LineField(64, is_needed=True, source="meaning")


class OtherPatientIdSerializer(serializers.Serializer[Any]):
    """One more identifier of the patient."""

    patient_id = LineField(64, is_needed=True, source="identifier")
    issuer_of_patient_id = LineField(64, source="issuer")


class OrderedPatientSerializer(serializers.Serializer[Any]):
    """The patient."""

    patient_id = LineField(64, is_needed=True)
    issuer_of_patient_id = LineField(64)
    other_patient_ids = serializers.ListField(
        child=OtherPatientIdSerializer(), required=False, max_length=MAX_OTHER_PATIENT_IDS
    )
    patient_name = NameField(is_needed=True)
    patient_birth_date = DayField(required=False, allow_null=True)
    patient_sex = serializers.ChoiceField(choices=["M", "F", "O"], required=False, allow_blank=True)
    patient_weight = serializers.RegexField(_DECIMAL, required=False, allow_blank=True, max_length=16, help_text="kg")
    patient_size = serializers.RegexField(_DECIMAL, required=False, allow_blank=True, max_length=16, help_text="m")
    medical_alerts = LineField(64)
    allergies = LineField(64)
    pregnancy_status = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=4, help_text="1 no, 2 possibly, 3 yes, 4 unknown"
    )
    special_needs = LineField(64)
    patient_state = LineField(64)


class OrderedStepSerializer(serializers.Serializer[Any]):
    """A scheduled procedure step."""

    scheduled_procedure_step_id = LineField(16, help_text="Made where it is not given.")
    modality = serializers.RegexField(_CODE_STRING, max_length=16)
    scheduled_station_ae_titles = serializers.ListField(
        child=serializers.RegexField(AE_TITLE_PATTERN, max_length=16),
        required=False,
        max_length=MAX_STATIONS,
        help_text="Without any: for each station of the modality.",
    )
    scheduled_station_name = LineField(16)
    scheduled_procedure_step_start_date = DayField(source="scheduled_start_date")
    scheduled_procedure_step_start_time = TimeOfDayField(
        source="scheduled_start_time", help_text="By the clocks of the institution."
    )
    scheduled_performing_physician_name = NameField()
    scheduled_procedure_step_description = LineField(64)
    scheduled_protocol_codes = serializers.ListField(child=CodeSerializer(), required=False, max_length=MAX_CODES)
    scheduled_procedure_step_location = LineField(16)
    pre_medication = LineField(64)
    requested_contrast_agent = LineField(64)


class OrderContentSerializer(serializers.Serializer[Any]):
    """What is ordered for whom; it reads and writes the fields of `wire.orders`."""

    placer_order_number = LineField(64, help_text="The same order under the same number is placed once.")
    accession_number = LineField(16, help_text="Made where it is not given.")
    study_instance_uid = StudyUidField(max_length=64, required=False, help_text="Made where it is not given.")
    requested_procedure_id = LineField(16, help_text="Made where it is not given.")
    requested_procedure_description = LineField(64)
    requested_procedure_code = CodeSerializer(required=False, allow_null=True)
    requested_procedure_priority = serializers.ChoiceField(choices=[*PRIORITIES], required=False, allow_blank=True)
    reason_for_the_requested_procedure = LineField(64)
    requested_procedure_comments = LineField(1000)
    imaging_service_request_comments = LineField(1000)
    requesting_physician_name = NameField()
    referring_physician_name = NameField()
    requesting_service = LineField(64)
    admission_id = LineField(64)
    current_patient_location = LineField(64)
    patient_transport_arrangements = LineField(64)
    patient = OrderedPatientSerializer()
    scheduled_procedure_steps = serializers.ListField(
        child=OrderedStepSerializer(), source="steps", min_length=1, max_length=MAX_STEPS
    )

    def validate_scheduled_procedure_steps(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each step under an ID of its own."""
        given = [step["scheduled_procedure_step_id"] for step in steps if step.get("scheduled_procedure_step_id")]
        if len(set(given)) != len(given):
            raise serializers.ValidationError("Two steps have the same ID.")
        return steps

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What is asked for, in the words of the wire."""
        plain: dict[str, Any] = _plain(attrs)
        return plain


class PlaceOrderSerializer(OrderContentSerializer):
    """An order to be placed."""

    server = serializers.UUIDField(required=False, help_text="Where the institution has several DICOM Servers.")


class CancelOrderSerializer(serializers.Serializer[Any]):
    """Why the order is not to be done, for those who ask later; programs that know none may leave it out."""

    reason = LineField(MAX_REASON, min_length=MIN_REASON, default="")


class PerformedStepSerializer(serializers.Serializer[Any]):
    """What a modality says that it did."""

    sop_instance_uid = serializers.CharField(read_only=True)
    state = serializers.CharField(read_only=True)
    performed_station_ae_title = serializers.CharField(read_only=True)
    started_at = serializers.CharField(read_only=True, help_text="As DICOM writes it: YYYYMMDDHHMMSS.")
    ended_at = serializers.CharField(read_only=True, help_text="As DICOM writes it: YYYYMMDDHHMMSS.")


class ShownStepSerializer(OrderedStepSerializer):
    """A scheduled step and where it stands."""

    state = serializers.CharField(read_only=True, help_text=", ".join(State.values))
    scheduled_procedure_step_start_date = DayField(source="scheduled_start_date", allow_null=True)
    scheduled_procedure_step_start_time = TimeOfDayField(source="scheduled_start_time", allow_null=True)
    # What came by HL7 was bounded by another door.
    modality = serializers.RegexField(r"", max_length=16)


class ImagingOrderSerializer(OrderContentSerializer):
    """An order and where it stands."""

    id = serializers.UUIDField(read_only=True)
    server = serializers.UUIDField(read_only=True)
    institution = serializers.CharField(read_only=True)
    origin = serializers.CharField(read_only=True, help_text=", ".join(Origin.values))
    state = serializers.CharField(read_only=True, help_text=", ".join(State.values))
    scheduled_procedure_steps = serializers.ListField(child=ShownStepSerializer(), source="steps")
    performed_procedure_steps = PerformedStepSerializer(many=True, read_only=True)
    ordered_by = NamedPersonSerializer(read_only=True, allow_null=True)
    ordered_at = serializers.DateTimeField(read_only=True)
    changed_at = serializers.DateTimeField(read_only=True)
    cancellation_reason = serializers.CharField(
        read_only=True, help_text="Why it was taken back at the portal; empty where nobody said so."
    )
    reported_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="When the DICOM Server last said something of it; null before."
    )


def shown_order(order: Order) -> dict[str, Any]:
    """The order as ImagingOrderSerializer writes it."""
    return {
        **order.content,
        "id": order.pk,
        "server": order.server_id,
        "institution": order.server.institution.code,
        "origin": order.origin,
        "state": order.state,
        "steps": [
            {**step, "state": order.step_states.get(step["scheduled_procedure_step_id"], order.state)}
            for step in order.content["steps"]
        ],
        "performed_procedure_steps": order.performed_steps,
        "ordered_by": order.ordered_by,
        "ordered_at": order.ordered_at,
        "changed_at": order.changed_at,
        "cancellation_reason": order.cancellation_reason,
        "reported_at": order.reported_at,
    }


def changed_order(order: Order, changes: dict[str, Any]) -> OrderContentSerializer:
    """All of the order with the changes in it, to be validated; of the patient too only what is named changes."""
    now = {**shown_order(order), "steps": order.content["steps"]}
    said = {**OrderContentSerializer(now).data, **changes}
    if isinstance(changes.get("patient"), dict):
        said["patient"] = {**OrderedPatientSerializer(order.content["patient"]).data, **changes["patient"]}
    return OrderContentSerializer(data=said)


def _plain(value: Any, name: str = "") -> Any:
    """Validated values as the wire has them: no null where it has an empty text, and identifiers with their kind."""
    if isinstance(value, dict):
        plain = {key: _plain(item, key) for key, item in value.items()}
        return {**plain, "kind": "other"} if set(plain) & {"identifier"} else plain
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return "" if value is None and name == "patient_birth_date" else value
