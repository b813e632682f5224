"""Data sets packed by hand, so that they can hold what pydicom would not write; hypothesis chooses what they hold."""

import struct
import zlib
from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword

from dicomserver.ingest.attributes import SERIES_KEYWORDS, STUDY_KEYWORDS
from dicomserver.ingest.pixels import PIXEL_KEYWORDS
from tests.dicomserver.objects import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, JPEG_LS

SYNTAXES: Final = (EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED, JPEG_LS)
UNDEFINED: Final = 0xFFFFFFFF
_LONG: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_CHARACTER_SETS: Final = {
    "": "ascii",
    "ISO_IR 100": "latin_1",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "ISO 2022 IR 6\\ISO 2022 IR 87": "iso2022_jp",
    "\\ISO 2022 IR 149": "euc_kr",
    "ISO-IR 100": "latin_1",
    "ISO 2022 IR 13\\ISO_IR 192": "utf-8",
    "nonsense": "utf-8",
}
_NAMES: Final = (
    "Popescu^Ion",
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Люксембург",
    "Äneas^Rüdiger",
    "Wang^XiaoDong=王^小东",
    "",
)
_PRIVATE: Final = (0x00091010, 0x00190010, 0x00290010, 0x00291010, 0x7FE10010)
_ORDINARY: Final = (0x00080008, 0x00081140, 0x00180050, 0x00200032, 0x00209228, 0x00280030, 0x00400275, 0x00420011)
_SEQUENCES: Final = (0x00081140, 0x00082218, 0x00101002, 0x00400275, 0x00291010, 0x00540016)


