"""Cleans the objects that a search answers, before they are matched: a query must not tell what the answer hides."""

from typing import Any

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.deidentified.disguise import Disguise, checked, dummy
from dicomserver.dicomweb.deidentified.profile import Action, action_for
from dicomserver.dicomweb.objects import Object

RETRIEVE_URL = "00081190"
_LEVELS = ("0020000D", "0020000E", "00080018")


def clean_object(original: Object, disguise: Disguise) -> Object:
    """The object as its reader may see it."""
    cleaned = {
        tag: element
        for tag, given in original.items()
        if (element := _cleaned(int(tag, 16), given, disguise)) is not None
    }
    if RETRIEVE_URL in original:
        uids = [cleaned[tag]["Value"][0] for tag in _LEVELS if tag in cleaned]
        cleaned[RETRIEVE_URL] = {"vr": "UR", "Value": [url_of(*uids)]}
    return dict(sorted(cleaned.items()))


def _cleaned(tag: int, element: dict[str, Any], disguise: Disguise) -> dict[str, Any] | None:
    vr, values = element["vr"], element.get("Value", [])
    match action_for(tag, vr, disguise.options):
        case Action.KEEP:
            return element
        case Action.EMPTY:
            return {"vr": vr}
        case Action.DUMMY:
            return _element(vr, [{"Alphabetic": dummy(vr)} if vr == "PN" else dummy(vr)])
        case Action.PSEUDONYM:
            return _element(vr, [{"Alphabetic": disguise.pseudonym} if vr == "PN" else disguise.pseudonym])
        case Action.MAP:
            return _element(vr, [disguise.uid(str(uid)) for uid in values])
        case Action.SHIFT:
            return _element(vr, [disguise.shifted(vr, str(text)) for text in values])
        case Action.CHECK:
            return _element(vr, [checked(vr, str(text)) for text in values])
        case Action.REMOVE:
            return None


def _element(vr: str, values: list[Any]) -> dict[str, Any]:
    known = [value for value in values if value]
    return {"vr": vr, "Value": known} if known else {"vr": vr}
