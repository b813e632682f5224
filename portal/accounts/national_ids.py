"""National IDs: which numbers are valid in the country of this portal, and under which issuer they are kept."""

from importlib import import_module
from types import ModuleType
from typing import Final

from django.conf import settings
from stdnum.exceptions import ValidationError as NumberError

# Country code of ISO 3166 → module of python-stdnum with `validate`.
# The IDNP of Moldova has the form and the 7-3-1 check digit of the company number IDNO.
MODULES: Final = {
    "md": "stdnum.md.idno",
    "bg": "stdnum.bg.egn",
    "ee": "stdnum.ee.ik",
    "lt": "stdnum.lt.asmens",
    "pl": "stdnum.pl.pesel",
    "ro": "stdnum.ro.cnp",
    "tr": "stdnum.tr.tckimlik",
    "ua": "stdnum.ua.rntrc",
}


class InvalidNationalId(ValueError):
    """What was given is no valid national ID; the message never repeats it."""


class UnknownCountry(ValueError):
    """There is no rule for the country's national IDs."""


def parse_national_id(text: str) -> str:
    """Return the ID without spaces. Raises InvalidNationalId, or UnknownCountry for a wrong setting."""
    try:
        return str(_rules(settings.NATIONAL_ID_COUNTRY).validate(compact(text)))
    except NumberError as error:
        raise InvalidNationalId(
            f"This is no valid {settings.NATIONAL_ID_ISSUER}: a digit is wrong or missing."
        ) from error


def compact(text: str) -> str:
    """Return an ID as it is kept and compared: without spaces and dashes."""
    return "".join(text.split()).replace("-", "")


def canonical_issuer(issuer: str) -> str:
    """Return the issuer under which the country's national IDs are kept, or `issuer` itself if it is another one.

    Equipment writes the name of the number (IDNP) or the country (MD).
    """
    names = {settings.NATIONAL_ID_ISSUER.casefold(), settings.NATIONAL_ID_COUNTRY.casefold()}
    return str(settings.NATIONAL_ID_ISSUER) if issuer.strip().casefold() in names else issuer


def is_national_issuer(issuer: str) -> bool:
    """True where `issuer` names the national ID of this portal's country."""
    return canonical_issuer(issuer) == settings.NATIONAL_ID_ISSUER


def _rules(country: str) -> ModuleType:
    try:
        return import_module(MODULES[country.casefold()])
    except KeyError as error:
        known = ", ".join(sorted(MODULES))
        raise UnknownCountry(f"NATIONAL_ID_COUNTRY is {country!r}; known are {known}.") from error