@dataclass(frozen=True)
class Packer:
    """Packs elements as one transfer syntax has them."""

    implicit: bool
    big: bool

    def element(self, tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
        """One element; `length` lies about the value."""
        order = ">" if self.big else "<"
        length = len(value) if length is None else length
        place = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF)
        if self.implicit:
            return place + struct.pack(f"{order}L", length) + value
        if vr in _LONG:
            return place + vr.encode() + struct.pack(f"{order}HL", 0, length) + value
        return place + vr.encode() + struct.pack(f"{order}H", length & 0xFFFF) + value

    def item(self, tag: int, value: bytes = b"", length: int | None = None) -> bytes:
        """An item or a delimiter."""
        order = ">" if self.big else "<"
        return struct.pack(f"{order}HHL", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


@st.composite
def sequences(draw: st.DrawFn, packer: Packer, depth: int = 0) -> bytes:
    """The items of a sequence of undefined length, with its delimiter; some of VR UN hold items in implicit VR."""
    items = b""
    for _ in range(draw(st.integers(0, 2))):
        content = b"".join(draw(st.lists(nested(packer, depth + 1), max_size=3)))
        if draw(st.booleans()):
            items += packer.item(0xFFFEE000, content)
        else:
            items += packer.item(0xFFFEE000, content, UNDEFINED) + packer.item(0xFFFEE00D)
    return items + packer.item(0xFFFEE0DD)


@st.composite
def nested(draw: st.DrawFn, packer: Packer, depth: int) -> bytes:
    """An element of an item."""
    kind = draw(st.integers(0, 9))
    if kind < 3 and depth < 4:
        return draw(sequence_elements(packer, depth))
    if kind == 3:
        return packer.element(0x00080005, "CS", draw(st.sampled_from(sorted(_CHARACTER_SETS))).encode())
    tag, vr = draw(
        st.sampled_from(
            [(0x00100020, "LO"), (0x00100021, "LO"), (0x00400009, "SH"), (0x00400033, "UT"), (0x00091010, "UN")]
        )
    )
    return packer.element(tag, vr, draw(st.sampled_from([b"", b"IDNP", b"2004012345678 ", b"\xff\xfe\x00\xe0"])))


@st.composite
def sequence_elements(draw: st.DrawFn, packer: Packer, depth: int = 0, tag: int | None = None) -> bytes:
    """A sequence of defined or undefined length, as SQ or as UN."""
    tag = draw(st.sampled_from(_SEQUENCES)) if tag is None else tag
    vr = draw(st.sampled_from(["SQ", "SQ", "SQ", "UN"]))
    inner = Packer(True, packer.big) if vr == "UN" and draw(st.booleans()) else packer
    content = draw(sequences(inner, depth))
    if draw(st.booleans()):
        return packer.element(tag, vr, content[:-8])
    return packer.element(tag, vr, content, UNDEFINED)


@st.composite
def values(draw: st.DrawFn, vr: str, character_set: str, packer: Packer) -> bytes:
    """A value of the VR: ordinary, empty, padded, of odd length, of several values, or nonsense."""
    if vr in ("US", "SS"):
        numbers = draw(st.lists(st.integers(0, 600), min_size=0, max_size=2))
        return b"".join(struct.pack(">H" if packer.big else "<H", number) for number in numbers)
    if vr == "OV":
        return draw(st.binary(max_size=24))
    if vr == "IS":
        return draw(st.sampled_from([b"1", b"2 ", b" 7", b"12\\13", b"", b"zz", b"1.5", b"99999999999", b"-3\0"]))
    if vr in ("PN", "LO", "SH"):
        text = "\\".join(draw(st.lists(st.sampled_from([*_NAMES, "P-1 ", "a\x1b$Bb"]), min_size=1, max_size=2)))
        return text.encode(_CHARACTER_SETS[character_set], "replace") + draw(st.sampled_from([b"", b" ", b"\0"]))
    return draw(st.sampled_from([b"", b"20260102", b"101112.5", b"M ", b"MONOCHROME2 ", b"YBR_FULL_422", b"\xff\x00a"]))


@st.composite
def data_sets(draw: st.DrawFn, transfer_syntax_uid: str) -> bytes:
    """A data set of random elements, most in order, with or without pixel data."""
    packer = Packer(transfer_syntax_uid == IMPLICIT, transfer_syntax_uid == BIG_ENDIAN)
    character_set = draw(st.sampled_from(sorted(_CHARACTER_SETS)))
    elements = {0x00080005: packer.element(0x00080005, "CS", character_set.encode())} if draw(st.booleans()) else {}
    if not elements:
        character_set = ""
    elements |= {
        tag: packer.element(tag, "UI", uid)
        for tag, uid in (
            (0x00080016, b"1.2.840\0"),
            (0x00080018, b"1.2.3"),
            (0x0020000D, b"1.2.4 "),
            (0x0020000E, b"1.25"),
        )
    }
    wanted = sorted(STUDY_KEYWORDS | SERIES_KEYWORDS | PIXEL_KEYWORDS | {"InstanceNumber"})
    for keyword in draw(st.lists(st.sampled_from(wanted), unique=True, max_size=14)):
        tag = tag_for_keyword(keyword) or 0
        vr = dictionary_VR(tag)
        if vr == "SQ":
            elements[tag] = draw(sequence_elements(packer, tag=tag))
        else:
            elements[tag] = packer.element(tag, vr, draw(values(vr, character_set, packer)))
    for tag in draw(st.lists(st.sampled_from([*_PRIVATE, *_ORDINARY]), unique=True, max_size=3)):
        elements[tag] = packer.element(
            tag, draw(st.sampled_from(["LO", "OB", "UN", "DS"])), draw(st.binary(max_size=9))
        )
    for tag in draw(st.lists(st.sampled_from(_SEQUENCES), unique=True, max_size=2)):
        elements[tag] = draw(sequence_elements(packer, tag=tag))
    body = b"".join(element for _, element in sorted(elements.items()))
    data = body + draw(pixel_data(packer, transfer_syntax_uid)) + draw(endings(packer))
    if transfer_syntax_uid != DEFLATED:
        return data
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(data) + deflater.flush()


@st.composite
def pixel_data(draw: st.DrawFn, packer: Packer, transfer_syntax_uid: str) -> bytes:
    """Native or encapsulated pixel data, or none."""
    kind = draw(st.integers(0, 4))
    if kind == 0:
        return b""
    if transfer_syntax_uid != JPEG_LS or kind == 1:
        tag, vr = draw(
            st.sampled_from([(0x7FE00010, "OW"), (0x7FE00010, "OB"), (0x7FE00008, "OF"), (0x7FE00009, "OD")])
        )
        return packer.element(tag, vr, bytes(draw(st.integers(0, 500))))
    fragments = draw(st.lists(st.sampled_from([b"\xff\xd8\xff\xe0aaaa", b"bbbbbbbb", b""]), max_size=4))
    table = draw(st.sampled_from([b"", struct.pack("<LL", 0, 16)]))
    items = b"".join(packer.item(0xFFFEE000, fragment) for fragment in [table, *fragments])
    return packer.element(0x7FE00010, "OB", items + packer.item(0xFFFEE0DD), UNDEFINED)


def endings(packer: Packer) -> st.SearchStrategy[bytes]:
    """What stands behind: mostly nothing, or padding, or the beginning of an element."""
    padding = packer.element(0xFFFCFFFC, "OB", bytes(6))
    return st.sampled_from([b"", b"", b"", b"", padding, b"\0", b"\0\0\0\0", padding[:5], b"x"])
