"""The multipart reader alone: the same result wherever the pieces end, the same as Python's email package, bounded."""

import itertools
import random
import re
import tracemalloc
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomserver.dicomweb.storing.multipart import (
    MAX_HEADER_BYTES,
    MAX_PREAMBLE_BYTES,
    MultipartError,
    MultipartReader,
    Piece,
)

Part = tuple[dict[str, str], bytes, str]


class Recorder:
    """Keeps what the reader says: each part with its headers, its content and its end."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def open(self, headers: dict[str, str]) -> "RecordingSink":
        return RecordingSink(self, headers)


class RecordingSink:
    def __init__(self, recorder: Recorder, headers: dict[str, str]) -> None:
        self.recorder = recorder
        self.headers = headers
        self.content = b""

    def write(self, piece: Piece) -> None:
        assert piece
        self.content += piece

    def finish(self) -> None:
        self.recorder.parts.append((self.headers, self.content, "finished"))

    def discard(self) -> None:
        self.recorder.parts.append((self.headers, self.content, "discarded"))


def read(body: bytes, cuts: list[int], boundary: str = "b") -> tuple[list[Part], str]:
    """All parts, and the error's class or nothing, of the body fed in pieces that end at the cuts."""
    recorder = Recorder()
    reader = MultipartReader(boundary, recorder.open)
    edges = [0, *sorted(cut for cut in cuts if cut <= len(body)), len(body)]
    try:
        for begin, end in itertools.pairwise(edges):
            reader.feed(body[begin:end])
        reader.close()
    except MultipartError as error:
        reader.abort()
        return recorder.parts, type(error).__name__
    assert reader.is_complete
    return recorder.parts, ""


def whole(*contents: bytes) -> bytes:
    return (
        b"".join(b"--b\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in contents) + b"--b--\r\n"
    )


def test_parts_are_handed_out_as_they_were_sent() -> None:
    parts, error = read(whole(b"one", b"", b"\r\n--\r\n--a\r\n\r\nthree\r\n"), [])
    headers = {"content-type": "application/dicom"}
    contents = [b"one", b"", b"\r\n--\r\n--a\r\n\r\nthree\r\n"]
    assert (parts, error) == ([(headers, content, "finished") for content in contents], "")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"--b--", []),
        (b"before\r\nit\r\n--b--\r\nbehind\r\n--b\r\n\r\nno part\r\n--b--", []),
        (b"--b\r\n\r\n--b--", [({}, b"")]),
        (b"--b\r\n--b--", [({}, b"")]),
        (b"--b\r\nA: x\r\n--b--", [({"a": "x"}, b"")]),
        (b"--b\r\nA: x\r\n\r\n--b--", [({"a": "x"}, b"")]),
        (b"--b\r\nA: x\r\n\r\n\r\n--b--", [({"a": "x"}, b"")]),
        (b"--b \t \r\nA : x \r\n\r\nc\r\n--b-- \t", [({"a": "x"}, b"c")]),
        (b"--b\r\nA: x\r\n  y\r\n\tz\r\nB:\r\n\r\nc\r\n--b--\r", [({"a": "x y z", "b": ""}, b"c")]),
        (b"--b\r\nA: 1\r\na: 2\r\n\r\nc\r\n--b--", [({"a": "1"}, b"c")]),
        (b"--b\r\n\r\nc\r\n--bx\r\nd\r\n--b-x\r\n--b--x\r\n--b--", [({}, b"c\r\n--bx\r\nd\r\n--b-x\r\n--b--x")]),
        (b"--b\r\n\r\nc\n--b\nd\r--b\r\r\n--b--", [({}, b"c\n--b\nd\r--b\r")]),
        (b"--b\r\n\r\n\r\r\n\r\n\r\n--b--", [({}, b"\r\r\n\r\n")]),
    ],
)
def test_odd_but_legal_bodies_are_read(body: bytes, expected: list[tuple[dict[str, str], bytes]]) -> None:
    assert read(body, []) == ([(*one, "finished") for one in expected], "")


@pytest.mark.parametrize(
    ("body", "parts", "error"),
    [
        (b"", [], "TruncatedBody"),
        (b"--", [], "TruncatedBody"),
        (b"--b", [], "TruncatedBody"),
        (b"--b\r\nA: x", [], "TruncatedBody"),
        (b"--b\r\n\r\nc", [({}, b"c", "discarded")], "TruncatedBody"),
        (b"--b\r\n\r\nc\r\n--b\r\n", [({}, b"c", "finished")], "TruncatedBody"),
        (b"--b\r\n\r\nc\r\n--b-", [({}, b"c", "discarded")], "TruncatedBody"),
        (b"--b\r\nno header\r\n\r\nc\r\n--b--", [], "MultipartError"),
        (b"--b\r\n: x\r\n\r\nc\r\n--b--", [], "MultipartError"),
        (b"--b\r\nA: " + b"x" * MAX_HEADER_BYTES + b"\r\n\r\nc\r\n--b--", [], "MultipartError"),
        (b"x" * (MAX_PREAMBLE_BYTES + 1) + b"\r\n--b--", [], "MultipartError"),
    ],
)
def test_what_is_no_multipart_is_an_error_and_no_part_under_way_is_finished(
    body: bytes, parts: list[Part], error: str
) -> None:
    assert read(body, []) == (parts, error)
    assert read(body, list(range(len(body)))) == (parts, error)


