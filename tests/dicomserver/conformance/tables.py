"""Each table of the conformance statement, made from what the code accepts, offers and answers."""

from pydicom.uid import UID

from dicomserver.archive.file_meta import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicomserver.scp import contexts
from tests.document_tables import Row


def all_tables() -> dict[str, list[Row]]:
    """Every table by its name; the first row is the head."""
    return {
        "implementation": implementation(),
        "storage": storage(),
        "transfer-syntaxes": transfer_syntaxes(),
    }


def name_of(uid: str) -> str:
    """What PS3.6 calls a UID."""
    return UID(uid).name


def by_number(uid: str) -> tuple[int, ...]:
    """Sorts UIDs as people do."""
    return tuple(int(part) for part in uid.split("."))


def implementation() -> list[Row]:
    """Who says so at each association (PS3.7 D.3.3.2)."""
    return [("implementation class UID", "version name"), (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)]


def storage() -> list[Row]:
    """SOP classes of storage: SCP of all, and SCU of whatever was received."""
    accepted = contexts.register_storage_sop_classes()
    retired = frozenset(contexts.RETIRED_STORAGE_SOP_CLASSES.values())
    head = ("SOP class", "UID", "SCU", "SCP", "")
    names = {uid: name_of(uid).removesuffix(" (Retired)") for uid in sorted(accepted, key=by_number)}
    return [head, *((name, uid, "yes", "yes", "retired" if uid in retired else "") for uid, name in names.items())]


def transfer_syntaxes() -> list[Row]:
    """Transfer syntaxes that are taken for each of them."""
    rows: list[Row] = [("transfer syntax", "UID")]
    rows += [(name_of(uid), uid) for uid in sorted(contexts.TRANSFER_SYNTAXES, key=by_number)]
    return rows
