"""Only UIDs of PS3.5 9.1 pass, and nothing that could leave a folder."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID, generate_uid

from tests.wire.strategies import uids
from wire.uids import InvalidUid, parse_uid


@given(uids)
def test_uid_is_returned_as_it_is(uid):
    assert parse_uid(uid) == uid


@given(st.text(max_size=70))
def test_whatever_passes_is_a_uid(text):
    try:
        uid = parse_uid(text)
    except InvalidUid:
        return
    assert uid == text
    assert 1 <= len(uid) <= 64
    assert all(part.isascii() and part.isdigit() and str(int(part)) == part for part in uid.split("."))


@given(st.text("0123456789./\\\n", max_size=70))
def test_whatever_passes_is_one_folder_name(text):
    try:
        uid = parse_uid(text)
    except InvalidUid:
        return
    assert PurePosixPath("/archive", uid).parent == PurePosixPath("/archive")
    assert PurePosixPath(uid).name == uid


@pytest.mark.parametrize("text", ["0", "1", "1.0", "0.0", "1.2.840.10008.1.1", "9" * 64, "1." + "2" * 62])
def test_borderline_uid_passes(text):
    assert parse_uid(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "1.",
        ".1",
        "1..2",
        "../1.2",
        "1.2/../3",
        "1.2\n",
        "\n1.2",
        "1.2\x00",
        " 1.2",
        "1.2 ",
        "01.2",
        "1.02",
        "00",
        "1.2.-3",
        "1.2.+3",
        "1.2.a",
        "1,2",
        "1.٢",
        "1.²",
        "9" * 65,
        "1\\2",
        "1.2\\1.3",
    ],
)
def test_malformed_uid_is_refused(text):
    with pytest.raises(InvalidUid):
        parse_uid(text)


@pytest.mark.parametrize("value", [None, 1.2, 12, b"1.2", ["1.2"]])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(InvalidUid, match=f"^A UID is text, not {type(value).__name__}.$"):
        parse_uid(value)


def test_refusal_does_not_repeat_the_value():
    with pytest.raises(InvalidUid) as refusal:
        parse_uid("Munteanu^Elena")
    assert str(refusal.value) == "The UID is not made of dot-separated numbers without leading zeros."


def test_uid_of_pydicom_becomes_plain_text():
    uid = generate_uid()
    assert type(uid) is UID
    assert type(parse_uid(uid)) is str
    assert parse_uid(uid) == str(uid)