@pytest.mark.parametrize("boundary", ["", " ", "x ", "x" * 201, "a\r\nb", 'a"b', "ä"])
def test_a_boundary_that_is_none_is_refused(boundary: str) -> None:
    with pytest.raises(MultipartError):
        MultipartReader(boundary, Recorder().open)


@pytest.mark.parametrize("boundary", ["x", "x" * 70, "x" * 73, "a b", "'()+_,-./:=?", "a:b"])
def test_every_legal_boundary_works(boundary: str) -> None:
    body = f"--{boundary}\r\nA: b\r\n\r\nc\r\n--{boundary}--".encode()
    for cut in range(len(body)):
        assert read(body, [cut], boundary) == ([({"a": "b"}, b"c", "finished")], "")


def test_the_result_is_the_same_wherever_a_body_is_cut_in_three() -> None:
    body = b"pre\r\n--b\r\nA: x\r\n\r\n1\r\n--b\r\n\r\n\r\n--c\r\n-\r\n--b \r\n--b--\r\nepi\r\n--b"
    expected = read(body, [])
    assert expected[1] == ""
    assert [content for _, content, _ in expected[0]] == [b"1", b"\r\n--c\r\n-", b""]
    for first in range(len(body)):
        for second in range(first, len(body)):
            assert read(body, [first, second]) == expected


def test_a_body_that_ends_too_early_never_finishes_a_part_that_is_not_whole() -> None:
    contents = [b"first", b"second\r\n", b"\r\n--third"]
    body = whole(*contents)
    complete = len(body) - len(b"\r\n")
    for end in range(len(body) + 1):
        parts, error = read(body[:end], [])
        assert error == ("" if end >= complete else "TruncatedBody")
        finished = [content for _, content, outcome in parts if outcome == "finished"]
        assert finished == contents[: len(finished)]
        # A part is whole when the delimiter line behind it is.
        assert len(finished) == len(re.findall(rb"\r\n--b(?=\r\n|--)", body[:end]))
        assert sum(outcome == "discarded" for _, _, outcome in parts) <= 1


# Pieces of which ambiguous bodies are made: beginnings of delimiters, line breaks, dashes.
FRAGMENTS = [
    b"\r\n",
    b"--",
    b"-",
    b"b",
    b"\r\n--b",
    b"\r\n--bb",
    b"--b--",
    b"\r",
    b"\n",
    b" ",
    b"x",
    b"A: y\r\n",
    b"\r\n\r\n",
]


@settings(max_examples=1500)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map(b"".join), st.lists(st.integers(0, 200), max_size=12))
def test_any_body_is_read_the_same_in_any_pieces(body: bytes, cuts: list[int]) -> None:
    expected = read(body, [])
    assert read(body, cuts) == expected
    assert read(body, list(range(len(body)))) == expected


# Python's email package also takes a bare carriage return or line feed for a line's end, so these have neither.
CONTENT = st.lists(
    st.sampled_from([b"\r\n", b"--", b"-", b"B", b"ou", b"--Bou", b" ", b"\t", b"\x00", b"\xff", b"x"]), max_size=20
)
HEADERS = st.lists(
    st.sampled_from(["A: b", "Content-Type: application/dicom", "C:d", "E: f\r\n g", "Long: " + "x" * 900]), max_size=3
)


@settings(max_examples=800)
@given(st.lists(st.tuples(HEADERS, CONTENT.map(b"".join)), min_size=1, max_size=4), st.data())
def test_parts_are_what_pythons_email_package_finds(parts: list[tuple[list[str], bytes]], data: st.DataObject) -> None:
    padding = data.draw(st.sampled_from(["", " ", "\t "]))
    heads = ["\r\n".join([f"--Bound{padding}", *headers, "", ""]).encode() for headers, _ in parts]
    body = b"".join(head + content + b"\r\n" for head, (_, content) in zip(heads, parts, strict=True))
    body += b"--Bound--\r\n"
    head = b'Content-Type: multipart/related; boundary="Bound"\r\n\r\n'
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    expected = [part.get_payload(decode=True) for part in message.iter_parts()]
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=8))
    found, error = read(body, cuts, "Bound")
    assert error == ""
    assert [content for _, content, _ in found] == [content for _, content in parts] == expected


def test_a_large_part_is_handed_on_without_being_gathered() -> None:
    piece = random.Random(1).randbytes(256 * 1024)
    recorder = Recorder()
    sizes: list[int] = []

    class Counter(RecordingSink):
        def write(self, piece: Piece) -> None:
            sizes.append(len(piece))

    reader = MultipartReader("boundary", lambda headers: Counter(recorder, headers))
    reader.feed(b"--boundary\r\n\r\n")
    tracemalloc.start()
    for _ in range(400):
        reader.feed(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reader.feed(b"\r\n--boundary--")
    reader.close()
    assert sum(sizes) == 400 * len(piece)
    assert peak < 1_000_000


@pytest.mark.parametrize("endless", [b"A: x\r\n", b"\r\n--bound", b"--boundary", b"\r", b" "])
def test_whatever_comes_without_end_is_held_back_in_bounds(endless: bytes) -> None:
    held = []
    for start in (b"", b"--boundary\r\n", b"--boundary\r\n\r\n", b"--boundary\r\n\r\n\r\n--boundary"):
        reader = MultipartReader("boundary", Recorder().open)
        try:
            reader.feed(start)
            for _ in range(200):
                reader.feed(endless * 100)
                held.append(len(reader._held))
        except MultipartError:
            reader.abort()
    assert max(held) <= MAX_HEADER_BYTES + 100 * len(endless) + 1024
