"""What many instances share is decoded once; refusals are the same whoever reads the header."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dicomserver.archive.content import OpenFile
from dicomserver.ingest import header as header_module
from dicomserver.ingest.attributes import SERIES_KEYWORDS, STUDY_KEYWORDS, series_attributes, study_attributes
from dicomserver.ingest.errors import InstanceRefused
from dicomserver.ingest.header import InstanceHeader, read_header
from dicomserver.ingest.pixels import PIXEL_KEYWORDS, pixel_attributes
from tests.dicomserver.ingest.made_headers import UNDEFINED, Packer
from tests.dicomserver.objects import EXPLICIT, JPEG_LS, encode, small_ct

LITTLE = Packer(implicit=False, big=False)


def read(data: bytes, transfer_syntax_uid: str = EXPLICIT, issuers: tuple[str, ...] = ()) -> InstanceHeader:
    with tempfile.TemporaryFile() as file:
        file.write(b"head" + data)
        file.flush()
        scratch = Path(tempfile.gettempdir())
        return read_header(
            OpenFile(file.fileno()), 4, transfer_syntax_uid, scratch=scratch, national_id_issuers=issuers
        )


def refusal(data: bytes, transfer_syntax_uid: str = EXPLICIT) -> str:
    with pytest.raises(InstanceRefused) as caught:
        read(data, transfer_syntax_uid)
    return caught.value.reason


@pytest.fixture
def no_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a header is left to pydicom."""
    monkeypatch.setattr(header_module, "parsed_header", None)


@pytest.mark.usefixtures("no_parser")
def test_instances_of_one_series_share_what_was_decoded_once() -> None:
    first = read(encode(small_ct(StudyInstanceUID="1.2.4", SeriesInstanceUID="1.2.5", InstanceNumber=1)))
    second = read(encode(small_ct(StudyInstanceUID="1.2.4", SeriesInstanceUID="1.2.5", InstanceNumber=2)))
    assert (first.instance_number, second.instance_number) == (1, 2)
    assert first.sop_instance_uid != second.sop_instance_uid
    assert first.study is second.study
    assert first.series is second.series


@pytest.mark.usefixtures("no_parser")
def test_another_character_set_is_another_value() -> None:
    data = encode(small_ct(PatientName="AAAAAA")).replace(b"AAAAAA", "Ärger".encode())
    assert read(data).study["patient_name_alphabetic"] == "Ärger"
    cyrillic = data.replace(b"ISO_IR 192", b"ISO_IR 144")
    assert read(cyrillic).study["patient_name_alphabetic"] == "У rger"


@pytest.mark.usefixtures("no_parser")
def test_other_issuers_of_national_identifiers_are_another_value() -> None:
    item = Dataset()
    item.PatientID, item.IssuerOfPatientID = "2004012345678", "IDNP"
    data = encode(small_ct(OtherPatientIDsSequence=[item]))
    found = [read(data, issuers=issuers).study["other_patient_ids"][0]["kind"] for issuers in ((), ("IDNP",), ())]
    assert found == ["other", "national", "other"]


@pytest.mark.usefixtures("no_parser")
def test_a_header_longer_than_the_first_read_is_walked_too() -> None:
    ds = small_ct(PatientID="LONG")
    block = ds.private_block(0x0009, "VENDOR", create=True)
    block.add_new(0x10, "OB", bytes(100_000))
    assert read(encode(ds)).study["patient_id"] == "LONG"


def test_a_header_longer_than_the_last_read_is_left_to_pydicom() -> None:
    ds = small_ct(PatientID="LONG")
    block = ds.private_block(0x0009, "VENDOR", create=True)
    block.add_new(0x10, "OB", bytes(300_000))
    assert read(encode(ds)).study["patient_id"] == "LONG"


@pytest.mark.parametrize("missing", [1, 31, 32, 33, 40, 100, 200])
def test_a_data_set_that_ends_early_is_refused(missing: int) -> None:
    assert refusal(encode(small_ct())[:-missing]) in {"truncated", "no_uid"}


@pytest.mark.usefixtures("no_parser")
def test_broken_elements_behind_the_pixel_data_are_refused() -> None:
    data = encode(small_ct())
    padding = LITTLE.element(0xFFFCFFFC, "OB", bytes(6))
    assert read(data + padding).pixels == read(data).pixels
    assert refusal(data + padding[:-1]) == "truncated"
    assert refusal(data + b"x") == "truncated"


@pytest.mark.usefixtures("no_parser")
def test_broken_fragments_are_refused() -> None:
    header = encode(small_ct(PixelData=None))
    items = LITTLE.item(0xFFFEE000) + LITTLE.item(0xFFFEE000, b"\xff\xd8\xff\xe0")
    end = LITTLE.item(0xFFFEE0DD)
    whole = header + LITTLE.element(0x7FE00010, "OB", items + end, UNDEFINED)
    table = read(whole, JPEG_LS).pixels.frame_table
    assert table is not None
    assert table.to_json() == {"fragments": [[[4 + len(header) + 12 + 16, 4]]]}
    assert refusal(whole[:-8], JPEG_LS) == "truncated"
    assert refusal(whole.replace(end, b"12345678"), JPEG_LS) == "unreadable"


@pytest.mark.parametrize(
    ("keyword", "value", "reason"),
    [
        ("StudyInstanceUID", "", "no_uid"),
        ("SeriesInstanceUID", None, "no_uid"),
        ("SOPInstanceUID", "1.02", "malformed_uid"),
    ],
)
def test_uids_are_required_and_parsed(keyword: str, value: str | None, reason: str) -> None:
    ds = small_ct()
    if value is None:
        del ds[keyword]
    else:
        ds[keyword]._value = value
    assert refusal(encode(ds)) == reason


class Watched(Dataset):
    """Notes which elements are asked for."""

    def get(self, key: Any, default: Any = None) -> Any:
        self.__dict__.setdefault("asked", set()).add(key)
        return super().get(key, default)


@pytest.mark.parametrize(
    ("decode", "keywords"),
    [
        (lambda ds: study_attributes(ds, ()), STUDY_KEYWORDS),
        (series_attributes, SERIES_KEYWORDS),
        (pixel_attributes, PIXEL_KEYWORDS),
    ],
)
def test_the_walker_looks_for_what_the_values_are_made_of(decode: Any, keywords: frozenset[str]) -> None:
    ds = Watched()
    decode(ds)
    assert ds.__dict__["asked"] == keywords
