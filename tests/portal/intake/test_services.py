"""What servers report as read or refused becomes one audit event each, with the person and the rule where known."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from portal.intake import services
from portal.intake.models import ReceivedMessage
from portal.intake.tasks import prune_received_messages_task
from portal.studies.models import Study
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import MembershipFactory
from tests.portal.intake.factories import EVENT, make_event
from tests.portal.servers.factories import DicomServerFactory
from tests.portal.studies.factories import GOLDEN, make_report, make_study
from wire.events import RemoteSearch

UID = EVENT.study_instance_uid


@pytest.fixture
def server(db):
    return DicomServerFactory(institution__short_name="Nistru Clinical")


def test_pixels_read_by_a_radiologist_are_recorded_with_person_study_and_rule(server) -> None:
    study = make_study(server)
    reader = MembershipFactory(institution=server.institution, user__academic_title="Dr.").user
    assert services.take_in_access_event(server=server, event=make_event(server, sub=str(reader.subject)))
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("pixels_read", "allowed")
    assert (event.actor_id, event.actor_name) == (str(reader.subject), reader.full_name)
    assert (event.actor_role, event.actor_institution) == ("radiologist", "Nistru Clinical")
    assert (event.study_instance_uid, event.server_id) == (study.study_instance_uid, str(server.pk))
    assert event.institution == "Nistru Clinical"
    assert set(event.patient_identifiers) == {"NC-004417", "2002062031458", "BN-77120"}
    assert event.rule == "radiologist_of_institution"
    assert (event.occurred_at, event.remote_address) == (EVENT.occurred_at, "10.20.4.17")
    assert (event.details["instances"], event.details["frames"]) == (748, 748)
    assert event.details["sent_bytes"] == 198180864


def test_a_subject_in_its_short_form_is_the_same_person(server) -> None:
    make_study(server)
    reader = UserFactory()
    services.take_in_access_event(server=server, event=make_event(server, sub=reader.subject.hex))
    assert AuditEvent.objects.get().actor_id == str(reader.subject)


def test_pixels_read_after_access_ended_are_recorded_without_a_rule(server) -> None:
    make_study(server)
    reader = UserFactory()
    services.take_in_access_event(server=server, event=make_event(server, sub=str(reader.subject)))
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.rule) == (str(reader.subject), "")


@pytest.mark.parametrize(
    "subject", ["5f0d7c0b2c6e4f8e", "' OR 1=1", "<script>", "bebaa659-518f-4d21-9a32-6b058ba3da22"]
)
def test_a_subject_of_nobody_is_kept_as_it_was_claimed(server, subject: str) -> None:
    services.take_in_access_event(server=server, event=make_event(server, sub=subject))
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.actor_name, event.actor_role) == (subject, "", "not_signed_in")


def test_a_study_that_the_portal_does_not_know_is_named_by_its_uid_and_owner(server) -> None:
    services.take_in_access_event(server=server, event=make_event(server))
    event = AuditEvent.objects.get()
    assert (event.study_instance_uid, event.server_id, event.institution) == (UID, str(server.pk), "Nistru Clinical")
    assert event.patient_identifiers == []


def test_the_holding_of_another_server_is_not_what_was_read(server) -> None:
    make_study(DicomServerFactory())
    services.take_in_access_event(server=server, event=make_event(server))
    assert AuditEvent.objects.get().patient_identifiers == []


def test_a_refused_token_is_a_denial(server) -> None:
    study = make_study(server)
    reader = UserFactory()
    refused = make_event(
        server,
        kind="token_refused",
        sub=str(reader.subject),
        reason="token_expired",
        instances=0,
        frames=0,
        sent_bytes=0,
    )
    services.take_in_access_event(server=server, event=refused)
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.rule) == ("token_refused", "denied", "")
    assert (event.actor_id, event.study_instance_uid) == (str(reader.subject), study.study_instance_uid)
    assert event.details["reason"] == "token_expired"


@pytest.mark.parametrize("kind", ["instances_stored", "instances_deleted"])
def test_what_the_operator_of_a_server_did_is_the_servers_act(server, kind: str) -> None:
    told = make_event(
        server, kind=kind, sub=None, session_id=None, token_id=None, peer="root at the server", way="command"
    )
    assert services.take_in_access_event(server=server, event=told)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id) == (kind, f"server:{server.pk}")
    assert event.details["peer"] == "root at the server"


def test_images_sent_to_a_machine_are_the_act_of_the_server(server) -> None:
    study = make_study(server)
    sent = make_event(
        server, kind="instances_sent", sub=None, session_id=None, token_id=None, peer="WORKSTATION", way="c_move"
    )
    assert services.take_in_access_event(server=server, event=sent)
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.rule) == ("instances_sent", "allowed", "")
    assert (event.actor_id, event.actor_name) == (f"server:{server.pk}", server.name)
    assert (event.study_instance_uid, event.remote_address) == (study.study_instance_uid, "10.20.4.17")
    assert (event.details["peer"], event.details["way"], event.details["instances"]) == ("WORKSTATION", "c_move", 748)


def test_what_a_reader_stores_is_their_act(server) -> None:
    make_study(server)
    reader = MembershipFactory(institution=server.institution).user
    stored = make_event(server, kind="instances_stored", sub=str(reader.subject), instances=1, way="stow_rs")
    services.take_in_access_event(server=server, event=stored)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.rule) == (
        "instances_stored",
        str(reader.subject),
        "radiologist_of_institution",
    )


def test_a_forged_token_that_names_nobody_and_no_study_is_recorded(server) -> None:
    forged = make_event(
        server,
        kind="token_refused",
        sub=None,
        study_instance_uid=None,
        session_id=None,
        token_id=None,
        reason="token_invalid",
    )
    services.take_in_access_event(server=server, event=forged)
    event = AuditEvent.objects.get()
    assert (event.actor_id, event.study_instance_uid, event.institution) == ("", "", "Nistru Clinical")


def test_an_event_delivered_again_is_recorded_once(server) -> None:
    event = make_event(server)
    taken = [services.take_in_access_event(server=server, event=event) for _ in range(3)]
    assert taken == [True, False, False]
    assert AuditEvent.objects.count() == 1


def test_an_event_delivered_several_times_at_once_is_recorded_once(at_once) -> None:
    server = DicomServerFactory()
    event = make_event(server)
    taken = at_once(*[lambda: services.take_in_access_event(server=server, event=event)] * 6)
    assert sorted(taken) == [False] * 5 + [True]
    assert AuditEvent.objects.count() == 1


def test_a_report_delivered_several_times_at_once_is_taken_in_once(at_once) -> None:
    server = DicomServerFactory()
    report = make_report(server)
    taken = at_once(*[lambda: services.take_in_study_report(server=server, report=report)] * 6)
    assert sorted(taken) == [False] * 5 + [True]
    assert (Study.objects.count(), ReceivedMessage.objects.count()) == (1, 1)


def test_only_messages_that_nobody_delivers_again_are_forgotten(server) -> None:
    now = timezone.now()
    for days in (0, 179, 181, 400):
        ReceivedMessage.objects.create(
            server=server, message_id=uuid4(), kind="study_report", received_at=now - timedelta(days=days)
        )
    prune_received_messages_task.delay()
    assert ReceivedMessage.objects.count() == 2


def test_a_very_late_report_changes_nothing_even_when_its_note_is_forgotten(server) -> None:
    old, new = make_report(server, revision=1, study_description="Old"), make_report(server, revision=2)
    for report in (old, new):
        services.take_in_study_report(server=server, report=report)
    ReceivedMessage.objects.all().delete()
    services.take_in_study_report(server=server, report=old)
    assert Study.objects.get().study_description == GOLDEN.study_description


def test_a_search_in_other_archives_is_the_act_of_the_person(server) -> None:
    reader = UserFactory()
    search = RemoteSearch(archives=("City PACS",), patient_id="NC-1")
    told = make_event(
        server, kind="elsewhere_searched", sub=str(reader.subject), study_instance_uid=None, instances=0, search=search
    )
    assert services.take_in_access_event(server=server, event=told)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id) == ("elsewhere_searched", str(reader.subject))
    assert (event.institution, event.server_id) == ("Nistru Clinical", str(server.pk))
    assert event.details["filters"] == {"patient_id": "NC-1"}


def test_a_fetched_study_is_the_act_of_the_person(server) -> None:
    study, reader = make_study(server), UserFactory()
    told = make_event(server, kind="study_fetched", sub=str(reader.subject), peer="City PACS", reason="done")
    assert services.take_in_access_event(server=server, event=told)
    event = AuditEvent.objects.get()
    assert (event.action, event.study_instance_uid) == ("study_fetched", study.study_instance_uid)
    assert (event.details["peer"], event.details["instances"]) == ("City PACS", 748)
