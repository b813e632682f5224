"""The filters of the page as chips: a set one is taken back by a click, another opens a field or a list."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import QueryDict
from django.utils import formats
from django.utils.translation import gettext as _

from audit.models import Action
from audit.selectors import AuditFilters, institutions_in_log, rules_in_log
from audit.words import rule_words

_CURSOR: Final = "cursor"


@dataclass(frozen=True)
class Option:
    """One choice of a list, and the address at which it is set."""

    label: str
    url: str


@dataclass(frozen=True)
class Chip:
    """A filter. Set: `url` takes it back. Not set: `options` to click, or `fields` to fill in, or `url` to set it."""

    name: str
    label: str
    is_set: bool = False
    url: str = ""
    options: tuple[Option, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    """Name, type and label of each input."""
    kept: tuple[tuple[str, str], ...] = ()
    """The other filters, as hidden inputs beside the fields."""


def chips_of(filters: AuditFilters, query: QueryDict) -> list[Chip]:
    """The chips in the order of the page."""
    chips = [
        _dates(filters, query),
        _typed("patient", filters.patient, _("Patient"), _("Patient ID"), query),
        _typed("person", filters.person, _("Person"), _("Name"), query),
        _listed("action", filters.action, _("Action"), [(code, str(label)) for code, label in Action.choices], query),
        _listed(
            "institution",
            filters.institution,
            _("Institution"),
            [(name, name) for name in institutions_in_log()],
            query,
        ),
        _listed("rule", filters.rule, _("Rule"), [(code, str(rule_words(code))) for code in rules_in_log()], query),
    ]
    if filters.study_instance_uid:
        chips.append(
            Chip("study", f"{_('Study')} {filters.study_instance_uid}", True, _without(query, "study_instance_uid"))
        )
    chips.append(
        Chip("denied", _("Denied only"), True, _without(query, "denied"))
        if filters.denied
        else Chip("denied", _("Denied only"), url=_with(query, "denied", "on"))
    )
    return chips


def _dates(filters: AuditFilters, query: QueryDict) -> Chip:
    since, until = filters.since, filters.until
    if since and until:
        words = _("%(since)s to %(until)s") % {"since": _first_day(since, until), "until": _day(until)}
    elif since:
        words = _("from %(since)s") % {"since": _day(since)}
    elif until:
        words = _("to %(until)s") % {"until": _day(until)}
    else:
        fields = (("since", "date", _("From")), ("until", "date", _("To")))
        return Chip("dates", _("Date"), fields=fields, kept=_kept(query, "since", "until"))
    return Chip("dates", words, True, _without(query, "since", "until"))


def _typed(name: str, value: str, label: str, field_label: str, query: QueryDict) -> Chip:
    if value:
        return Chip(name, f"{label} {value}", True, _without(query, name))
    return Chip(name, label, fields=((name, "text", field_label),), kept=_kept(query, name))


def _listed(name: str, value: str, label: str, choices: list[tuple[str, str]], query: QueryDict) -> Chip:
    if value:
        return Chip(name, dict(choices).get(value, value), True, _without(query, name))
    return Chip(name, label, options=tuple(Option(words, _with(query, name, code)) for code, words in choices))


def _with(query: QueryDict, name: str, value: str) -> str:
    changed = query.copy()
    changed[name] = value
    changed.pop(_CURSOR, None)
    return f"?{changed.urlencode()}"


def _without(query: QueryDict, *names: str) -> str:
    changed = query.copy()
    for name in (*names, _CURSOR):
        changed.pop(name, None)
    return f"?{changed.urlencode()}"


def _kept(query: QueryDict, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(query[name])) for name in query if name not in {*names, _CURSOR} and query[name])


def _first_day(since: date, until: date) -> str:
    """The first day of a range, without the month and year that the last day says."""
    return formats.date_format(since, "j") if (since.year, since.month) == (until.year, until.month) else _day(since)


def _day(day: date) -> str:
    return formats.date_format(day, "j M Y")
