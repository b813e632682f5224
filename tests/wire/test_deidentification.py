"""What a grant asks for reaches one server alone, and mapped UIDs and dates follow from its key alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.wire import strategies
from wire.deidentification import (
    BASIC_PROFILE_CODE,
    MAX_DAYS_SHIFTED,
    MIN_DAYS_SHIFTED,
    OPTION_CODES,
    Deidentification,
    Option,
    SealBroken,
    days_shifted,
    map_uid,
    seal,
    unseal,
)
from wire.examples import example
from wire.keys import InvalidKey, generate_sealing_key, sealing_key_text
from wire.messages import parse
from wire.uids import parse_uid

SERVER = "6f1d3a52-7c1e-4b7a-9d43-0a8f2f6f7b10"
PRIVATE_KEY = generate_sealing_key()
PUBLIC_KEY = sealing_key_text(PRIVATE_KEY)
EXAMPLE = parse(Deidentification, example("deidentification"))
MAPPED = EXAMPLE.mapped_study_instance_uid
keys = st.binary(min_size=32, max_size=32).map(bytes.hex)


@given(strategies.deidentifications)
def test_what_was_sealed_opens_unchanged(deidentification):
    sealed = seal(deidentification, PUBLIC_KEY, audience=SERVER)
    mapped = deidentification.mapped_study_instance_uid
    assert unseal(sealed, PRIVATE_KEY, audience=SERVER, study_instance_uid=mapped) == deidentification


def test_seal_tells_nothing_and_never_repeats_itself():
    one, other = (seal(EXAMPLE, PUBLIC_KEY, audience=SERVER) for _ in range(2))
    assert one != other
    assert EXAMPLE.study_instance_uid not in one


@pytest.mark.parametrize(
    ("key", "audience", "study"),
    [
        (generate_sealing_key(), SERVER, MAPPED),
        (PRIVATE_KEY, "6f1d3a52-7c1e-4b7a-9d43-0a8f2f6f7b11", MAPPED),
        (PRIVATE_KEY, SERVER, "2.25.1"),
        (PRIVATE_KEY, SERVER, EXAMPLE.study_instance_uid),
    ],
)
def test_another_key_server_or_study_does_not_open_it(key, audience, study):
    with pytest.raises(SealBroken, match=r"^What was sealed does not open"):
        unseal(seal(EXAMPLE, PUBLIC_KEY, audience=SERVER), key, audience=audience, study_instance_uid=study)


@pytest.mark.parametrize(
    "change", [lambda s: s[:-4], lambda s: "A" + s[1:], lambda s: "", lambda s: "é", lambda s: "A"]
)
def test_damaged_seal_is_refused(change):
    sealed = seal(EXAMPLE, PUBLIC_KEY, audience=SERVER)
    with pytest.raises(SealBroken):
        unseal(
            change(sealed) if change(sealed) != sealed else "B" + sealed[1:],
            PRIVATE_KEY,
            audience=SERVER,
            study_instance_uid=MAPPED,
        )


def test_key_that_protects_nothing_is_refused():
    # The point of order one: whatever is sealed with it, anybody opens.
    with pytest.raises(InvalidKey):
        seal(EXAMPLE, "A" * 43, audience=SERVER)


@given(keys, strategies.uids)
def test_mapped_uid_is_a_uid_and_always_the_same(key, uid):
    mapped = map_uid(key, uid)
    assert parse_uid(mapped) == mapped
    assert mapped.startswith("2.25.")
    assert mapped == map_uid(key, uid) != uid


@given(keys, st.sets(strategies.uids, min_size=2, max_size=30))
def test_different_uids_stay_different(key, uids):
    assert len({map_uid(key, uid) for uid in uids}) == len(uids)


@given(st.sets(keys, min_size=2, max_size=5), strategies.uids)
def test_different_grants_map_differently(several, uid):
    assert len({map_uid(key, uid) for key in several}) == len(several)


@given(keys)
def test_dates_move_by_a_month_to_ten_years(key):
    assert MIN_DAYS_SHIFTED <= days_shifted(key) <= MAX_DAYS_SHIFTED
    assert days_shifted(key) == days_shifted(key)


def test_values_follow_from_the_key_for_ever():
    assert map_uid(EXAMPLE.key, "1.2") == "2.25.263634009231995648819819837661860443709"
    assert days_shifted(EXAMPLE.key) == 2827


def test_secret_is_not_shown():
    assert EXAMPLE.key not in repr(EXAMPLE)


def test_each_option_has_its_code():
    assert set(OPTION_CODES) == set(Option)
    assert {code for code, _ in [BASIC_PROFILE_CODE, *OPTION_CODES.values()]} == {
        "113100",
        "113107",
        "113108",
        "113109",
        "113111",
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", "ab"),
        ("key", "G" * 64),
        ("pseudonym", ""),
        ("pseudonym", "A^B"),
        ("pseudonym", "A\\B"),
        ("pseudonym", " A"),
        ("pseudonym", "Ă"),
        ("study_instance_uid", "../1"),
        ("options", ("everything",)),
    ],
)
def test_loose_value_is_refused(field, value):
    with pytest.raises(ValidationError):
        Deidentification(**EXAMPLE.model_dump() | {field: value})
