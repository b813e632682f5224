"""What is accepted of whom: contexts and roles by the services that a peer was given, extended negotiation."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pynetdicom import AE, build_context, build_role
from pynetdicom.dimse_primitives import C_FIND, C_GET, N_ACTION, N_EVENT_REPORT
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from dicomserver.access.callers import Caller, Refused
from dicomserver.access.peers import PeerList, add_peer
from dicomserver.scp.calling import CallingPeer
from dicomserver.scp.negotiation import Acceptance
from dicomserver.scp.server import ScpServer
from dicomserver.scp.serving import Service
from tests.dicomserver.objects import CT, EXPLICIT, IMPLICIT, JPEG_LS
from tests.dicomserver.scp.test_associations import VERIFICATION, rejection
from tests.dicomserver.sender import association, established

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
COMMITMENT = "1.2.840.10008.1.20.1"
DEFLATED = "1.2.840.10008.1.2.1.99"


def nothing(*_arguments: object) -> None:
    """A service that is not asked here."""


SERVICES = (
    Service("query", frozenset({FIND}), (C_FIND,), nothing, extended=bytes([1, 0, 1, 0])),
    Service("retrieve", frozenset({GET}), (C_GET,), nothing),
    Service("commitment", frozenset({COMMITMENT}), (N_ACTION, N_EVENT_REPORT), nothing, as_scu=True),
)
ACCEPTANCE = Acceptance(
    storage=frozenset({CT}),
    services={uid: service for service in SERVICES for uid in service.abstract_syntaxes},
    own_ae_title="SERVER_A",
)


def peer(*services: str) -> CallingPeer:
    return CallingPeer("PACS", "SERVER_A", "10.0.0.1", "", frozenset(services))


def accepted(
    who: CallingPeer, *asked: tuple[str, list[str]], roles: dict[str, tuple[bool, bool]] | None = None
) -> dict[str, tuple[list[str], bool | None, bool | None]]:
    """Transfer syntaxes and roles of what is accepted."""
    requested = [SimpleNamespace(abstract_syntax=uid, transfer_syntax=syntaxes) for uid, syntaxes in asked]
    contexts = ACCEPTANCE.contexts(cast("Any", requested), who, roles or {})
    return {
        str(context.abstract_syntax): (
            [str(uid) for uid in context.transfer_syntax],
            context.scu_role,
            context.scp_role,
        )
        for context in contexts
    }


def test_a_storer_gets_storage_in_the_order_of_its_transfer_syntaxes_and_nothing_else() -> None:
    asked = [(CT, ["1.2.3", JPEG_LS, EXPLICIT]), (CT, [IMPLICIT]), (FIND, [IMPLICIT]), (VERIFICATION, [IMPLICIT])]
    assert accepted(peer("store"), *asked) == {
        CT: ([JPEG_LS, EXPLICIT, IMPLICIT], None, None),
        VERIFICATION: ([IMPLICIT], None, None),
    }


@pytest.mark.parametrize(
    ("services", "uids"),
    [
        ((), {VERIFICATION}),
        (("query",), {VERIFICATION, FIND}),
        (("retrieve",), {VERIFICATION, GET}),
        (("commitment", "store"), {VERIFICATION, COMMITMENT, CT}),
    ],
)
def test_each_service_is_for_whom_it_was_given_to(services: tuple[str, ...], uids: set[str]) -> None:
    asked = [(uid, [IMPLICIT]) for uid in (VERIFICATION, CT, FIND, GET, COMMITMENT, "1.2.3")]
    assert set(accepted(peer(*services), *asked)) == uids


def test_a_query_is_never_deflated() -> None:
    assert accepted(peer("query"), (FIND, [DEFLATED, IMPLICIT])) == {FIND: ([IMPLICIT], None, None)}


@pytest.mark.parametrize(
    ("services", "wanted", "may_be"),
    [
        (("store",), (True, True), (True, False)),
        (("retrieve",), (False, True), (False, True)),
        (("retrieve", "store"), (True, True), (True, True)),
        (("query",), (True, True), None),
    ],
)
def test_who_retrieves_may_be_scp_of_storage(
    services: tuple[str, ...], wanted: tuple[bool, bool], may_be: tuple[bool, bool] | None
) -> None:
    found = accepted(peer(*services), (CT, [IMPLICIT]), roles={CT: wanted})
    assert found == ({} if may_be is None else {CT: ([IMPLICIT], *may_be)})


def test_extended_negotiation_is_answered_with_what_both_can() -> None:
    asked = {FIND: bytes([1, 1, 1, 1, 1]), CT: bytes([1, 0, 0]), GET: bytes([1]), "1.2.3": bytes([1])}
    assert ACCEPTANCE.extended(asked, peer("query", "store")) == {FIND: bytes([1, 0, 1, 0]), CT: bytes([2, 0, 3])}
    assert ACCEPTANCE.extended({FIND: bytes([0, 0])}, peer("query")) == {FIND: bytes([0, 0])}
    assert ACCEPTANCE.extended({FIND: b""}, peer("query")) == {}
    assert ACCEPTANCE.extended(asked, peer()) == {}


def test_a_caller_is_put_off_while_nobody_can_say_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PeerList, "remembered", lambda _: None)
    closed = Acceptance(frozenset(), {}, "SERVER_A", allowed_calling_ae_titles=("CT1",))
    assert closed.admit(Caller("PACS", "SERVER_A", "10.0.0.1")) == Refused.UNKNOWN
    assert closed.admit(Caller("CT1", "SERVER_A", "10.0.0.1")) == CallingPeer(
        "CT1", "SERVER_A", "10.0.0.1", "", frozenset({"store"})
    )


def test_a_peer_negotiates_its_services_and_roles(start_scp: Callable[..., ScpServer]) -> None:
    port = start_scp(services=SERVICES).port
    add_peer("pacs", ae_title="PACS", addresses=["127.0.0.0/8"], services=["query", "retrieve", "commitment"])
    ae = AE(ae_title="PACS")
    ae.requested_contexts = [build_context(uid, [IMPLICIT]) for uid in (FIND, GET, CT, COMMITMENT, VERIFICATION)]
    extended = SOPClassExtendedNegotiation()
    extended.sop_class_uid = FIND
    extended.service_class_application_information = bytes([1, 1, 1])
    wanted = [build_role(CT, scp_role=True), build_role(COMMITMENT, scu_role=True, scp_role=True), extended]
    with established(ae, port, items=wanted) as assoc:
        roles = {str(context.abstract_syntax): (context.as_scu, context.as_scp) for context in assoc.accepted_contexts}
        assert assoc.acceptor.sop_class_extended == {FIND: bytes([1, 0, 1])}
    assert roles == {
        FIND: (True, False),
        GET: (True, False),
        CT: (False, True),
        COMMITMENT: (True, True),
        VERIFICATION: (True, False),
    }


def test_a_stranger_gets_nothing_but_storage_and_echo(start_scp: Callable[..., ScpServer]) -> None:
    port = start_scp(services=SERVICES).port
    add_peer("pacs", ae_title="PACS", addresses=["127.0.0.0/8"], services=["query"])
    with association(port, *((uid, IMPLICIT) for uid in (FIND, GET, CT, COMMITMENT, VERIFICATION))) as assoc:
        assert [str(context.abstract_syntax) for context in assoc.accepted_contexts] == [CT, VERIFICATION]


@pytest.mark.parametrize(
    ("values", "called", "reason"),
    [
        ({"addresses": ["10.0.0.1"]}, "SERVER_A", 0x03),
        ({"certificate_sha256": "ab" * 32}, "SERVER_A", 0x03),
        ({"called_ae_title": "OTHER"}, "SERVER_A", 0x03),
        ({}, "WRONG", 0x07),
    ],
)
def test_a_peers_title_from_elsewhere_is_rejected(
    start_scp: Callable[..., ScpServer], values: dict[str, Any], called: str, reason: int
) -> None:
    port = start_scp(services=SERVICES).port
    add_peer("pacs", ae_title="PACS", services=["query"], **values)
    with association(port, (VERIFICATION, IMPLICIT), calling="PACS", called=called) as assoc:
        assert assoc.is_rejected
        assert rejection(assoc) == (0x01, 0x01, reason)


def test_a_peer_is_let_in_where_strangers_are_not_and_by_a_title_of_its_own(
    start_scp: Callable[..., ScpServer],
) -> None:
    port = start_scp(allowed_calling_ae_titles=("CT1",)).port
    add_peer("pacs", ae_title="PACS", called_ae_title="RESEARCH", services=["store"])
    with association(port, (CT, IMPLICIT), calling="PACS", called="RESEARCH") as assoc:
        assert assoc.is_established
        assert len(assoc.accepted_contexts) == 1
