"""Share links with their secrets, for tests."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from portal.sharing.services import LinkTerms, make_share_link
from tests.portal.grants.factories import actor_for, make_patient_study, radiologist_of


def terms(**changes) -> LinkTerms:
    """A week, five uses, view only."""
    values = {"label": "for Dr. Rusu", "valid_until": timezone.now() + timedelta(days=7), "max_uses": 5}
    return LinkTerms(**{**values, **changes})


def make_link(maker=None, study=None, **changes):
    """A link that a radiologist of the owning institution made."""
    study = study or make_patient_study()
    maker = maker or radiologist_of(study.server.institution)
    return make_share_link(actor=actor_for(maker), maker=maker, study=study, terms=terms(**changes))


def wrong_pin(pin: str) -> str:
    """A PIN that is not this one."""
    return "000000" if pin != "000000" else "111111"


def open_link(made) -> Client:
    """A browser in which somebody gave the right PIN."""
    client = Client()
    client.post(f"/share/{made.token}/", {"pin": made.pin})
    return client
