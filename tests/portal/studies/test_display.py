"""People, dates and numbers are written as the UI's table says, and what is missing is said."""

import doctest
from datetime import date

import pytest
from django.utils.translation import override

from portal.studies import display
from portal.studies.display import (
    age_text,
    birth_date,
    bytes_text,
    dense_date,
    grouped_identifier,
    masked_identifier,
    name_parts,
    number,
    prose_date,
    sex_letter,
    sex_word,
    staff_name,
    study_date,
    study_time,
)

DAY = date(2026, 11, 20)


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(display).failed == 0


@pytest.mark.parametrize(
    ("sent", "family", "given", "plain", "short"),
    [
        ("Munteanu^Elena^Maria", "Munteanu", "Elena Maria", "Munteanu, Elena Maria", "Munteanu E."),
        ("Munteanu^Elena", "Munteanu", "Elena", "Munteanu, Elena", "Munteanu E."),
        ("Munteanu Elena", "Munteanu Elena", "", "Munteanu Elena", "Munteanu Elena"),
        ("^Elena", "", "Elena", "Elena", "Elena"),
        ("MUNTEANU^ELENA", "MUNTEANU", "ELENA", "MUNTEANU, ELENA", "MUNTEANU E."),
        ("Munteanu^Elena^^Dr.^MD", "Munteanu", "Elena", "Munteanu, Elena", "Munteanu E."),
        ("", "", "", "Name not given", "Name not given"),
        ("^^^^", "", "", "Name not given", "Name not given"),
        ("^^^Dr.", "", "", "Name not given", "Name not given"),
        ("<script>^O'; DROP--", "<script>", "O'; DROP--", "<script>, O'; DROP--", "<script> O."),
    ],
)
def test_a_name_is_written_family_first(sent: str, family: str, given: str, plain: str, short: str) -> None:
    parts = name_parts(sent)
    assert (parts.family, parts.given, parts.plain, parts.short) == (family, given, plain, short)


def test_prefix_and_suffix_are_in_the_full_name_alone() -> None:
    assert name_parts("Kozak^Irina^^Dr.^MD").full == "Dr. Kozak, Irina, MD"


def test_the_second_script_follows_the_one_sent_first() -> None:
    parts = name_parts("Козлова^Мария", "Kozlova^Maria")
    assert (parts.plain, parts.second_group) == ("Козлова, Мария", "Kozlova, Maria")


def test_a_name_without_an_alphabetic_group_is_shown_in_the_group_it_has() -> None:
    parts = name_parts("", "山田^太郎", "やまだ^たろう")
    assert (parts.plain, parts.second_group) == ("山田, 太郎", "やまだ, たろう")


def test_a_damaged_name_keeps_its_damage_and_says_so() -> None:
    parts = name_parts("Muntean�^Elena")
    assert (parts.plain, parts.is_damaged, parts.is_given) == ("Muntean�, Elena", True, True)
    assert not name_parts("Munteanu^Elena").is_damaged


def test_staff_are_written_given_name_first() -> None:
    assert staff_name("Козак^Ирина^^Dr.") == "Dr. Ирина Козак"
    assert staff_name("") == ""


@pytest.mark.parametrize(
    ("born", "text"),
    [
        (date(2026, 11, 20), "0 d"),
        (date(2026, 11, 8), "12 d"),
        (date(2026, 10, 24), "27 d"),
        (date(2026, 10, 23), "28 d"),
        (date(2026, 8, 20), "3 mo"),
        (date(2026, 8, 21), "2 mo"),
        (date(2024, 11, 21), "23 mo"),
        (date(2024, 11, 20), "2 y"),
        (date(1962, 8, 31), "64 y"),
        (date(1962, 11, 21), "63 y"),
        (date(1900, 1, 1), "126 y"),
        (date(2026, 11, 21), ""),
        (None, ""),
    ],
)
def test_an_age_is_that_on_the_day_of_the_study(born: date | None, text: str) -> None:
    assert age_text(born, DAY) == text


def test_an_age_without_a_study_date_is_not_made_up() -> None:
    assert age_text(date(1962, 8, 31), None) == ""


@pytest.mark.parametrize(
    ("sent", "word", "letter"),
    [("F", "Female", "F"), ("m", "Male", "M"), ("O ", "Other", "O"), ("", "Sex not given", "?"), ("W", "W", "W")],
)
def test_a_sex_is_said_in_words(sent: str, word: str, letter: str) -> None:
    assert (sex_word(sent), sex_letter(sent)) == (word, letter)


@pytest.mark.parametrize(
    ("language", "dense", "prose"),
    [
        ("en", "20 Nov 2026", "20 November 2026"),
        ("ro", "20.11.2026", "20 noiembrie 2026"),
        ("ru", "20.11.2026", "20 ноября 2026 г."),
    ],
)
def test_dates_follow_the_language(language: str, dense: str, prose: str) -> None:
    with override(language):
        assert (dense_date(DAY), prose_date(DAY)) == (dense, prose)


def test_a_missing_birth_date_is_said_and_never_blank() -> None:
    missing = birth_date(None, "")
    assert (missing.text, missing.is_given, missing.is_certain) == ("birth date not given", False, False)


def test_an_unreadable_birth_date_is_shown_as_sent_and_doubted() -> None:
    sent = birth_date(None, " 1962 ")
    assert (sent.text, sent.is_given, sent.is_certain) == ("1962", True, False)


def test_a_readable_date_is_certain() -> None:
    day = study_date(DAY, "20261120")
    assert (day.text, day.is_certain) == ("20 Nov 2026", True)


@pytest.mark.parametrize(("sent", "text"), [("024112.5", "02:41"), ("0300", "03:00"), ("morning", "morning"), ("", "")])
def test_a_study_time_is_the_clock_of_the_modality(sent: str, text: str) -> None:
    assert study_time(sent) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1204, "1\u202f204"), (9310044, "9\u202f310\u202f044"), (-5, "−5")]
)
def test_thousands_are_parted_by_a_narrow_space(value: int, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1536, "1.5 kB"), (312_000_000_000, "312 GB"), (8 * 10**12, "8 TB")],
)
def test_sizes_are_decimal(size: int, text: str) -> None:
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("identifier", "grouped", "masked"),
    [
        ("2002062031458", "2002 0620 3145 8", "…3145 8"),
        ("NC-004417", "NC-004417", "NC-004417"),
        ("123456", "123456", "123456"),
        ("1234567", "1234 567", "…567"),
        ("", "", ""),
    ],
)
def test_long_numbers_stand_in_groups_of_four(identifier: str, grouped: str, masked: str) -> None:
    assert (grouped_identifier(identifier), masked_identifier(identifier)) == (grouped, masked)
