"""HL7 messages of a test's own making."""

from typing import Any


def msh(kind: str, **fields: Any) -> str:
    values = {"version": "2.5", "charset": "UNICODE UTF-8", "control": "MSG1", "sender": "RIS"} | fields
    said = values.get("said", "20261121073000")
    return (
        f"MSH|^~\\&|{values['sender']}|HOSPITAL|SERVER_A|IMAGING|{said}||{kind}|{values['control']}|P|"
        f"{values['version']}||||||{values['charset']}"
    )


PID = "PID|1||H-77^^^Spitalul Clinic&1.2.3&ISO^PI~2980123456786^^^IDNP^NI||Țurcanu^Ștefan^Ion||19620831|M"
PV1 = "PV1|1|I|W3^12^2|||||4471^Rusu^Elena^^^Dr.|||||||||||V-9911"


def orm(control: str = "NW", **fields: Any) -> str:
    """An order in the manner of HL7 2.3.1 (IHE RAD-4)."""
    number = fields.pop("number", "P-1001")
    pid = fields.pop("pid", PID)
    status = fields.pop("status", "")
    when = fields.pop("when", "20261121083000")
    modality = fields.pop("modality", "CT")
    accession = fields.pop("accession", "A1001")
    study = fields.pop("study", "1.2.826.0.1.3680043.8.498.77")
    obr = [""] * 45
    obr[0], obr[1], obr[2] = "OBR", "1", number
    obr[4] = "24627-2^CT Chest^LN^CTCHESTC^CT chest with contrast^99LOCAL"
    obr[5] = "S"
    obr[12], obr[13] = "D1^Wheelchair", "Pacemaker"
    obr[18], obr[19], obr[20], obr[24] = accession, "RP-1001", "SPS-1001", modality
    obr[30], obr[31] = "WALK", "R05^Cough for eight weeks^I10"
    obr[34] = "881&Ivanova&Olga"
    obr[36] = when
    return "\r".join(
        (
            msh("ORM^O01", version="2.3.1", **fields),
            pid,
            PV1,
            "AL1|1|DA|P^Penicillin",
            f"ORC|{control}|{number}|F-1001||{status}|||||||55^Popescu^Ion^^^Dr.|||||^Pulmonology",
            "|".join(obr),
            "OBX|1|NM|^BODY WEIGHT||82.5|kg",
            f"ZDS|{study}^RIS^Application^DICOM",
        )
    )


def omi(control: str = "NW", **fields: Any) -> str:
    """An order of two steps in the manner of HL7 2.5."""
    number = fields.pop("number", "P-2001")
    return "\r".join(
        (
            msh("OMI^O23^OMI_O23", **fields),
            PID,
            PV1,
            f"ORC|{control}|{number}|||||||||55^Popescu^Ion",
            "TQ1|1||||||20261122101500+0200||R",
            f"OBR|1|{number}||36572-6^MR Head^LN",
            "IPC|A2001|RP-2001|1.2.826.0.1.3680043.8.498.78|SPS-A|MR|MRHEAD^Head^99LOCAL|MR 1|ROOM4|MR_ONE~MR_TWO",
            "IPC|A2001|RP-2001|1.2.826.0.1.3680043.8.498.78|SPS-B|MR|MRANGIO^Angio^99LOCAL|MR 1|ROOM4|MR_ONE",
        )
    )


def adt(kind: str, pid: str, prior: str = "", **fields: Any) -> str:
    """A change of a patient."""
    return "\r".join(filter(None, (msh(kind, **fields), "EVN||20261121", pid, f"MRG|{prior}" if prior else "")))
