"""HL7 messages become orders, and each is acknowledged as it deserves."""

import pytest
from django.db import OperationalError

from dicomserver.hl7.handling import handle
from dicomserver.identity import Identity
from dicomserver.orders.models import Order, ScheduledProcedureStep
from dicomserver.orders.services import apply_order
from dicomserver.outbox.services import deliver_due_messages
from tests.dicomserver.hl7.made_messages import PID, adt, msh, omi, orm
from tests.dicomserver.orders.made_orders import made_order
from tests.dicomserver.portal_double import PortalDouble

pytestmark = pytest.mark.django_db


def sent(message: str, encoding: str = "utf-8") -> tuple[str, str, str]:
    """MSA-1 to MSA-3."""
    answer = handle(message.encode(encoding), "127.0.0.1").decode(encoding)
    header, msa, end = answer.split("\r")
    assert header.startswith("MSH|^~\\&|")
    assert end == ""
    code, control, text = [*msa.split("|")[1:], "", ""][:3]
    return code, control, text


def test_an_order_of_version_2_3_is_kept(enrolled: Identity, portal: PortalDouble) -> None:
    assert sent(orm(control_id="x")) == ("AA", "MSG1", "")
    row = Order.objects.get()
    content, patient = row.content, row.content["patient"]
    assert (row.origin, row.state, row.sender) == ("hl7", "scheduled", "RIS|HOSPITAL")
    assert (row.placer_order_number, row.filler_order_number) == ("P-1001", "F-1001")
    assert (row.accession_number, row.study_instance_uid) == ("A1001", "1.2.826.0.1.3680043.8.498.77")
    assert content["requested_procedure_code"]["value"] == "24627-2"
    assert content["requested_procedure_description"] == "CT Chest"
    assert content["requested_procedure_priority"] == "STAT"
    assert content["reason_for_the_requested_procedure"] == "Cough for eight weeks"
    assert content["requesting_physician_name"]["alphabetic"] == "Popescu^Ion^^Dr."
    assert content["referring_physician_name"]["alphabetic"] == "Rusu^Elena^^Dr."
    assert (content["admission_id"], content["current_patient_location"]) == ("V-9911", "W3 12 2")
    assert (patient["patient_id"], patient["issuer_of_patient_id"]) == ("H-77", "Spitalul Clinic")
    assert patient["other_patient_ids"] == [{"identifier": "2980123456786", "issuer": "IDNP", "kind": "national"}]
    assert patient["patient_name"]["alphabetic"] == "Țurcanu^Ștefan^Ion"
    assert (patient["patient_birth_date"], patient["patient_sex"]) == ("19620831", "M")
    assert (patient["allergies"], patient["medical_alerts"]) == ("Penicillin", "Pacemaker")
    assert (patient["patient_weight"], patient["patient_state"]) == ("82.5", "Wheelchair")
    step = row.steps.get()
    assert (step.scheduled_procedure_step_id, step.modality) == ("SPS-1001", "CT")
    assert (step.start_date, step.start_time, step.station_ae_titles) == ("20261121", "083000", [])
    assert step.content["scheduled_performing_physician_name"]["alphabetic"] == "Ivanova^Olga"
    assert step.content["scheduled_protocol_codes"][0]["value"] == "CTCHESTC"
    deliver_due_messages()
    (report,) = portal.order_reports
    assert (report.origin, report.accession_number, report.sender) == ("hl7", "A1001", "RIS|HOSPITAL")


def test_an_order_of_version_2_5_has_a_step_for_each_ipc(enrolled: Identity) -> None:
    assert sent(omi())[0] == "AA"
    row = Order.objects.get()
    assert (row.accession_number, row.study_instance_uid) == ("A2001", "1.2.826.0.1.3680043.8.498.78")
    assert row.content["requested_procedure_priority"] == "ROUTINE"
    steps = list(row.steps.order_by("position"))
    assert [step.scheduled_procedure_step_id for step in steps] == ["SPS-A", "SPS-B"]
    assert [step.station_ae_titles for step in steps] == [["MR_ONE", "MR_TWO"], ["MR_ONE"]]
    assert {(step.start_date, step.start_time) for step in steps} == {("20261122", "101500")}
    assert [step.content["scheduled_procedure_step_description"] for step in steps] == ["Head", "Angio"]


