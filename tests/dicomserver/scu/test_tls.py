"""Asking others by TLS: what both sides must prove, and what is said where they do not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from dicomserver.scp.server import ScpServer
from dicomserver.scu.echoing import echo
from dicomserver.scu.errors import PeerUnreachable
from tests.certificates import Authority
from tests.dicomserver.scu.machines import Machine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def authority(tmp_path: Path, settings: Settings) -> Authority:
    """The authority of the server and of who asks it: here one and the same."""
    authority = Authority(tmp_path)
    own = authority.issue("server")
    settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY = str(own.certificate), str(own.key)
    settings.DICOM_TLS_CA, settings.DICOM_TLS_CLIENTS = str(authority.file), "required"
    return authority


@pytest.fixture
def machine(authority: Authority, start_scp: Callable[..., ScpServer]) -> Machine:
    """A machine that listens by TLS."""
    return Machine(start_scp(tls_port=0).tls_port or 0, "SERVER_A", uses_tls=True)


def test_a_machine_by_tls_answers_who_proves_its_own_certificate(machine: Machine) -> None:
    assert 0 < echo(machine) < 30


def test_a_machine_of_a_foreign_authority_is_not_believed(machine: Machine, settings: Settings, tmp_path: Path) -> None:
    settings.DICOM_TLS_CA = str(Authority(tmp_path, "Other").file)
    with pytest.raises(PeerUnreachable, match="its certificate is refused"):
        echo(machine)


def test_a_certificate_for_another_host_is_not_believed(machine: Machine) -> None:
    # Another way to write the same address, which the certificate does not name.
    with pytest.raises(PeerUnreachable, match="its certificate is refused"):
        echo(Machine(machine.port, "SERVER_A", "127.1", uses_tls=True))


def test_a_machine_without_tls_is_not_asked_in_plain_text(
    authority: Authority, start_scp: Callable[..., ScpServer]
) -> None:
    with pytest.raises(PeerUnreachable, match="No secure connection"):
        echo(Machine(port=start_scp().port, uses_tls=True))


def test_a_wrong_set_up_of_our_own_is_said(machine: Machine, settings: Settings) -> None:
    settings.DICOM_TLS_CA = "/nowhere/ca.pem"
    with pytest.raises(PeerUnreachable, match="own set-up for TLS is wrong"):
        echo(machine)
