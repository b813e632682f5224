"""Each table of the conformance statement, made from what the code accepts, offers and answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import UID

from dicomserver.archive.file_meta import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomserver.dicomweb.urls import urlpatterns
from dicomserver.orders.items import KNOWN
from dicomserver.query.attributes import ATTRIBUTES, UNIQUE_KEYS, Attribute, Kind, Level
from dicomserver.scp import contexts, server
from dicomserver.scp.query_keys import MODELS
from dicomserver.scp.services import SERVICES
from dicomserver.scu import commitment_data_sets, echoing, finding, getting, moving
from tests.document_tables import Row

# Whom NODE-SCU asks, beside the storage SOP classes: studies alone are looked for and fetched.
ASKED = (
    echoing.VERIFICATION,
    finding.STUDY_ROOT_FIND,
    moving.STUDY_ROOT_MOVE,
    getting.STUDY_ROOT_GET,
    commitment_data_sets.STORAGE_COMMITMENT,
)
LEVEL_NAMES = {Level.PATIENT: "PATIENT", Level.STUDY: "STUDY", Level.SERIES: "SERIES", Level.INSTANCE: "IMAGE"}
MATCHING = {
    Kind.UID: "list of UIDs",
    Kind.TEXT: "single value, wildcards",
    Kind.IDENTIFIERS: "single value, wildcards",
    Kind.NAME: "name, wildcards",
    Kind.FOLDED: "folded text, wildcards",
    Kind.DATE: "single value, range",
    Kind.TIME: "single value, range",
    Kind.NUMBER: "single value",
    Kind.ITEMS: "sequence of one item",
    Kind.BELOW_TEXT: "single value, wildcards, of any series",
    Kind.BELOW_UIDS: "list of UIDs, of any series",
    Kind.CONSTANT: "single value",
    Kind.RETURNED: "returned",
}


def all_tables() -> dict[str, list[Row]]:
    """Every table by its name; the first row is the head."""
    return {
        "services": services(),
        "implementation": implementation(),
        "storage": storage(),
        "transfer-syntaxes": transfer_syntaxes(),
        "query-retrieve": query_retrieve(),
        "query-keys": query_keys(),
        "worklist-keys": worklist_keys(),
        "limits": limits(),
        "dicomweb": dicomweb(),
    }


def name_of(uid: str) -> str:
    """What PS3.6 calls a UID."""
    return UID(uid).name.removesuffix(" (Retired)").removesuffix(" SOP Class").replace(" - ", ", ")


def by_number(uid: str) -> tuple[int, ...]:
    """Sorts UIDs as people do."""
    return tuple(int(part) for part in uid.split("."))


def yes(answer: bool) -> str:
    """Yes, or nothing."""
    return "yes" if answer else ""


def services() -> list[Row]:
    """What is served and asked beside storage; a peer's service is what it must have been given."""
    served = {uid: service for service in SERVICES for uid in service.abstract_syntaxes}
    uids = sorted({*served, *ASKED}, key=by_number)
    rows: list[Row] = [("SOP class", "UID", "SCU", "SCP", "service of the peer")]
    for uid in uids:
        is_served = uid in served or uid == contexts.VERIFICATION
        given = str(served[uid].name) if uid in served else "any"
        rows += [(name_of(uid), uid, yes(uid in ASKED), yes(is_served), given)]
    return [*rows, ("the storage SOP classes of table 4.2-1", "", "yes", "yes", "store")]


def implementation() -> list[Row]:
    """Who says so at each association (PS3.7 D.3.3.2)."""
    return [("implementation class UID", "version name"), (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)]


def storage() -> list[Row]:
    """SOP classes of storage: SCP of all, and SCU of whatever was received."""
    accepted = contexts.register_storage_sop_classes()
    retired = frozenset(contexts.RETIRED_STORAGE_SOP_CLASSES.values())
    head = ("SOP class", "UID", "SCU", "SCP", "retired")
    return [head, *((name_of(uid), uid, "yes", "yes", yes(uid in retired)) for uid in sorted(accepted, key=by_number))]


