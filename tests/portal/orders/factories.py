"""Orders for tests, placed as programs place them."""

from typing import Any

from portal.accounts.models import User
from portal.orders.models import Order
from portal.orders.serializers import PlaceOrderSerializer
from portal.orders.services import place_order
from portal.servers.models import DicomServer
from tests.portal.grants.factories import actor_for


def order_body(*, step: dict[str, Any] | None = None, patient: dict[str, Any] | None = None, **changes: Any) -> Any:
    """What a program sends: a CT of the chest for Ștefan Țurcanu."""
    return {
        "requested_procedure_description": "CT chest",
        "requested_procedure_priority": "ROUTINE",
        "requesting_physician_name": "Popescu^Ion",
        "patient": {
            "patient_id": "2980123456786",
            "patient_name": "Țurcanu^Ștefan",
            "patient_birth_date": "1962-08-31",
            "patient_sex": "M",
            **(patient or {}),
        },
        "scheduled_procedure_steps": [
            {
                "modality": "CT",
                "scheduled_station_ae_titles": ["CT_EAST"],
                "scheduled_procedure_step_start_date": "2026-11-21",
                "scheduled_procedure_step_start_time": "08:30",
                "scheduled_procedure_step_description": "CT chest with contrast",
                **(step or {}),
            }
        ],
        **changes,
    }


def place(person: User, server: DicomServer, **changes: Any) -> Order:
    """An order of this person for the server."""
    asked = PlaceOrderSerializer(data=order_body(**changes))
    asked.is_valid(raise_exception=True)
    return place_order(actor=actor_for(person), person=person, server=server, asked=dict(asked.validated_data))