def test_the_same_order_again_is_one_order(enrolled: Identity) -> None:
    for _ in range(2):
        assert sent(orm())[0] == "AA"
    assert Order.objects.count() == ScheduledProcedureStep.objects.count() == 1


def test_numbers_are_those_of_their_sender(enrolled: Identity) -> None:
    sent(orm())
    sent(orm(sender="OTHER"))
    assert Order.objects.count() == 2


def test_a_changed_order_keeps_its_study(enrolled: Identity) -> None:
    sent(orm(study=""))
    uid = Order.objects.get().study_instance_uid
    assert uid.startswith("2.25.")
    assert sent(orm("XO", study="", when="202611230915"))[0] == "AA"
    row = Order.objects.get()
    assert row.study_instance_uid == uid
    assert (row.steps.get().start_date, row.steps.get().start_time) == ("20261123", "091500")


@pytest.mark.parametrize(("control", "status"), [("CA", ""), ("DC", ""), ("SC", "CA"), ("SC", "DC")])
def test_an_order_is_taken_back(enrolled: Identity, control: str, status: str) -> None:
    sent(orm())
    assert sent(orm(control, status=status))[0] == "AA"
    assert Order.objects.get().state == "cancelled"


def test_what_was_begun_is_not_cancelled(enrolled: Identity) -> None:
    sent(orm())
    Order.objects.update(state="in_progress")
    assert sent(orm("CA")) == ("AE", "MSG1", "Work on the order has begun, or is over.")


def test_an_order_that_is_not_known_is_not_cancelled(enrolled: Identity) -> None:
    assert sent(orm("CA")) == ("AE", "MSG1", "There is no order of this number to take back.")
    assert not Order.objects.exists()


def test_a_patients_new_name_stands_in_open_orders(enrolled: Identity) -> None:
    sent(orm())
    pid = "PID|1||H-77^^^Spitalul Clinic^PI||Țurcanu^Ștefan^Andrei"
    assert sent(adt("ADT^A08", pid))[0] == "AA"
    patient = Order.objects.get().content["patient"]
    assert (patient["patient_name"]["alphabetic"], patient["patient_birth_date"]) == (
        "Țurcanu^Ștefan^Andrei",
        "19620831",
    )


def test_a_merged_patients_orders_go_to_the_one_that_stays(enrolled: Identity) -> None:
    sent(orm())
    assert sent(adt("ADT^A40^ADT_A39", "PID|1||H-99^^^Spitalul Clinic^PI||Țurcanu^Ștefan", "H-77"))[0] == "AA"
    row = Order.objects.get()
    assert (row.patient_id, row.content["patient"]["patient_id"]) == ("H-99", "H-99")


@pytest.mark.parametrize(
    ("named", "encoding", "family"),
    [
        ("8859/5", "iso8859_5", "Козлова"),
        ("8859/2", "iso8859_2", "Ţurcanu"),
        ("8859/1", "latin-1", "Müller"),
        ("UNICODE UTF-8", "utf-8", "Țurcanu"),
        ("", "utf-8", "Țurcanu"),
        ("8859/5~UNICODE UTF-8", "iso8859_5", "Козлова"),
    ],
)
def test_names_are_read_in_the_character_set_of_the_message(
    enrolled: Identity, named: str, encoding: str, family: str
) -> None:
    pid = f"PID|1||1||{family}^A"
    assert sent(orm(pid=pid, charset=named), encoding)[0] == "AA"
    assert Order.objects.get().content["patient"]["patient_name"]["alphabetic"] == f"{family}^A"


