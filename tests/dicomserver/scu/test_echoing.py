"""C-ECHO to machines that answer, refuse, hang and talk nonsense."""

import socket
from typing import TYPE_CHECKING

import pytest
from pynetdicom import evt

from dicomserver.scu import PeerFailed, PeerRejected, PeerUnreachable, ScuError, echo
from tests.dicomserver.objects import IMPLICIT
from tests.dicomserver.scu.machines import QUICK, VERIFICATION, Machine, listener_that_says, machine

if TYPE_CHECKING:
    from dicomserver.scp.server import ScpServer


def test_echo_says_how_long_the_answer_took(scp: "ScpServer") -> None:
    assert 0 < echo(Machine(scp.port, "SERVER_A"), timeouts=QUICK) < 10


def test_a_machine_that_answers_with_a_failure_is_told() -> None:
    with (
        machine((VERIFICATION, [IMPLICIT]), handlers=[(evt.EVT_C_ECHO, lambda event: 0x0122)]) as place,
        pytest.raises(PeerFailed) as failed,
    ):
        echo(place, timeouts=QUICK)
    assert failed.value.status == 0x0122


def test_a_wrong_ae_title_is_told_in_the_machines_words(scp: "ScpServer") -> None:
    with pytest.raises(PeerRejected) as rejected:
        echo(Machine(scp.port, "SOMEBODY"), timeouts=QUICK)
    assert rejected.value.reason == "Called AE title not recognised."


def test_a_machine_that_supports_nothing_of_it_is_rejecting() -> None:
    with machine(("1.2.3", [IMPLICIT])) as place, pytest.raises(PeerRejected) as rejected:
        echo(place, timeouts=QUICK)
    assert rejected.value.reason == "it supports nothing of what was asked for."


def test_a_closed_port_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(PeerUnreachable, match="cannot be reached: connection refused"):
        echo(Machine(port), timeouts=QUICK)


def test_a_name_that_is_none_is_unreachable() -> None:
    with pytest.raises(PeerUnreachable, match="cannot be reached"):
        echo(Machine(104, host="no such name"), timeouts=QUICK)


def test_a_machine_that_never_answers_is_unreachable_in_bounded_time() -> None:
    with listener_that_says(None) as place, pytest.raises(PeerUnreachable, match="does not answer"):
        echo(place, timeouts=QUICK)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x02\x00\x00\x00\x00\x04\x00\x01\x00\x00",
        b"\x02\x00\xff\xff\xff\xff",
        b"\x04\x00\x00\x00\x00\x02\x00\x00",
        b"\x03\x00\x00\x00\x00\x01\x00",
    ],
)
def test_nonsense_is_an_error_of_the_machine_and_no_traceback(answer: bytes) -> None:
    with listener_that_says(answer) as place, pytest.raises(ScuError):
        echo(place, timeouts=QUICK)


def test_an_abort_is_a_rejection() -> None:
    with listener_that_says(b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00") as place, pytest.raises(PeerRejected):
        echo(place, timeouts=QUICK)
