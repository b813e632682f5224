"""One event as the page shows it: five cells of two lines, and the facts that open below them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.models import Action, AuditEvent, Outcome
from audit.words import (
    DETAILS,
    ERRANDS,
    FILTERS,
    HOWS,
    ICONS,
    PERMISSIONS,
    TRIED,
    TRIED_ACTS,
    WAYS,
    Words,
    reason_words,
    role_words,
    rule_words,
)

_TIMES: Final = frozenset({"valid_from", "valid_until", "expires_at", "ended_at"})
# What was done with a study after it was opened, by break-glass perhaps.
_NO_OPENINGS: Final = frozenset(
    {Action.IMAGES_PRINTED, Action.IMAGES_SAVED, Action.MEASUREMENTS_SAVED, Action.MEASUREMENTS_STORED}
)


@dataclass(frozen=True)
class Fact:
    """A label and what stands beside it; `is_code` for IDs and digests."""

    label: Words
    value: str
    is_code: bool = False


@dataclass(frozen=True)
class EventRow:
    """An event in words. Everything is text that the template escapes."""

    event: AuditEvent
    who: str
    who_detail: str
    did_what: str
    did_detail: str
    icon: str
    by_rule: str
    facts: tuple[Fact, ...]

    @property
    def is_denied(self) -> bool:
        """True where the act was refused."""
        return self.event.outcome == Outcome.DENIED

    @property
    def is_break_glass(self) -> bool:
        """True where the policy said no and a reason opened it."""
        return self.event.outcome == Outcome.BREAK_GLASS


def row_of(event: AuditEvent) -> EventRow:
    """The row of `event`, in the language of the reader."""
    role = str(role_words(event.actor_role))
    return EventRow(
        event=event,
        who=event.actor_name or role or _("Unknown"),
        who_detail=", ".join(part for part in (role if event.actor_name else "", event.actor_institution) if part),
        did_what=_did_what(event),
        did_detail=_did_detail(event),
        icon=ICONS.get(event.action, "info-circle"),
        by_rule=str(rule_words(event.rule)),
        facts=tuple(_facts(event)),
    )


def _did_what(event: AuditEvent) -> str:
    if event.outcome == Outcome.BREAK_GLASS and event.action not in _NO_OPENINGS:
        return _("Opened by break-glass")
    if event.action == Action.VIEWER_TOKEN_ISSUED and event.details.get("renewed"):
        return _("Renewed the pass for the images")
    if event.action == Action.ACCESS_DENIED and event.details.get("tried") in TRIED_ACTS:
        return str(TRIED_ACTS[event.details["tried"]])
    if event.action == Action.ERRAND_BEGUN and event.details.get("errand") in ERRANDS:
        return str(ERRANDS[event.details["errand"]])
    return str(event.get_action_display())


def _did_detail(event: AuditEvent) -> str:
    describe = _DESCRIPTIONS.get(event.action)
    return describe(event.details) if describe else ""


def _images(details: dict[str, Any]) -> str:
    number = int(details.get("instances", 0))
    images = ngettext("%(number)s image", "%(number)s images", number) % {"number": _number(number)}
    return _("%(images)s, 1 session") % {"images": images}


def _taken_out(details: dict[str, Any]) -> str:
    number = int(details.get("instances", 0))
    images = ngettext("%(number)s image", "%(number)s images", number) % {"number": _number(number)}
    return _("%(images)s, %(how)s") % {"images": images, "how": _how(details)}


def _transferred(details: dict[str, Any]) -> str:
    number = int(details.get("instances", 0))
    images = ngettext("%(number)s image", "%(number)s images", number) % {"number": _number(number)}
    parts = {"images": images, "peer": details.get("peer", "?"), "way": _way(details)}
    return _("%(images)s to %(peer)s, %(way)s") % parts


def _deleted(details: dict[str, Any]) -> str:
    number = int(details.get("instances", 0))
    images = ngettext("%(number)s image", "%(number)s images", number) % {"number": _number(number)}
    reason = str(details.get("reason", ""))
    return _("%(images)s, because: %(reason)s") % {"images": images, "reason": reason} if reason else images


def _archives(details: dict[str, Any]) -> str:
    return ", ".join(str(archive) for archive in details.get("archives", []))


def _fetched(details: dict[str, Any]) -> str:
    number = int(details.get("instances", 0))
    images = ngettext("%(number)s image", "%(number)s images", number) % {"number": _number(number)}
    return _("%(images)s from %(peer)s") % {"images": images, "peer": details.get("peer", "?")}


def _stored(details: dict[str, Any]) -> str:
    number = int(details.get("instances", 0))
    objects = ngettext("%(number)s object", "%(number)s objects", number) % {"number": _number(number)}
    return _("%(objects)s, %(way)s") % {"objects": objects, "way": _way(details)}


def _way(details: dict[str, Any]) -> str:
    way = str(details.get("way", ""))
    return str(WAYS.get(way, way))


def _how(details: dict[str, Any]) -> str:
    how = str(details.get("how", ""))
    return str(HOWS.get(how, how))


def _studies_shown(details: dict[str, Any]) -> str:
    number = int(details.get("results", 0))
    return ngettext("%(number)s study shown", "%(number)s studies shown", number) % {"number": _number(number)}


def _events_shown(details: dict[str, Any]) -> str:
    number = int(details.get("results", 0))
    return ngettext("%(number)s event shown", "%(number)s events shown", number) % {"number": _number(number)}


def _access_given(details: dict[str, Any]) -> str:
    return _("to %(person)s, until %(end)s") % {
        "person": details.get("person_name", "?"),
        "end": _day(str(details.get("valid_until", ""))),
    }


def _of_person(details: dict[str, Any]) -> str:
    return _("of %(person)s") % {"person": details.get("person_name", "?")}


def _to_person(details: dict[str, Any]) -> str:
    return _("to %(person)s") % {"person": details.get("person_name", "?")}


def _role_to_person(details: dict[str, Any]) -> str:
    role = role_words(str(details.get("role", "")))
    return _("%(role)s: %(person)s") % {"role": role, "person": details.get("person_name", "?")}


def _refusal(details: dict[str, Any]) -> str:
    return reason_words(str(details.get("reason", "")))


def _tried(details: dict[str, Any]) -> str:
    tried = str(details.get("tried", ""))
    return "" if tried in TRIED_ACTS else str(TRIED.get(tried, tried))


def _text_of(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda details: str(details.get(name, ""))


_DESCRIPTIONS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    Action.SIGN_IN_FAILED: _text_of("username"),
    Action.PASSWORD_CHANGED: _text_of("person_name"),
    Action.SECOND_FACTOR_ADDED: _text_of("kind"),
    Action.SECOND_FACTOR_REMOVED: _text_of("kind"),
    Action.SESSION_ENDED: _text_of("session_address"),
    Action.SIGNED_OUT_EVERYWHERE: _text_of("person_name"),
    Action.API_TOKEN_MADE: _text_of("name"),
    Action.API_TOKEN_REVOKED: _text_of("name"),
    Action.WORKLIST_QUERIED: _studies_shown,
    Action.ORDER_PLACED: _text_of("accession_number"),
    Action.ORDER_CHANGED: _text_of("accession_number"),
    Action.ORDER_CANCELLED: _text_of("accession_number"),
    Action.PIXELS_READ: _images,
    Action.INSTANCES_SENT: _transferred,
    Action.ELSEWHERE_SEARCHED: _archives,
    Action.STUDY_FETCHED: _fetched,
    Action.INSTANCES_STORED: _stored,
    Action.INSTANCES_DELETED: _deleted,
    Action.IMAGES_PRINTED: _taken_out,
    Action.IMAGES_SAVED: _taken_out,
    Action.MEASUREMENTS_STORED: _how,
    Action.TOKEN_REFUSED: _refusal,
    Action.ACCESS_DENIED: _tried,
    Action.GRANT_MADE: _access_given,
    Action.GRANT_REVOKED: _of_person,
    Action.ASSIGNMENT_MADE: _to_person,
    Action.ASSIGNMENT_ENDED: _of_person,
    Action.AUDIT_READ: _events_shown,
    Action.ENROLMENT_CODE_MADE: _text_of("server_name"),
    Action.SERVER_ENROLLED: _text_of("server_name"),
    Action.NATIONAL_ID_SET: _of_person,
    Action.PROVIDER_ACCOUNT_MADE: _of_person,
    Action.PROVIDER_CONNECTION_ALLOWED: _of_person,
    Action.ROLE_GIVEN: _role_to_person,
    Action.ROLE_TAKEN: _role_to_person,
    Action.PHYSICIAN_ALIAS_SET: _to_person,
    Action.SHARE_LINK_MADE: _access_given,
    Action.SHARE_LINK_PIN_WRONG: _of_person,
    Action.SHARE_LINK_CLOSED: _refusal,
    Action.SHARE_LINK_REVOKED: _of_person,
    Action.ERRAND_BEGUN: _text_of("server_name"),
    Action.INVITATION_SENT: _text_of("email"),
    Action.INVITATION_WITHDRAWN: _text_of("email"),
    Action.INVITATION_ACCEPTED: _text_of("email"),
    Action.PERSON_SUSPENDED: _text_of("person_name"),
    Action.PERSON_RESUMED: _text_of("person_name"),
    Action.ACCOUNT_SUSPENDED: _text_of("person_name"),
    Action.ACCOUNT_RESUMED: _text_of("person_name"),
    Action.CONSULTATION_ANSWERED: _of_person,
    Action.BREAK_GLASS_SOUGHT: _studies_shown,
    Action.BREAK_GLASS_REVIEWED: _of_person,
    Action.ACCESS_REQUEST_APPROVED: _of_person,
    Action.ACCESS_REQUEST_DECLINED: _of_person,
    Action.ACCESS_EXPLAINED: _of_person,
    Action.LOOKS_READ: _events_shown,
}


def _facts(event: AuditEvent) -> Iterator[Fact]:
    for name, value in _in_order(event.details, DETAILS):
        text = _value_words(name, value)
        if text:
            yield Fact(DETAILS.get(name, name), text, is_code=name.endswith(("_id", "_uid")) or name == "sub")
    if event.institution:
        yield Fact(_("Institution"), event.institution)
    if event.patient_identifiers:
        yield Fact(_("Patient IDs"), ", ".join(event.patient_identifiers), is_code=True)
    for label, code in (
        (_("Study"), event.study_instance_uid),
        (_("DICOM Server"), event.server_id),
        (_("From address"), event.remote_address),
        (_("Request"), event.request_id),
    ):
        if code:
            yield Fact(label, code, is_code=True)
    yield Fact(_("Event"), _number(event.pk), is_code=True)
    yield Fact(_("Recorded"), _moment(event.recorded_at))


def _in_order(values: dict[str, Any], order: Iterable[str]) -> list[tuple[str, Any]]:
    """The items in the order in which people read them; PostgreSQL keeps none."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(values.items(), key=lambda item: (places.get(item[0], len(places)), item[0]))


def _value_words(name: str, value: Any) -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case int():
            return _number(value)
        case dict():
            return ", ".join(
                f"{FILTERS.get(key, key)}: {_value_words(key, item)}" for key, item in _in_order(value, FILTERS)
            )
        case list():
            return ", ".join(str(PERMISSIONS.get(str(item), item)) for item in value)
        case str() if name in _TIMES:
            moment = parse_datetime(value)
            return _moment(moment) if moment else value
        case str() if name == "role":
            return str(role_words(value))
        case str() if name == "how":
            return str(HOWS.get(value, value))
        case str() if name == "way":
            return str(WAYS.get(value, value))
        case str() if name == "errand":
            return str(ERRANDS.get(value, value))
        case str() if name == "tried":
            return str(TRIED.get(value, TRIED_ACTS.get(value, value)))
        case str() if name == "reason":
            return reason_words(value)
        case _:
            return str(value)


def _day(text: str) -> str:
    moment = parse_datetime(text)
    return formats.date_format(timezone.localtime(moment), "j M Y") if moment else text


def _moment(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M Y, H:i:s")


def _number(number: int) -> str:
    # Groups of three behind a narrow no-break space, in all languages.
    return f"{number:,}".replace(",", "\u202f")
