"""Which instances a rule is for: each condition alone, and together."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from dicomserver.access.callers import Caller
from dicomserver.access.models import Peer
from dicomserver.forwarding.matching import Facts, matches
from dicomserver.forwarding.models import ForwardRule

PACS = Peer(name="pacs", ae_title="PACS", host="pacs.hospital", addresses=[])


def facts(
    *,
    calling: str = "CT1",
    called: str = "SERVER_A",
    address: str = "10.0.0.1",
    modality: str = "CT",
    body_part: str = "CHEST",
    study: str = "CT Chest with contrast",
    series: str = "Axial 1.0",
    received_at: datetime = datetime(2026, 1, 5, 12, 0, tzinfo=UTC),
) -> Facts:
    return Facts(Caller(calling, called, address), modality, body_part, study, series, received_at)


def holds(one: Facts, **values: Any) -> bool:
    return matches(ForwardRule(name="rule", **({"destination": PACS} | values)), one)


def test_a_rule_without_conditions_is_for_everything() -> None:
    assert holds(facts())
    assert holds(facts(calling="", called="", address="", modality="", body_part="", study="", series=""))


def test_one_of_the_modalities_is_enough_in_any_case_and_with_spaces() -> None:
    assert holds(facts(modality="mr "), modalities=["CT", "MR"])
    assert not holds(facts(modality="US"), modalities=["CT", "MR"])
    assert not holds(facts(modality=""), modalities=["CT"])


def test_body_part_and_both_titles_count() -> None:
    assert holds(facts(), body_parts=["CHEST"], calling_ae_titles=["CT1"], called_ae_titles=["SERVER_A"])
    assert not holds(facts(), body_parts=["HEAD"])
    assert not holds(facts(), calling_ae_titles=["ct1"])
    assert not holds(facts(), called_ae_titles=["SERVER_B"])


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*chest*", "CT Chest with contrast", True),
        ("CT CHEST*", "CT Chest with contrast", True),
        ("chest", "CT Chest with contrast", False),
        ("*creier*", "RMN CREIER nativ", True),
        ("torace", "", False),
        ("*stinga*", "Mână stîngă", True),
        ("axial ?.0", "Axial 1.0", True),
        ("[axial]", "[Axial]", True),
        ("[axial]", "x", False),
        ("*", "", True),
        ("*" * 60 + "b", "a" * 10_000, False),
    ],
)
def test_patterns_are_for_the_whole_description_without_case_and_diacritics(
    pattern: str, text: str, expected: bool
) -> None:
    assert holds(facts(study=text), study_description=pattern) is expected
    assert holds(facts(series=text), series_description=pattern) is expected


@pytest.mark.parametrize(
    ("begin", "end", "moment", "expected"),
    [
        (time(18), None, datetime(2026, 1, 5, 18, 0, tzinfo=UTC), True),
        (time(18), None, datetime(2026, 1, 5, 17, 59, 59, tzinfo=UTC), False),
        (None, time(8), datetime(2026, 1, 5, 7, 59, 59, tzinfo=UTC), True),
        (None, time(8), datetime(2026, 1, 5, 8, 0, tzinfo=UTC), False),
        (time(8), time(18), datetime(2026, 1, 5, 8, 0, tzinfo=UTC), True),
        (time(8), time(18), datetime(2026, 1, 5, 18, 0, tzinfo=UTC), False),
        (time(20), time(6), datetime(2026, 1, 5, 23, 0, tzinfo=UTC), True),
        (time(20), time(6), datetime(2026, 1, 5, 5, 59, tzinfo=UTC), True),
        (time(20), time(6), datetime(2026, 1, 5, 6, 0, tzinfo=UTC), False),
    ],
)
def test_hours_may_run_over_midnight(begin: time | None, end: time | None, moment: datetime, expected: bool) -> None:
    assert holds(facts(received_at=moment), received_from=begin, received_until=end) is expected


def test_days_and_hours_are_those_of_the_rule_s_time_zone() -> None:
    # 23:30 of a Sunday in UTC is 1:30 of a Monday in Chisinau.
    moment = datetime(2026, 1, 4, 23, 30, tzinfo=UTC)
    assert holds(facts(received_at=moment), weekdays=[7])
    assert not holds(facts(received_at=moment), weekdays=[7], time_zone="Europe/Chisinau")
    assert holds(facts(received_at=moment), weekdays=[1], time_zone="Europe/Chisinau", received_until=time(2))


def test_the_source_is_a_peer_by_title_and_address() -> None:
    source = Peer(name="ct", ae_title="CT1", addresses=["10.0.0.0/24"])
    assert holds(facts(), source=source)
    assert not holds(facts(address="10.0.1.1"), source=source)
    assert not holds(facts(calling="CT2"), source=source)
    assert not holds(facts(address=""), source=source), "an address that is not known is none of the peer's"
    assert holds(facts(address=""), source=Peer(name="ct", ae_title="CT1", addresses=[]))


def test_nothing_goes_back_to_where_it_came_from() -> None:
    assert not holds(facts(calling="PACS"))
    assert not holds(facts(calling="PACS", called="BY_WHATEVER_NAME"))
    elsewhere = Peer(name="other", ae_title="PACS", host="h", addresses=["192.168.0.0/16"])
    assert holds(facts(calling="PACS"), destination=elsewhere), "another machine of the same title"
    assert not holds(facts(calling="PACS", address="192.168.7.7"), destination=elsewhere)
    assert not holds(facts(calling="PACS"), destination=Peer(ae_title="PACS", called_ae_title="X", host="h"))
