"""Folding makes spellings of one name meet, whatever the script, and never fails."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime import folding
from runtime.folding import bounded, fold, name_key, words


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(folding).failed == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Козлова", "Kozlova"),
        ("Știrbu", "STIRBU"),
        ("Ştirbu", "Știrbu"),  # cedilla and comma
        ("Ţurcanu", "Țurcanu"),
        ("Țurcanu", "T\u0326urcanu"),  # composed and decomposed
        ("Андрей", "Andrei"),
        ("Щербаков", "Shcherbakov"),
        ("Їжакевич", "Izhakevich"),
        ("Фёдор", "Fedor"),
        ("Łódź", "Lodz"),
        ("İlkay", "ilkay"),
        ("Müller", "MU\u0308LLER"),
        ("Strauß", "STRAUSS"),
        ("ＡＢＣ１２", "abc12"),  # full width
        ("Ana\u00adMaria", "anamaria"),  # soft hyphen
    ],
)
def test_spellings_of_one_name_meet(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_different_names_stay_different() -> None:
    assert len({fold(name) for name in ("Kozlov", "Kozlova", "Kozlowa", "山田", "田山", "")}) == 6


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_words_hold_no_space_quote_or_sign(text: str) -> None:
    assert all(word.isalnum() or not word.isascii() for word in words(text))
    assert not set("".join(words(text))) & set(" '\"\\:&|!()<>*%_^\x00")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Kozak^Irina", "kozak irina"),
        ("KOZAK^IRINA^^Dr.", "kozak irina"),
        ("Kozak Irina", "kozak irina"),
        ("Козак^Ирина^Петровна^Dr.^MD", "kozak irina petrovna"),
        ("Știrbu-Țurcanu^Ana", "stirbu turcanu ana"),
        ("^^^Dr.", ""),
        ("<script>alert(1)</script>", "script alert 1 script"),
        ("", ""),
        ("^", ""),
        ("�", ""),
    ],
)
def test_the_key_of_a_name_leaves_prefix_and_suffix_out(written: str, key: str) -> None:
    assert name_key(written) == key


def test_bounding_keeps_long_texts_apart() -> None:
    one, other = bounded("a" * 500 + "b", 400), bounded("a" * 500 + "c", 400)
    assert (len(one), len(other)) == (400, 400)
    assert one != other
    assert bounded("short", 400) == "short"
