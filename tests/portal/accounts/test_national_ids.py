"""National IDs are checked by the rules of the portal's country and kept under one issuer."""

import pytest
from django.core.checks import run_checks

from portal.accounts.national_ids import (
    MODULES,
    InvalidNationalId,
    canonical_issuer,
    is_national_issuer,
    parse_national_id,
)
from tests.portal.accounts.factories import NATIONAL_IDS


@pytest.mark.parametrize("text", [NATIONAL_IDS[0], "2099 0310 0147 2", " 2099031001472 ", "2099-0310-0147-2"])
def test_a_valid_idnp_is_kept_without_spaces(text: str) -> None:
    assert parse_national_id(text) == "2099031001472"


@pytest.mark.parametrize(
    "text",
    ["2099031001479", "209903100147", "20990310014722", "", "2099O31001471", "٢٠٩٩٠٣١٠٠١٤٧١", "' OR 1=1", "\x00"],
)
def test_a_wrong_idnp_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidNationalId) as refused:
        parse_national_id(text)
    assert str(refused.value) == "This is no valid IDNP: a digit is wrong or missing."


def test_another_country_has_other_rules(settings) -> None:
    settings.NATIONAL_ID_COUNTRY = "ro"
    settings.NATIONAL_ID_ISSUER = "CNP"
    assert parse_national_id("1630615123457") == "1630615123457"
    with pytest.raises(InvalidNationalId):
        parse_national_id("2099031001472")


@pytest.mark.parametrize(
    ("issuer", "canonical", "is_national"),
    [
        ("IDNP", "IDNP", True),
        ("idnp ", "IDNP", True),
        ("MD", "IDNP", True),
        ("NISTRU", "NISTRU", False),
        ("", "", False),
        ("MDX", "MDX", False),
    ],
)
def test_the_issuer_says_which_identifiers_are_national(issuer: str, canonical: str, is_national: bool) -> None:
    assert (canonical_issuer(issuer), is_national_issuer(issuer)) == (canonical, is_national)


def test_every_country_of_the_table_has_rules() -> None:
    assert sorted(MODULES) == ["bg", "ee", "lt", "md", "pl", "ro", "tr", "ua"]


def test_a_country_without_rules_is_a_check_error(settings) -> None:
    settings.NATIONAL_ID_COUNTRY = "xx"
    errors = [error for error in run_checks() if error.id == "accounts.E001"]
    assert [error.msg for error in errors] == ["NATIONAL_ID_COUNTRY is 'xx', a country without known rules."]
