"""The benchmarks' own sender sends what it was given, byte by byte, and sees what is not stored."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from pydicom import dcmread
from pynetdicom import AE, evt
from pynetdicom.events import Event

from benchmarks.data.made import EXPLICIT, MR_IMAGE, MULTI_FRAME, LargeObject, Template
from benchmarks.plans import RoundVoid
from benchmarks.senders.scu import ScuAssociation

STORED: list[bytes] = []
STATUSES: list[int] = []


def keep(event: Event) -> int:
    STORED.append(event.request.DataSet.getvalue())
    return STATUSES.pop() if STATUSES else 0x0000


@pytest.fixture
def port() -> Iterator[int]:
    STORED.clear()
    STATUSES.clear()
    ae = AE(ae_title="PEER")
    ae.require_called_aet = True
    for sop_class_uid in (MR_IMAGE, MULTI_FRAME):
        ae.add_supported_context(sop_class_uid, EXPLICIT)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)])
    yield server.server_address[1]
    server.shutdown()


def test_a_large_object_arrives_as_it_would_stand_in_a_file(port: int) -> None:
    large = LargeObject.of(5, 100, 100)
    with ScuAssociation(port, "PEER", MULTI_FRAME, EXPLICIT, "SENDER") as association:
        assert association.store(large.sendable()) > 0
    file = b"".join(large.file())
    assert file.endswith(STORED[0])
    assert len(STORED[0]) == large.size
    ds = dcmread(BytesIO(file))
    assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID == large.sop_instance_uid
    assert ds.PixelData == b"".join(large.frame(number) for number in range(1, 6))
    assert len({large.frame(number) for number in range(1, 6)}) == 5


def test_instances_of_a_template_differ_in_uid_and_number_alone(port: int) -> None:
    template = Template.mr(16, 16)
    sent = [template.instance(number) for number in (1, 999)]
    with ScuAssociation(port, "PEER", MR_IMAGE, EXPLICIT, "SENDER") as association:
        for one in sent:
            association.store(one)
    head = b"\0" * 128 + b"DICM"
    syntax = b"\x02\0\x10\0UI\x14\0" + EXPLICIT.encode().ljust(20, b"\0")
    first, second = (dcmread(BytesIO(head + syntax + data)) for data in STORED)
    assert [first.SOPInstanceUID, second.SOPInstanceUID] == [one.sop_instance_uid for one in sent]
    assert [first.InstanceNumber, second.InstanceNumber] == [1, 999]
    first.SOPInstanceUID, first.InstanceNumber = second.SOPInstanceUID, second.InstanceNumber
    assert first == second


def test_what_the_peer_does_not_store_or_accept_makes_the_round_void(port: int) -> None:
    STATUSES.append(0xA700)
    with (
        pytest.raises(RoundVoid, match="0xA700"),
        ScuAssociation(port, "PEER", MR_IMAGE, EXPLICIT, "SENDER") as association,
    ):
        association.store(Template.mr(4, 4).instance(1))
    with pytest.raises(RoundVoid, match="not accepted: PDU of type 3"):
        ScuAssociation(port, "SOMEBODY", MR_IMAGE, EXPLICIT, "SENDER")
    with pytest.raises(RoundVoid, match="presentation context was not accepted"):
        ScuAssociation(port, "PEER", "1.2.840.10008.5.1.4.1.1.2", EXPLICIT, "SENDER")
