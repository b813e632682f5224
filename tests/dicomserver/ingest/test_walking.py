"""The header walker agrees with pydicom: on the developers' files, on made headers, and on what is left of them."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dicomserver.archive.content import OpenFile
from dicomserver.archive.part10 import NotPart10, read_file_head
from dicomserver.ingest.encoding import encoding_of
from dicomserver.ingest.header import InstanceHeader, parsed_header, walked_header
from dicomserver.ingest.walking import walk, wanted_vrs
from fuzz.fuzz_header import ISSUERS, compare, fuzz_one, outcome
from tests.dicomserver.ingest.made_headers import SYNTAXES, UNDEFINED, Packer, data_sets
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, encode, small_ct

PATIENT_ID = 0x00100020
LITTLE, IMPLICIT_LITTLE = Packer(implicit=False, big=False), Packer(implicit=True, big=False)
# What pydicom has to read: deflated, a character set misspelt, headers of more than 256 kB, and no UIDs.
PARSED_FILES = 6


@pytest.fixture(scope="module")
def counts() -> Iterator[Counter[str]]:
    """How often the walker was sure; shown by `pytest -s`."""
    counted: Counter[str] = Counter()
    yield counted
    print(f"\nheader walker: {dict(sorted(counted.items()))}")


def test_the_walker_agrees_with_pydicom_on_every_file_of_the_developers_set(
    shared_data: Path, tmp_path: Path, counts: Counter[str]
) -> None:
    parsed_only = []
    for path in sorted(path for path in shared_data.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            try:
                head = read_file_head(file)
            except NotPart10:
                counts["files: no DICOM"] += 1
                continue
            place = OpenFile(file.fileno()), head.data_set_offset, head.meta.transfer_syntax_uid
            walked = outcome(lambda: walked_header(*place, ISSUERS))  # noqa: B023 - called at once
            parsed = outcome(lambda: parsed_header(*place, tmp_path, ISSUERS))  # noqa: B023 - called at once
        assert walked is None or walked == parsed, path
        if not isinstance(parsed, InstanceHeader):
            counts["files: refused"] += 1
        elif walked is None:
            parsed_only.append(path.relative_to(shared_data).as_posix())
        else:
            counts["files: walked, equal"] += 1
    counts["files: left to pydicom"] += len(parsed_only)
    assert len(parsed_only) <= PARSED_FILES, parsed_only
    assert counts["files: walked, equal"] >= 700
    ordinary = ("ct-chest", "mr-brain-3d", "mr-multiseries", "xa-cine", "xray", "geometry", "pet", "nm", "enhanced")
    assert not [path for path in parsed_only if path.startswith(ordinary)]


@pytest.mark.parametrize("transfer_syntax_uid", SYNTAXES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_the_walker_agrees_with_pydicom_on_made_headers(
    transfer_syntax_uid: str, counts: Counter[str], data: st.DataObject
) -> None:
    made = data.draw(data_sets(transfer_syntax_uid))
    note(counts, f"made {transfer_syntax_uid}", compare(made, transfer_syntax_uid))


@pytest.mark.parametrize("transfer_syntax_uid", SYNTAXES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_the_walker_agrees_with_pydicom_on_broken_headers(
    transfer_syntax_uid: str, counts: Counter[str], data: st.DataObject
) -> None:
    made = data.draw(data_sets(transfer_syntax_uid))
    for _ in range(4):
        broken = bytearray(made)
        for place, value in data.draw(
            st.lists(st.tuples(st.integers(0, len(made) - 1), st.integers(0, 255)), max_size=3)
        ):
            broken[place] = value
        del broken[data.draw(st.one_of(st.just(len(made)), st.integers(0, len(made)))) :]
        note(counts, f"broken {transfer_syntax_uid}", compare(bytes(broken), transfer_syntax_uid))


def note(counts: Counter[str], kind: str, result: tuple[bool, bool]) -> None:
    """Count one comparison."""
    sure, taken = result
    counts[f"{kind}: {'walked' if sure else 'left to pydicom'}, {'equal' if taken else 'refused'}"] += 1


@pytest.mark.parametrize("transfer_syntax_uid", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_an_ordinary_header_is_walked_not_parsed(transfer_syntax_uid: str) -> None:
    assert header_of(encode(small_ct(), transfer_syntax_uid), transfer_syntax_uid) is not None


def test_a_deflated_header_is_left_to_pydicom() -> None:
    assert header_of(encode(small_ct(), DEFLATED), DEFLATED) is None


def header_of(data: bytes, transfer_syntax_uid: str = EXPLICIT) -> InstanceHeader | None:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return walked_header(OpenFile(file.fileno()), 0, transfer_syntax_uid, ())


def patient_id(data: bytes, packer: Packer = LITTLE) -> bytes | None:
    """What the walker finds of the PatientID; None where it is unsure."""
    uid = IMPLICIT if packer.implicit else EXPLICIT
    walked = walk(data, len(data), encoding_of(uid), wanted_vrs(frozenset({"PatientID"})))
    return None if walked is None else walked.elements.get(PATIENT_ID, b"")


NAME = LITTLE.element(0x00100010, "PN", b"A^B ")
ID = LITTLE.element(PATIENT_ID, "LO", b"P1")
INNER = LITTLE.element(0x00080100, "SH", b"T1")
DELIMITER, ITEM_DELIMITER = LITTLE.item(0xFFFEE0DD), LITTLE.item(0xFFFEE00D)


@pytest.mark.parametrize(
    "before",
    [
        b"",
        LITTLE.element(0x00081140, "SQ", LITTLE.item(0xFFFEE000, INNER)),
        LITTLE.element(0x00081140, "SQ", LITTLE.item(0xFFFEE000, INNER) + DELIMITER, UNDEFINED),
        LITTLE.element(
            0x00081140, "SQ", LITTLE.item(0xFFFEE000, INNER, UNDEFINED) + ITEM_DELIMITER + DELIMITER, UNDEFINED
        ),
        LITTLE.element(0x00081140, "SQ", DELIMITER, UNDEFINED),
        LITTLE.element(
            0x00091010,
            "UN",
            LITTLE.item(0xFFFEE000, IMPLICIT_LITTLE.element(0x00080100, "", b"T1")) + DELIMITER,
            UNDEFINED,
        ),
        LITTLE.element(0x00091010, "OB", ID),
    ],
)
def test_what_is_not_wanted_is_skipped(before: bytes) -> None:
    assert patient_id(before + ID) == ID


@pytest.mark.parametrize(
    "data",
    [
        ID + NAME,
        ID + ID,
        LITTLE.element(0x00080100, "ZZ", b"T1") + ID,
        IMPLICIT_LITTLE.element(0x00080100, "", b"T1") + ID,
        LITTLE.element(PATIENT_ID, "UN", b"P1"),
        LITTLE.element(PATIENT_ID, "LO", b"P1", 4),
        ID + b"\0",
        ID[:-1],
        LITTLE.element(0x00080005, "CS", b"ISO-IR 100") + ID,
        LITTLE.element(0x00080005, "US", b"\1\0") + ID,
        LITTLE.element(PATIENT_ID, "LO", b"x" * 20_000),
        LITTLE.element(0x00081140, "SQ", LITTLE.item(0xFFFEE000, INNER), UNDEFINED) + ID,
        LITTLE.element(0x00081140, "SQ", LITTLE.item(0xFFFEE000, INNER, len(INNER) - 1) + DELIMITER, UNDEFINED) + ID,
        LITTLE.element(0x00081140, "SQ", INNER + DELIMITER, UNDEFINED) + ID,
        LITTLE.element(0x00091010, "OB", LITTLE.item(0xFFFEE000) + DELIMITER, UNDEFINED) + ID,
        DELIMITER + ID,
    ],
)
def test_what_is_odd_is_left_to_pydicom(data: bytes) -> None:
    assert patient_id(data) is None


def test_an_explicit_data_set_announced_as_implicit_is_left_to_pydicom() -> None:
    assert patient_id(ID, IMPLICIT_LITTLE) is None
    assert patient_id(IMPLICIT_LITTLE.element(PATIENT_ID, "", b"P1"), IMPLICIT_LITTLE) is not None


def test_sequences_nested_deeper_than_is_usual_are_left_to_pydicom() -> None:
    def nested(depth: int) -> bytes:
        content = INNER
        for _ in range(depth):
            items = LITTLE.item(0xFFFEE000, content, UNDEFINED) + ITEM_DELIMITER + DELIMITER
            content = LITTLE.element(0x00081140, "SQ", items, UNDEFINED)
        return content

    assert patient_id(nested(17) + ID) == ID
    assert patient_id(nested(18) + ID) is None


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_by_both(data: bytes) -> None:
    fuzz_one(data)
