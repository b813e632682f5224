"""Portal and DICOM Server change an order's patient, and both end with the newest word on each fact."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.patient_facts import PatientFacts, newest_facts

TEN = datetime(2026, 11, 21, 10, tzinfo=UTC)
PLACED = PatientFacts({"patient_id": "H-1", "issuer_of_patient_id": "", "patient_name": "Turcan", "allergies": ""}, {})


def after(minutes: int) -> datetime:
    return TEN + timedelta(minutes=minutes)


def test_a_correction_at_the_server_outlives_what_the_portal_said_before_and_says_again():
    server = PLACED.changed({"patient_name": "Țurcanu"}, after(1))
    portal = PLACED.changed({"patient_name": "Turcan", "allergies": "Latex"}, after(2))
    merged = newest_facts(portal=portal, server=server)
    assert merged.values == PLACED.values | {"patient_name": "Țurcanu", "allergies": "Latex"}
    assert merged.changed_at == {"patient_name": after(1), "allergies": after(2)}


def test_a_later_correction_at_the_portal_stands():
    server = PLACED.changed({"patient_name": "Țurcanu"}, after(1))
    portal = PLACED.changed({"patient_name": "Țurcan"}, after(2))
    assert newest_facts(portal=portal, server=server).values["patient_name"] == "Țurcan"


def test_what_was_never_changed_or_at_the_same_moment_is_the_portals():
    server = PatientFacts({**PLACED.values, "patient_name": "Țurcanu"}, {})
    assert newest_facts(portal=PLACED, server=server).values["patient_name"] == "Turcan"
    both = [PLACED.changed({"patient_name": name}, TEN) for name in ("Portal", "Server")]
    assert newest_facts(portal=both[0], server=both[1]).values["patient_name"] == "Portal"


def test_an_identifier_goes_with_its_issuer():
    server = PLACED.changed({"patient_id": "H-2"}, after(1))
    assert server.changed_at == {"patient_id": after(1), "issuer_of_patient_id": after(1)}


def test_whoever_has_seen_a_change_is_later_though_the_other_clock_is_ahead():
    server = PLACED.changed({"patient_name": "Țurcanu"}, TEN + timedelta(days=1))
    seen = newest_facts(portal=PLACED, server=server)
    portal = seen.changed({"patient_name": "Țurcan"}, TEN)
    assert newest_facts(portal=portal, server=server).values["patient_name"] == "Țurcan"


def test_facts_of_another_version_of_the_contract_are_passed_over():
    server = PatientFacts(PLACED.values, {"nickname": TEN})
    assert newest_facts(portal=PLACED, server=server) == PLACED


@pytest.mark.parametrize("content", [{"patient": {"patient_id": "1"}}, {"patient": {}, "patient_changed_at": {}}])
def test_an_order_of_before_has_facts_that_were_never_changed(content):
    assert PatientFacts.of(content).changed_at == {}


def test_facts_are_written_and_read_again():
    facts = PLACED.changed({"patient_name": "Țurcanu"}, after(1))
    assert PatientFacts.of(facts.in_content({"accession_number": "A1"})) == facts


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["portal", "server"]), st.sampled_from(["patient_name", "allergies"]), st.integers(0, 3)
        ),
        max_size=6,
    ),
    st.data(),
)
def test_both_sides_end_with_the_same_whatever_way_messages_take(changes, data):
    """Each side changes on its own; then any number of old and new messages arrive in any order, the last ones once."""
    sides = {"portal": PLACED, "server": PLACED}
    sent: dict[str, list[PatientFacts]] = {"portal": [PLACED], "server": [PLACED]}
    for number, (side, fact, minute) in enumerate(changes):
        sides[side] = sides[side].changed({fact: f"{side} {number}"}, after(minute))
        sent[side].append(sides[side])
    for old in data.draw(st.permutations(list(itertools.chain(sent["portal"], sent["portal"])))):
        sides["server"] = newest_facts(portal=old, server=sides["server"])
    for old in data.draw(st.permutations(sent["server"])):
        sides["portal"] = newest_facts(portal=sides["portal"], server=old)
    sides["portal"] = newest_facts(portal=sides["portal"], server=sides["server"])
    assert sides["portal"] == sides["server"]
