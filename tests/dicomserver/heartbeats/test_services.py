"""Heartbeats over real HTTP: the figures in them, and what their answers change."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from dicomserver import __version__
from dicomserver.access.models import Revocation
from dicomserver.access.peers import add_peer
from dicomserver.archive import Archive, ArchiveError, Trouble
from dicomserver.commitment.models import ReceivedRequest
from dicomserver.equipment.models import EquipmentCheck
from dicomserver.equipment.services import check
from dicomserver.forwarding.models import Destination, Forward
from dicomserver.forwarding.queueing import queue_study_again
from dicomserver.forwarding.sending import forward_to
from dicomserver.heartbeats import services as heartbeat_services
from dicomserver.heartbeats.services import send_heartbeat
from dicomserver.heartbeats.tasks import send_heartbeat as send_heartbeat_task
from dicomserver.identity import Identity, PortalBusy, PortalUnreachable, load_identity
from dicomserver.index.condition import DatabaseTrouble
from dicomserver.index.models import QuarantinedFile
from dicomserver.ingest import condition
from dicomserver.outbox.models import OutboxMessage
from dicomserver.outbox.services import deliver_due_messages
from tests.certificates import Authority
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.portal_double import CODE, PortalDouble, Reply
from wire import heartbeats, routes
from wire.keys import generate_key, sealing_key_text, thumbprint
from wire.messages import MessageRefused


def revocation(sub: str = "user-1", study: str | None = "1.2.3", at: datetime | None = None) -> heartbeats.Revocation:
    return heartbeats.Revocation(sub=sub, study_instance_uid=study, revoked_at=at or datetime.now(UTC))


@pytest.mark.django_db
def test_a_heartbeat_tells_how_the_server_is(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn, settings: Settings
) -> None:
    instance = take_in(small_ct())
    send_heartbeat()
    (heartbeat,) = portal.heartbeats
    assert heartbeat.server_id == enrolled.server_id
    assert (heartbeat.version, heartbeat.ae_title) == (__version__, "SERVER_A")
    assert (heartbeat.archive.studies, heartbeat.archive.instances) == (1, 1)
    assert 0 < heartbeat.archive.bytes_free <= heartbeat.archive.bytes_total
    assert heartbeat.outbox.waiting == 1
    assert heartbeat.outbox.oldest_waiting_since == OutboxMessage.objects.get().created_at
    assert heartbeat.last_received_at == instance.received_at
    assert (heartbeat.conflicts, heartbeat.quarantined) == (0, 0)
    assert heartbeat.troubles == ()
    sealing_key = load_identity(settings.DICOM_SERVER_HOME).sealing_key
    assert sealing_key is not None
    assert heartbeat.sealing_key == sealing_key_text(sealing_key)
    assert heartbeat.certificates == ()
    assert (heartbeat.forwarding, heartbeat.equipment) == (None, ())
    assert (heartbeat.last_set_aside_at, heartbeat.untold_commitments) == (None, None)


@pytest.mark.django_db
def test_a_heartbeat_tells_when_something_was_set_aside_and_who_cannot_be_told_what_is_kept(
    enrolled: Identity, portal: PortalDouble, archive: Archive
) -> None:
    now = datetime.now(UTC)
    for hours in (30, 2, 9):
        received_at = now - timedelta(hours=hours)
        QuarantinedFile.objects.create(relative_path="x", reason="unreadable", file_bytes=1, received_at=received_at)
    for number, told_at in enumerate((None, now, None)):
        ReceivedRequest.objects.create(
            calling_ae_title="CT",
            called_ae_title="SERVER_A",
            transaction_uid=f"1.2.{number}",
            references=[],
            received_at=now - timedelta(hours=5 - number),
            told_at=told_at,
        )
    send_heartbeat()
    (heartbeat,) = portal.heartbeats
    assert (heartbeat.quarantined, heartbeat.last_set_aside_at) == (3, now - timedelta(hours=2))
    assert heartbeat.untold_commitments == heartbeats.UntoldState(
        waiting=2, oldest_waiting_since=now - timedelta(hours=5)
    )


@pytest.mark.django_db
def test_a_heartbeat_tells_what_waits_for_others_and_who_does_not_answer(
    enrolled: Identity, portal: PortalDouble, archive: Archive, take_in: TakeIn
) -> None:
    down = add_peer("down", ae_title="DOWN", host="127.0.0.1", port=1, is_watched=True).peer
    never = add_peer("never", ae_title="NEVER", host="127.0.0.1", port=1, is_watched=True).peer
    now = datetime.now(UTC)
    EquipmentCheck.objects.create(peer=never, checked_at=now, is_reachable=True, seconds=0.0123, reachable_at=now)
    check(down)
    queue_study_again(take_in(small_ct()).series.study, down, asks_commitment=False)
    forward_to(down.pk)
    send_heartbeat()
    (heartbeat,) = portal.heartbeats
    row = Forward.objects.get()
    told_of = heartbeats.DestinationState(
        name="down",
        waiting=1,
        parked=0,
        oldest_waiting_since=row.created_at,
        unreachable_since=Destination.objects.get().down_since,
        uncommitted=0,
        oldest_uncommitted_since=None,
        not_kept=0,
    )
    assert heartbeat.forwarding == heartbeats.ForwardingState(
        waiting=1,
        parked=0,
        oldest_waiting_since=row.created_at,
        uncommitted=0,
        unreachable=1,
        destinations=(told_of,),
    )
    told = [(one.name, one.ae_title, one.reachable, one.answer_milliseconds) for one in heartbeat.equipment]
    assert told == [("down", "DOWN", False, None), ("never", "NEVER", True, 12)]
    assert heartbeat.equipment[0].unreachable_since == EquipmentCheck.objects.get(peer=down).checked_at


@pytest.mark.django_db
def test_a_heartbeat_tells_when_certificates_end_those_that_end_first(
    archive: Archive, enrolled: Identity, portal: PortalDouble, settings: Settings, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    own = authority.issue("pacs.example", days=12)
    settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY = str(own.certificate), str(own.key)
    # Such a file of a system holds more than a heartbeat does.
    settings.DICOM_TLS_CA = str(tmp_path / "many.pem")
    (tmp_path / "many.pem").write_bytes(authority.file.read_bytes() * 20)
    send_heartbeat()
    certificates = portal.heartbeats[0].certificates
    assert len(certificates) == 16
    assert (certificates[0].purpose, certificates[0].subject) == ("dicom_tls", "CN=pacs.example")
    assert certificates[0].not_after == own.not_after
    assert {one.purpose for one in certificates[1:]} == {"dicom_tls_ca"}


@pytest.mark.django_db
def test_a_heartbeat_tells_what_keeps_the_server_from_storing(
    archive: Archive, enrolled: Identity, portal: PortalDouble, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ARCHIVE_RESERVE_BYTES = 2**62
    monkeypatch.setattr(condition, "database_trouble", lambda: DatabaseTrouble.FULL)
    send_heartbeat()
    assert portal.heartbeats[0].troubles == ("archive_full", "database_full")


@pytest.mark.django_db
def test_a_server_whose_archive_is_not_there_has_a_heart_all_the_same(
    home: Path, enrolled: Identity, portal: PortalDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Archive, "space", raise_missing)
    send_heartbeat()
    (heartbeat,) = portal.heartbeats
    assert (heartbeat.archive.bytes_total, heartbeat.troubles) == (0, ("archive_missing",))


def raise_missing(_archive: Archive) -> None:
    raise ArchiveError("No.", Trouble.MISSING)


@pytest.mark.django_db
def test_an_empty_server_has_a_heart_too(archive: Archive, enrolled: Identity, portal: PortalDouble) -> None:
    send_heartbeat()
    (heartbeat,) = portal.heartbeats
    assert (heartbeat.archive.studies, heartbeat.last_received_at, heartbeat.outbox.waiting) == (0, None, 0)


@pytest.mark.django_db
def test_the_answer_brings_the_portals_new_keys(
    archive: Archive, home: Path, enrolled: Identity, portal: PortalDouble
) -> None:
    portal.signing_key = generate_key()
    send_heartbeat()
    assert list(load_identity(home).portal_keys) == [thumbprint(portal.signing_key)]


@pytest.mark.django_db
def test_the_answer_brings_revocations_and_an_older_one_never_wins(
    archive: Archive, enrolled: Identity, portal: PortalDouble
) -> None:
    older, newer = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    portal.revocations = (revocation(at=newer), revocation(at=older), revocation(study=None, at=older))
    send_heartbeat()
    portal.revocations = (revocation(at=older),)
    send_heartbeat()
    rows = Revocation.objects.order_by("study_instance_uid").values_list("sub", "study_instance_uid", "revoked_at")
    assert list(rows) == [("user-1", "", older), ("user-1", "1.2.3", newer)]


@pytest.mark.django_db
def test_a_heartbeat_that_gets_through_lets_waiting_messages_go_at_once(
    enrolled: Identity, portal: PortalDouble, take_in: TakeIn
) -> None:
    take_in(small_ct())
    portal.stop()
    for _ in range(7):
        OutboxMessage.objects.update(next_attempt_at=timezone.now())
        deliver_due_messages()
    portal.start()
    assert deliver_due_messages().delivered == 0
    send_heartbeat()
    assert deliver_due_messages().delivered == 1


@pytest.mark.django_db
def test_failures_are_told_apart(archive: Archive, enrolled: Identity, portal: PortalDouble) -> None:
    portal.replies[routes.HEARTBEATS] = [Reply(503), Reply(200, b"[]")]
    with pytest.raises(PortalBusy):
        send_heartbeat()
    with pytest.raises(MessageRefused):
        send_heartbeat()
    portal.stop()
    with pytest.raises(PortalUnreachable):
        send_heartbeat()
    send_heartbeat_task()


def test_the_command_enrols_and_says_as_what(
    home: Path, portal: PortalDouble, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DICOM_PORT = 11112
    call_command("enrol", portal=portal.url, code=CODE)
    assert capsys.readouterr().out == (
        f"Enrolled as {portal.server_id}, DICOM Server of Hospital A (A), with {portal.url}.\n"
    )
    assert portal.enrolments[0].dicomweb_url == settings.DICOMWEB_PUBLIC_URL


def test_the_command_fails_with_a_sentence(home: Path, portal: PortalDouble, settings: Settings) -> None:
    settings.DICOM_PORT = 11112
    with pytest.raises(CommandError, match="Ask the administrator of the portal for a new one"):
        call_command("enrol", portal=portal.url, code=str(uuid4())[:13])


@pytest.mark.django_db
def test_a_server_that_cannot_keep_a_sealing_key_has_a_heart_all_the_same(
    archive: Archive, enrolled: Identity, portal: PortalDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(_home: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(heartbeat_services, "ensure_sealing_key", read_only)
    send_heartbeat()
    assert portal.heartbeats[0].sealing_key is None
