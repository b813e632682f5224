"""What comes in is queued in the transaction of its commit: once a destination, by the rules that hold then."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dicomserver.access.peers import add_peer, known_peers, remove_peer
from dicomserver.archive import Archive
from dicomserver.forwarding.models import Forward
from dicomserver.forwarding.queueing import queue_study_again
from dicomserver.forwarding.rules import known_rules, remove_rule, set_enabled
from dicomserver.index.models import Instance, Study
from dicomserver.ingest.reindexing import reindex_archive
from dicomserver.outbox.services import complete_quiet_studies
from tests.dicomserver.forwarding.places import destination, rule
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db


def queued() -> list[tuple[str, str, str]]:
    rows = Forward.objects.order_by("pk").values_list("instance__sop_instance_uid", "destination__name", "rule")
    return [(uid, name, by) for uid, name, by in rows]


def complete_everything() -> None:
    Study.objects.update(last_received_at=timezone.now() - timedelta(hours=1))
    complete_quiet_studies()


def test_an_instance_goes_to_each_destination_once_by_the_first_rule(take_in: TakeIn) -> None:
    destination("pacs")
    destination("archive", ae_title="ARCHIVE")
    rule("a", to="pacs")
    rule("b", to="pacs", modalities=["CT"])
    rule("c", to="archive", modalities=["CT"])
    rule("d", to="archive", modalities=["MR"])
    ds = small_ct()
    take_in(ds)
    take_in(ds)
    assert sorted(queued()) == sorted([(ds.SOPInstanceUID, "pacs", "a"), (ds.SOPInstanceUID, "archive", "c")])


def test_commitment_is_asked_where_any_rule_that_holds_asks(take_in: TakeIn) -> None:
    destination("pacs")
    rule("a")
    rule("b", asks_commitment=True)
    take_in(small_ct())
    assert Forward.objects.get().commitment == "wanted"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"modalities": ["CT"], "series_description": "ax*", "study_description": "CHEST"}, 1),
        ({"calling_ae_titles": ["MODALITY"], "called_ae_titles": ["SERVER_A"]}, 1),
        ({"modalities": ["MR"]}, 0),
        ({"body_parts": ["CHEST"]}, 0),
        ({"calling_ae_titles": ["OTHER"]}, 0),
        ({"is_enabled": False}, 0),
    ],
)
@pytest.mark.parametrize("trigger", ["instance", "study"])
def test_conditions_are_looked_at_on_both_occasions(
    take_in: TakeIn, trigger: str, values: dict[str, Any], expected: int
) -> None:
    destination()
    rule(trigger=trigger, **values)
    take_in(small_ct())
    assert Forward.objects.count() == (expected if trigger == "instance" else 0)
    complete_everything()
    assert Forward.objects.count() == expected


@pytest.mark.parametrize("trigger", ["instance", "study"])
@pytest.mark.parametrize(("address", "expected"), [("127.0.0.0/8", 1), ("10.0.0.0/8", 0)])
def test_machines_of_one_title_are_told_apart_by_their_addresses_on_both_occasions(
    take_in: TakeIn, trigger: str, address: str, expected: int
) -> None:
    destination()
    add_peer("modality", ae_title="MODALITY", addresses=[address])
    known_peers.forget()
    rule(trigger=trigger, source="modality")
    take_in(small_ct())
    complete_everything()
    assert Forward.objects.count() == expected


def test_what_came_before_anybody_asked_for_addresses_is_not_taken_for_a_peers_that_has_some(take_in: TakeIn) -> None:
    destination()
    add_peer("modality", ae_title="MODALITY", addresses=["127.0.0.1"])
    known_peers.forget()
    take_in(small_ct())
    rule(trigger="study", source="modality")
    complete_everything()
    assert Forward.objects.count() == 0


def test_a_study_goes_to_a_machine_whose_title_another_machine_sent_it_by(take_in: TakeIn) -> None:
    destination("other", ae_title="MODALITY", addresses=["10.0.0.0/8"])
    rule(to="other", trigger="study")
    take_in(small_ct())
    complete_everything()
    assert Forward.objects.count() == 1


def test_a_study_that_grows_after_it_was_complete_sends_only_what_is_new(take_in: TakeIn) -> None:
    destination()
    rule(trigger="study")
    first = small_ct()
    take_in(first)
    complete_everything()
    Forward.objects.update(sent_at=timezone.now())
    second = small_ct(StudyInstanceUID=first.StudyInstanceUID)
    take_in(second)
    complete_everything()
    assert [uid for uid, _, _ in queued()] == [first.SOPInstanceUID, second.SOPInstanceUID]
    assert Forward.objects.get(sent_at=None).instance.sop_instance_uid == second.SOPInstanceUID


def test_what_came_from_a_destination_is_not_queued_for_it(take_in: TakeIn) -> None:
    destination("back", ae_title="MODALITY")
    destination("pacs")
    rule("a", to="back")
    rule("b", to="pacs")
    rule("c", to="back", trigger="study")
    take_in(small_ct())
    complete_everything()
    assert [name for _, name, _ in queued()] == ["pacs"]


def test_a_disabled_rule_and_a_removed_peer_queue_nothing(take_in: TakeIn) -> None:
    destination("pacs")
    destination("gone", ae_title="GONE")
    rule("a")
    rule("b", to="gone")
    set_enabled("a", is_enabled=False)
    remove_peer("gone")
    known_rules.forget()
    take_in(small_ct())
    assert queued() == []
    set_enabled("a", is_enabled=True)
    known_rules.forget()
    take_in(small_ct())
    assert [name for _, name, _ in queued()] == ["pacs"]
    remove_rule("a")
    known_rules.forget()
    take_in(small_ct())
    assert Forward.objects.count() == 1, "and what it has queued stays queued"


def test_what_a_rebuild_finds_again_is_not_sent_on(take_in: TakeIn, archive: Archive) -> None:
    destination()
    rule()
    take_in(small_ct())
    Study.objects.all().delete()
    assert Forward.objects.count() == 0, "rows go with the instances"
    assert reindex_archive(archive).added == 1
    assert Forward.objects.count() == 0


def test_a_commit_asks_the_database_nothing_more_where_there_are_no_rules(take_in: TakeIn) -> None:
    take_in(small_ct())
    with CaptureQueriesContext(
        connection,
    ) as seen:
        take_in(small_ct())
    assert not [query for query in seen.captured_queries if "forward" in query["sql"]]


def test_a_commit_takes_one_statement_more_where_there_are_rules(take_in: TakeIn) -> None:
    destination("pacs")
    destination("archive", ae_title="ARCHIVE")
    rule("a")
    rule("b", to="archive")
    take_in(small_ct())
    with CaptureQueriesContext(connection) as seen:
        take_in(small_ct())
    assert len([query for query in seen.captured_queries if "forward" in query["sql"]]) == 1
    assert Forward.objects.count() == 4


def test_a_study_that_somebody_asks_for_is_sent_again(take_in: TakeIn) -> None:
    peer = destination("back", ae_title="MODALITY")
    uids = [take_in(small_ct(StudyInstanceUID="1.2.3", InstanceNumber=number)).sop_instance_uid for number in (2, 1)]
    take_in(small_ct())
    study = Study.objects.get(study_instance_uid="1.2.3")
    assert queue_study_again(study, peer, asks_commitment=False) == 2
    Forward.objects.update(sent_at=timezone.now(), attempts=3)
    Forward.objects.filter(instance__sop_instance_uid=uids[0]).update(sent_at=None, parked_at=timezone.now())
    assert queue_study_again(study, peer, asks_commitment=True) == 2
    rows = Forward.objects.filter(sent_at=None, parked_at=None, attempts=0, commitment="wanted").order_by("pk")
    assert {row.instance.sop_instance_uid for row in rows} == set(uids)
    assert Instance.objects.count() == 3
