"""Forwarding by DICOM TLS to dcmtk's storescp: with good certificates, and with such as one side does not believe."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from dicomserver.forwarding.models import Destination, Forward
from dicomserver.forwarding.sending import forward_to
from tests.certificates import Authority
from tests.demonstration import free_port
from tests.dicomserver.forwarding.places import destination, rule
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.interop.dcmtk import dcmtk, tool_path

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(120)]


@contextmanager
def secure_storescp(folder: Path, authority: Authority, believed: Authority) -> Iterator[tuple[int, Path]]:
    """dcmtk's receiver with a certificate of one authority, which believes clients of another."""
    own, port, received = authority.issue("storescp"), free_port(), folder / "received"
    received.mkdir()
    secure = ["+tls", str(own.key), str(own.certificate), "+cf", str(believed.file)]
    command = [tool_path("storescp"), "-aet", "MACHINE", "-od", str(received), *secure, str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        probe = believed.issue("probe")
        proven = ["+tls", str(probe.key), str(probe.certificate), "+cf", str(authority.file)]
        deadline = time.monotonic() + 60
        while dcmtk("echoscu", *proven, "127.0.0.1", str(port)).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield port, received
    finally:
        process.terminate()
        process.wait(10)


def certified(settings: Settings, authority: Authority, believed: Authority) -> None:
    """This server proves a certificate of one authority, and believes machines of another."""
    own = authority.issue("server")
    settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY = str(own.certificate), str(own.key)
    settings.DICOM_TLS_CA = str(believed.file)


def test_what_is_forwarded_by_tls_arrives(take_in: TakeIn, settings: Settings, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certified(settings, authority, authority)
    with secure_storescp(tmp_path, authority, authority) as (port, received):
        peer = destination(port=port, uses_tls=True)
        rule()
        instances = [take_in(small_ct()) for _ in range(3)]
        assert forward_to(peer.pk) == 3
        names = sorted(path.name.split(".", 1)[1] for path in received.iterdir())
    assert names == sorted(instance.sop_instance_uid for instance in instances)
    assert Forward.objects.filter(sent_at=None).count() == 0


def test_a_machine_whose_certificate_is_foreign_is_sent_nothing(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    own, foreign = Authority(tmp_path), Authority(tmp_path, "Foreign")
    certified(settings, own, own)
    with secure_storescp(tmp_path, foreign, own) as (port, received):
        peer = destination(port=port, uses_tls=True)
        rule()
        take_in(small_ct())
        assert forward_to(peer.pk) == 0
        assert list(received.iterdir()) == []
    state = Destination.objects.get()
    assert state.last_error.startswith("No secure connection can be made: its certificate is refused")
    assert state.down_since is not None
    assert Forward.objects.get().sent_at is None


def test_a_machine_that_refuses_this_servers_certificate_is_tried_again_later(
    take_in: TakeIn, settings: Settings, tmp_path: Path
) -> None:
    machines, foreign = Authority(tmp_path), Authority(tmp_path, "Foreign")
    certified(settings, foreign, machines)
    with secure_storescp(tmp_path, machines, machines) as (port, received):
        peer = destination(port=port, uses_tls=True)
        rule()
        take_in(small_ct())
        assert forward_to(peer.pk) == 0
        assert list(received.iterdir()) == []
    assert Destination.objects.get().failures == 1
    assert Forward.objects.get().parked_at is None
