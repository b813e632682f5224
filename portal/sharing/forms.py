"""The forms of share links: making one, and the PIN that opens it."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.grants.decisions import Decision, Reach
from portal.grants.models import Permission
from portal.sharing.pins import typed_pin
from portal.sharing.services import LONGEST, MOST_USES, LinkTerms

DAYS: Final = (1, 7, 30, 90)
USUAL_DAYS: Final = 7
USUAL_USES: Final = 5
OWN_END: Final = "own_end"


class MakeLinkForm(forms.Form):
    """For whom, how long, how often, and whether to download; offers nothing beyond what the maker has."""

    label = forms.CharField(
        label=_("For whom"),
        max_length=80,
        help_text=_("Only you and the administrators read this. No names of patients."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    life = forms.ChoiceField(label=_("Works for"), choices=[])
    max_uses = forms.IntegerField(
        label=_("Can be opened"),
        min_value=1,
        max_value=MOST_USES,
        initial=USUAL_USES,
        help_text=_("Times, from 1 to 100"),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    may_download = forms.BooleanField(label=_("They may download the images too"), required=False)

    def __init__(self, *args: Any, decision: Decision, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = timezone.now()
        self.lives = _lives(decision, self.now)
        life = self.fields["life"]
        if isinstance(life, forms.ChoiceField):
            life.choices = [(key, words) for key, words, _end in self.lives]
        self.initial.setdefault("life", _usual([key for key, _words, _end in self.lives]))
        self.may_give_download = any(
            Permission.DOWNLOAD in decision.permissions_reaching(Reach.STUDY, end) for _key, _words, end in self.lives
        )
        if not self.may_give_download:
            del self.fields["may_download"]

    @property
    def terms(self) -> LinkTerms:
        """What the form asks for."""
        given = self.cleaned_data
        ends = {key: end for key, _words, end in self.lives}
        return LinkTerms(
            label=given["label"],
            valid_until=ends[given["life"]],
            max_uses=given["max_uses"],
            may_download=given.get("may_download", False),
        )


class PinForm(forms.Form):
    """The PIN, and the word that whoever is signed in wants to be signed out."""

    pin = forms.CharField(
        label=_("PIN"),
        max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "autofocus": True}),
    )

    def clean_pin(self) -> str:
        """The digits. Raises ValidationError for what cannot be a PIN, which counts as no guess."""
        pin = typed_pin(self.cleaned_data["pin"])
        if pin is None:
            raise forms.ValidationError(_("The PIN has 6 digits. Whoever sent the link can tell it to you."))
        return pin


def _lives(decision: Decision, now: datetime) -> list[tuple[str, str, datetime]]:
    """Key, words and end of each life that the maker's own access allows; the own end where that is in between."""
    lives: list[tuple[str, str, datetime]] = []
    for days in DAYS:
        end = now + timedelta(days=days)
        if _may_share_until(decision, end):
            words = ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
            lives.append((str(days), words, end))
    own = max((reason.until for reason in decision.reasons if reason.until is not None), default=None)
    if own is not None and now < own < now + LONGEST and len(lives) < len(DAYS) and _may_share_until(decision, own):
        words = _now("as long as your own access, until %(end)s") % {
            "end": date_format(timezone.localtime(own), "DATETIME_FORMAT")
        }
        lives.append((OWN_END, words, own))
    return lives


def _may_share_until(decision: Decision, end: datetime) -> bool:
    return Permission.SHARE in decision.permissions_reaching(Reach.STUDY, end)


def _usual(keys: list[str]) -> str:
    return str(USUAL_DAYS) if str(USUAL_DAYS) in keys else (keys[-1] if keys else "")
