"""Two change one order at the same moment: the institution by REST, its DICOM Server by what HL7 told it."""

import threading
import time
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from portal.institutions.models import Role
from portal.orders.services import change_order, take_in_order_report
from tests.portal.grants.factories import MembershipFactory, actor_for
from tests.portal.orders.factories import place
from tests.portal.servers.factories import DicomServerFactory
from wire.examples import example
from wire.messages import parse
from wire.orders import OrderReport


def test_a_change_and_a_report_at_the_same_moment_both_stand(at_once) -> None:
    server = DicomServerFactory()
    person = MembershipFactory(role=Role.RADIOLOGIST, institution=server.institution).user
    order = place(person, server)
    read = threading.Event()
    name = {"alphabetic": "Corrected^Name", "ideographic": "", "phonetic": ""}
    told = parse(OrderReport, example("order_report")).model_dump(mode="json") | {
        "message_id": str(uuid4()),
        "server_id": str(server.pk),
        "order_id": str(order.order_id),
        "revision": 10,
        "patient": {**order.content["patient"], "patient_name": name},
        "patient_changed_at": {"patient_name": timezone.now().isoformat()},
    }

    def change() -> None:
        def changed(now):
            read.set()
            time.sleep(0.3)
            return {**now.content, "patient": {**now.content["patient"], "allergies": "Latex"}}

        change_order(actor=actor_for(person), person=person, order_pk=order.pk, changed=changed)

    def report() -> None:
        assert read.wait(10)
        with transaction.atomic():
            take_in_order_report(server=server, report=OrderReport.model_validate(told, strict=False))

    at_once(change, report)
    order.refresh_from_db()
    patient = order.content["patient"]
    assert (patient["patient_name"]["alphabetic"], patient["allergies"]) == ("Corrected^Name", "Latex")
