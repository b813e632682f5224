"""Puts instances into the queue of their destinations, in the transaction of what made them go there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from dicomserver.access.callers import Caller
from dicomserver.access.models import Peer
from dicomserver.forwarding.matching import Facts, matches
from dicomserver.forwarding.models import CommitmentState, ForwardRule, ReceivedFrom, Trigger
from dicomserver.forwarding.rules import known_rules
from dicomserver.index.models import Instance, Study
from dicomserver.ingest.accepted import Accepted

# One statement a batch. What has gone there before, or waits to, is left alone: a copy is not forwarded twice.
_QUEUE: Final = """
    INSERT INTO forwarding_forward
        (destination_id, instance_id, rule, commitment, created_at, next_attempt_at, attempts, last_error)
    SELECT new.destination_id, instance.id, new.rule, new.commitment, %(now)s, %(now)s, 0, ''
    FROM unnest(%(uids)s::text[], %(destinations)s::bigint[], %(rules)s::text[], %(commitments)s::text[])
        WITH ORDINALITY AS new (uid, destination_id, rule, commitment, place)
    JOIN index_instance instance ON instance.sop_instance_uid = new.uid
    ORDER BY new.place
    ON CONFLICT (destination_id, instance_id) DO NOTHING
"""
# The first address counts: what comes again is no new instance.
_NOTE_ADDRESSES: Final = """
    INSERT INTO forwarding_receivedfrom (instance_id, remote_address)
    SELECT instance.id, new.address
    FROM unnest(%(uids)s::text[], %(addresses)s::text[]) AS new (uid, address)
    JOIN index_instance instance ON instance.sop_instance_uid = new.uid
    ON CONFLICT (instance_id) DO NOTHING
"""
_QUEUE_STUDY_AGAIN: Final = """
    INSERT INTO forwarding_forward
        (destination_id, instance_id, rule, commitment, created_at, next_attempt_at, attempts, last_error)
    SELECT %(destination)s, instance.id, '', %(commitment)s, %(now)s, %(now)s, 0, ''
    FROM index_instance instance JOIN index_series series ON series.id = instance.series_id
    WHERE series.study_id = %(study)s
    ORDER BY series.series_number, series.id, instance.instance_number, instance.id
    ON CONFLICT (destination_id, instance_id) DO UPDATE SET rule = '', commitment = EXCLUDED.commitment,
        created_at = EXCLUDED.created_at, next_attempt_at = EXCLUDED.next_attempt_at,
        attempts = 0, last_error = '', parked_at = NULL, sent_at = NULL
"""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An instance that a rule sends somewhere."""

    sop_instance_uid: str
    rule: ForwardRule


def queue_new_instances(*, instances: Sequence[Accepted], studies: Mapping[str, Study], **_told: Any) -> None:
    """Receives `instances_committed`: queue what rules send on at once."""
    rules = known_rules.of(Trigger.INSTANCE)
    if rules:
        _queue(_wanted(((one.header.sop_instance_uid, _facts_of_new(one, studies)) for one in instances), rules))
    if any(_asks_for_address(rule) for rule in known_rules.of(Trigger.STUDY)):
        _note_addresses(instances)


def queue_complete_study(*, study: Study, **_told: Any) -> None:
    """Receives `study_completed`: queue what rules send on when nothing more is expected."""
    rules = known_rules.of(Trigger.STUDY)
    if rules:
        stored = Instance.objects.filter(series__study=study).select_related("series")
        ordered = stored.order_by("series__series_number", "series_id", "instance_number", "pk")
        noted = ReceivedFrom.objects.filter(instance__series__study=study)
        addresses = dict(noted.values_list("instance_id", "remote_address"))
        facts = (
            (one.sop_instance_uid, _facts_of_stored(one, study, addresses.get(one.pk, "")))
            for one in ordered.iterator(chunk_size=1000)
        )
        _queue(_wanted(facts, rules))


def queue_study_again(study: Study, destination: Peer, *, asks_commitment: bool) -> int:
    """Send all of a study because somebody asks for it, also what the destination had before; how many instances."""
    values = {
        "study": study.pk,
        "destination": destination.pk,
        "commitment": CommitmentState.WANTED if asks_commitment else CommitmentState.NONE,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE_STUDY_AGAIN, values)
        return int(cursor.rowcount)


def _wanted(instances: Iterable[tuple[str, Facts]], rules: Sequence[ForwardRule]) -> Iterator[_Wanted]:
    """Each instance once a destination, by the first rule that sends it there; commitment is asked if any rule asks."""
    for uid, facts in instances:
        by_destination: dict[int, ForwardRule] = {}
        for rule in rules:
            if matches(rule, facts):
                first = by_destination.setdefault(rule.destination_id, rule)
                if rule.asks_commitment and not first.asks_commitment:
                    by_destination[rule.destination_id] = rule
        yield from (_Wanted(uid, rule) for rule in by_destination.values())


def _queue(wanted: Iterable[_Wanted]) -> None:
    rows = list(wanted)
    if not rows:
        return
    values: dict[str, Any] = {
        "uids": [one.sop_instance_uid for one in rows],
        "destinations": [one.rule.destination_id for one in rows],
        "rules": [one.rule.name for one in rows],
        "commitments": [CommitmentState.WANTED if one.rule.asks_commitment else "" for one in rows],
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, values)


def _asks_for_address(rule: ForwardRule) -> bool:
    """Whether peers of one title may have to be told apart by their addresses, once the study is complete."""
    return bool(rule.destination.addresses or (rule.source and rule.source.addresses))


def _note_addresses(instances: Sequence[Accepted]) -> None:
    known = [one for one in instances if one.source.remote_address]
    values: dict[str, Any] = {
        "uids": [one.header.sop_instance_uid for one in known],
        "addresses": [one.source.remote_address[:64] for one in known],
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_ADDRESSES, values)


def _facts_of_new(one: Accepted, studies: Mapping[str, Study]) -> Facts:
    series, source = one.header.series, one.source
    return Facts(
        caller=Caller(source.calling_ae_title, source.called_ae_title, source.remote_address),
        modality=series["modality"],
        body_part=series["body_part_examined"],
        study_description=studies[one.header.study_instance_uid].study_description,
        series_description=series["series_description"],
        received_at=source.received_at,
    )


def _facts_of_stored(instance: Instance, study: Study, address: str) -> Facts:
    series = instance.series
    return Facts(
        caller=Caller(instance.calling_ae_title, instance.called_ae_title, address),
        modality=series.modality,
        body_part=series.body_part_examined,
        study_description=study.study_description,
        series_description=series.series_description,
        received_at=instance.received_at,
    )