def test_escapes_and_nulls_are_read(enrolled: Identity) -> None:
    pid = 'PID|1||1||O\\T\\Neill\\S\\x^""||""|U'
    assert sent(orm(pid=pid))[0] == "AA"
    patient = Order.objects.get().content["patient"]
    assert patient["patient_name"]["alphabetic"] == "O&Neill^x"
    assert (patient["patient_birth_date"], patient["patient_sex"]) == ("", "")


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        (orm(pid=""), "AE", "There is no PID segment."),
        (orm(pid="PID|1||"), "AE", "PID-3 names no patient ID."),
        (orm(pid="PID|1||" + "9" * 65), "AE", "PID-3 has an ID of more than 64 characters."),
        (orm(number="").replace("|F-1001", "|"), "AE", "ORC-2 and ORC-3 name no order."),
        (orm(modality=""), "AE", "Neither IPC-5 nor OBR-24 names a modality."),
        (orm(study="1.2..3"), "AE", "The Study Instance UID is none."),
        (orm("ZZ"), "AE", "ORC-1 asks for nothing that is done here."),
        (orm(charset="MARTIAN"), "AE", "MSH-18 names a character set that is not read here."),
        (
            omi().replace("MR_TWO", "MR_TWO_OF_A_VERY_LONG_NAME"),
            "AE",
            "A value cannot be kept: steps.0.scheduled_station_ae_titles.1",
        ),
        ("\r".join((msh("ORM^O01"), PID)), "AE", "There is no ORC segment."),
        (msh("ORU^R01"), "AR", "Only ORM O01, OMI O23, ADT A08, ADT A40 are taken."),
        (msh("ORM^O01", version="3.0"), "AR", "Only versions 2.3 to 2.5 are taken."),
        (msh("ORM^O01", control=""), "AR", "MSH-10 holds no control ID."),
        (adt("ADT^A40", PID), "AE", "MRG-1 names no patient ID."),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    enrolled: Identity, message: str, code: str, text: str
) -> None:
    assert sent(message)[::2] == (code, text)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"MSH",
        b"MSH|",
        b"MSH|||||||||",
        b"PID|1",
        b"\xff\xfe\x00",
        b"MSHMSHMSHMSH",
        b"MSH|^~\\&" + b"|" * 5000,
    ],
)
def test_what_is_no_message_is_rejected(enrolled: Identity, data: bytes) -> None:
    answer = handle(data, "127.0.0.1").decode("latin-1")
    assert answer.split("\r")[1].startswith("MSA|AR")


def test_text_outside_the_character_set_is_an_error(enrolled: Identity) -> None:
    answer = handle(orm().encode("utf-8").replace("Ț".encode(), b"\xff"), "127.0.0.1")
    assert b"MSA|AE|MSG1|The text is not in the character set of MSH-18." in answer


def test_an_acknowledgement_names_both_sides(enrolled: Identity) -> None:
    header = handle(orm().encode(), "127.0.0.1").decode().split("\r")[0].split("|")
    assert header[2:6] == ["SERVER_A", "IMAGING", "RIS", "HOSPITAL"]
    assert (header[8], header[10], header[11], header[17]) == ("ACK^O01^ACK", "P", "2.3.1", "UNICODE UTF-8")


def test_a_message_is_not_acknowledged_where_its_rows_are_not_committed(
    enrolled: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr("dicomserver.orders.services.enqueue_order_report", fail)
    assert sent(orm()) == ("AE", "MSG1", "It cannot be kept now. Send it again later.")
    assert not Order.objects.exists()


def test_one_bad_order_of_a_message_keeps_out_the_others(enrolled: Identity) -> None:
    bad = orm(number="P-2", modality="").split("\r", 3)[3]
    assert sent(f"{orm(study='')}\r{bad}")[0] == "AE"
    assert not Order.objects.exists()


def test_a_message_does_not_change_what_was_placed_at_the_portal(enrolled: Identity) -> None:
    placed = made_order(placer_order_number="P-1001")
    apply_order(placed)
    assert sent(orm("XO"))[0] == "AA"
    assert [row.origin for row in Order.objects.order_by("pk")] == ["portal", "hl7"]
    assert Order.objects.get(order_id=placed.order_id).accession_number == placed.accession_number
