"""Reading file heads: ours, others', and files without."""

from contextlib import suppress
from io import BytesIO

import pytest

from dicomserver.archive import FileMeta
from dicomserver.archive.file_meta import encode_file_head
from dicomserver.archive.part10 import NotPart10, read_file_head
from tests.dicomserver.objects import BIG_ENDIAN, EXPLICIT, IMPLICIT, encode, small_ct

META = FileMeta("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", EXPLICIT, "MODALITY", "SERVER_A")


def test_a_head_of_ours_is_read_back() -> None:
    head = encode_file_head(META)
    found = read_file_head(BytesIO(head + b"data"))
    assert found.meta == META
    assert found.data_set_offset == len(head)


def test_a_missing_preamble_is_tolerated() -> None:
    head = encode_file_head(META)[132:]
    assert read_file_head(BytesIO(head + b"\x08\x00")).data_set_offset == len(head)


@pytest.mark.parametrize("transfer_syntax_uid", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_a_bare_data_set_is_known_by_its_first_element(transfer_syntax_uid: str) -> None:
    found = read_file_head(BytesIO(encode(small_ct(), transfer_syntax_uid)))
    assert found.meta == FileMeta("", "", transfer_syntax_uid)
    assert found.data_set_offset == 0


@pytest.mark.parametrize("content", [b"", b"x", b"%PDF-1.7 and so on", b"\x89PNG\r\n\x1a\n", b"\0" * 132])
def test_other_files_are_not_taken_for_dicom(content: bytes) -> None:
    with pytest.raises(NotPart10):
        read_file_head(BytesIO(content))


def test_every_cut_of_a_head_is_refused_or_ends_at_an_element() -> None:
    head = encode_file_head(META)
    read = set()
    for end in range(len(head)):
        with suppress(NotPart10):
            found = read_file_head(BytesIO(head[:end]))
            read.add((found.data_set_offset, found.meta.calling_ae_title))
    # Behind the transfer syntax, the elements that may be absent: none of them is half-read.
    assert read == {(236, ""), (288, ""), (312, ""), (328, "MODALITY")}
