"""Dates, times and modalities are read without ever guessing."""

import doctest
from datetime import date, time

import pytest

from portal.studies import dicom_values
from portal.studies.dicom_values import modality_tint, ordered_modalities, parse_date, parse_time


def test_the_examples_in_the_module_hold() -> None:
    assert doctest.testmod(dicom_values).failed == 0


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("20261120", date(2026, 11, 20)),
        (" 20261120 ", date(2026, 11, 20)),
        ("2026.11.20", date(2026, 11, 20)),
        ("20240229", date(2024, 2, 29)),
        ("20230229", None),
        ("00000000", None),
        ("1962", None),
        ("196208", None),
        ("19620831-19620901", None),
        ("2026-11-20", None),
        ("31/08/1962", None),
        ("unknown", None),
        ("٢٠٢٦١١٢٠", None),  # digits, but not those of DICOM
        ("", None),
    ],
)
def test_a_date_is_read_only_where_it_names_a_day(sent: str, day: date | None) -> None:
    assert parse_date(sent) == day


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("024112.500000", time(2, 41, 12)),
        ("024112", time(2, 41, 12)),
        ("0241", time(2, 41)),
        ("02", time(2, 0)),
        ("02:41:12", time(2, 41, 12)),
        ("246000", None),
        ("235960", None),
        ("2", None),
        ("noon", None),
        ("", None),
    ],
)
def test_a_time_is_read_only_where_it_names_one(sent: str, moment: time | None) -> None:
    assert parse_time(sent) == moment


def test_modalities_of_images_come_before_what_accompanies_them() -> None:
    assert ordered_modalities(["SR", "ct", "PT", " CT ", "", "KO"]) == ["CT", "PT", "KO", "SR"]


@pytest.mark.parametrize(
    ("modality", "tint"), [("CT", "ct"), ("RF", "xa"), ("NM", "pt"), ("DX", "other"), ("<", "other")]
)
def test_a_modality_has_one_of_six_tints(modality: str, tint: str) -> None:
    assert modality_tint(modality) == tint