def transfer_syntaxes() -> list[Row]:
    """Transfer syntaxes that are taken for each of them; the last column: those of identifiers and other data sets."""
    head = ("transfer syntax", "UID", "storage", "other services")
    known = sorted({*contexts.TRANSFER_SYNTAXES, *contexts.DATA_SET_TRANSFER_SYNTAXES}, key=by_number)
    rows = (
        (name_of(uid), uid, yes(uid in contexts.TRANSFER_SYNTAXES), yes(uid in contexts.DATA_SET_TRANSFER_SYNTAXES))
        for uid in known
    )
    return [head, *rows]


def query_retrieve() -> list[Row]:
    """The information models, their levels, and what extended negotiation is answered with (PS3.4 C.5.1.1)."""
    rows: list[Row] = [("SOP class", "UID", "levels", "extended negotiation")]
    for service in SERVICES:
        for uid in sorted(service.abstract_syntaxes, key=by_number) if service.extended else ():
            levels = ", ".join(LEVEL_NAMES[level] for level in MODELS[_model_of(uid)])
            rows += [(name_of(uid), uid, levels, " ".join(str(byte) for byte in service.extended))]
    return rows


def _model_of(uid: str) -> str:
    """The FIND of the same model: its UID differs in the last component."""
    return uid.rpartition(".")[0] + ".1"


def query_keys() -> list[Row]:
    """The keys of each level, and how each is matched."""
    rows: list[Row] = [("level", "attribute", "tag", "matching")]
    for attribute in sorted(ATTRIBUTES.values(), key=lambda one: one.level):
        rows += [(LEVEL_NAMES[attribute.level], attribute.keyword, tag_text(attribute.keyword), _matching(attribute))]
    return rows


def _matching(attribute: Attribute) -> str:
    is_unique = attribute in UNIQUE_KEYS.values()
    return MATCHING[attribute.kind] + (" (unique key)" if is_unique else "")


def worklist_keys() -> list[Row]:
    """The keys of the modality worklist, those within sequences after their sequence."""
    return [("attribute", "tag", "matching"), *_keys_within(KNOWN, "")]


def _keys_within(known: Mapping[str, Any], within: str) -> Iterable[Row]:
    for keyword in sorted(known, key=lambda one: tag_for_keyword(one) or 0):
        items = known[keyword]
        vr = dictionary_VR(keyword)
        yield (f"{within}{keyword}", tag_text(keyword), _worklist_matching(vr))
        if vr == "SQ" and isinstance(items, Sequence) and items:
            yield from _keys_within(items[0], f"{within}> ")


def _worklist_matching(vr: str) -> str:
    if vr == "SQ":
        return "sequence"
    if vr in {"DA", "TM"}:
        return "single value, range"
    if vr == "UI":
        return "list of UIDs"
    if vr in {"DS", "IS", "US"}:
        return "single value"
    return "name, wildcards" if vr == "PN" else "single value, wildcards"


def limits() -> list[Row]:
    """Time-outs and bounds of an association."""
    return [
        ("limit", "value"),
        ("longest P-DATA that is announced", f"{server.MAX_PDU_BYTES} bytes"),
        ("an association must be asked for within", f"{server.ACSE_TIMEOUT_SECONDS} s"),
        ("a response is waited for", f"{server.DIMSE_TIMEOUT_SECONDS} s"),
        ("a silent association ends after", f"{server.NETWORK_TIMEOUT_SECONDS} s"),
    ]


def dicomweb() -> list[Row]:
    """The addresses below the server's."""
    routes = (str(route.pattern) for route in urlpatterns)
    shown = (route for route in routes if route.startswith("dicomweb/"))
    return [("resource",), *((f"`/{route.replace('uid:', '').replace('str:', '')}`",) for route in shown)]


def tag_text(keyword: str) -> str:
    """As (gggg,eeee)."""
    tag = tag_for_keyword(keyword) or 0
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
