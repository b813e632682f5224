"""Attributes as XML (PS3.18 Tables 10.4.4-1 and 10.6.4-1, PS3.19 A.1): WADO-RS metadata and QIDO-RS."""

import re
from collections.abc import Callable
from email import message_from_bytes
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicomserver.dicomweb.documents import PIECE_BYTES
from dicomserver.dicomweb.native_model import native_model
from dicomserver.index.models import Instance
from tests.dicomserver.dicomweb.reading import WebReader, body_of, path_of, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db(transaction=True)

XML = 'multipart/related; type="application/dicom+xml"'
NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def documents_in(response: Any) -> list[ET.Element]:
    """The parts of the answer, each of which must be well-formed."""
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"].startswith(f"{XML}; boundary=")
    whole = f"Content-Type: {response.headers['Content-Type']}\r\n\r\n".encode() + body_of(response)
    parts = message_from_bytes(whole).get_payload()
    assert isinstance(parts, list)
    assert {str(part.get_content_type()) for part in parts} == {"application/dicom+xml"}
    return [ET.fromstring(part.get_payload(decode=True)) for part in parts]


def attribute(parent: ET.Element, tag: str) -> ET.Element:
    found = parent.find(f"{NATIVE}DicomAttribute[@tag='{tag}']")
    assert found is not None, tag
    return found


def text_of(parent: ET.Element, tag: str) -> list[str | None]:
    return [value.text for value in attribute(parent, tag).iter(f"{NATIVE}Value")]


@pytest.mark.parametrize("level", [study_path_of, series_path_of, path_of])
def test_metadata_of_each_level_come_as_xml(
    reader: WebReader, take_in: TakeIn, level: Callable[[Instance], str]
) -> None:
    step = Dataset()
    step.ScheduledProcedureStepID = "S<1>&"
    ds = small_ct(PatientName="Șoldănescu^Ion^^Dr.", RequestAttributesSequence=Sequence([step]))
    ds.add_new(0x00111010, "LO", "told")
    ds.add_new(0x00110010, "LO", "A MAKER")
    instance = take_in(ds)
    (found,) = documents_in(reader.get(f"{level(instance)}/metadata", Accept=XML))
    assert found.tag == f"{NATIVE}NativeDicomModel"
    assert text_of(found, "00080018") == [ds.SOPInstanceUID]
    assert attribute(found, "00080018").attrib == {"tag": "00080018", "vr": "UI", "keyword": "SOPInstanceUID"}
    (name,) = attribute(found, "00100010")
    assert (name.tag, name.attrib, name[0].tag) == (f"{NATIVE}PersonName", {"number": "1"}, f"{NATIVE}Alphabetic")
    components = {one.tag.removeprefix(NATIVE): one.text for one in name[0]}
    assert components == {"FamilyName": "Șoldănescu", "GivenName": "Ion", "NamePrefix": "Dr."}
    (item,) = attribute(found, "00400275")
    assert (item.tag, item.attrib) == (f"{NATIVE}Item", {"number": "1"})
    assert text_of(item, "00400009") == ["S<1>&"]
    (bulk,) = attribute(found, "7FE00010")
    uri = f"http://127.0.0.1:8042{path_of(instance)}/bulkdata/7FE00010"
    assert (bulk.tag, bulk.attrib) == (f"{NATIVE}BulkData", {"uri": uri})
    creator, private = found.findall(f"{NATIVE}DicomAttribute[@tag='00110010']")
    assert creator.attrib == {"tag": "00110010", "vr": "LO"}
    assert private.attrib == {"tag": "00110010", "vr": "LO", "privateCreator": "A MAKER"}
    assert [creator[0].text, private[0].text] == ["A MAKER", "told"]
    tags = [one.attrib["tag"] for one in found]
    assert tags == sorted(tags)


def test_each_instance_is_a_part_in_order(reader: WebReader, take_in: TakeIn) -> None:
    first = small_ct(InstanceNumber=10)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    instance = take_in(first)
    # Larger than what is unpacked at once, and between two of usual size.
    steps = [Dataset() for _ in range(PIECE_BYTES // 50)]
    for step in steps:
        step.ScheduledProcedureStepDescription = "б{" * 20
    take_in(small_ct(**same, InstanceNumber=11, RequestAttributesSequence=Sequence(steps)))
    take_in(small_ct(**same, InstanceNumber=12))
    found = documents_in(reader.get(f"{series_path_of(instance)}/metadata", Accept=XML))
    assert [text_of(one, "00200013") for one in found] == [["10"], ["11"], ["12"]]
    assert text_of(found[1], "00400275") == ["б{" * 20] * len(steps)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/dicom+json"),
        ("application/*", "application/dicom+json"),
        ("application/dicom+xml", "application/dicom+xml"),
        (f"{XML};q=0.5, application/dicom+json", "application/dicom+json"),
        (f"{XML}, application/dicom+json;q=0.5", "multipart/related"),
        ("multipart/related", "multipart/related"),
    ],
)
def test_metadata_of_one_instance_come_as_is_liked_best(
    reader: WebReader, take_in: TakeIn, accept: str, kind: str
) -> None:
    response = reader.get(f"{path_of(take_in(small_ct()))}/metadata", Accept=accept)
    assert (response.status_code, response.headers["Content-Type"].split(";")[0]) == (200, kind)
    body_of(response)


def test_several_instances_are_never_one_document(reader: WebReader, take_in: TakeIn) -> None:
    path = series_path_of(take_in(small_ct()))
    for address in (f"{path}/metadata", f"{path}/instances"):
        response = reader.get(address, Accept="application/dicom+xml")
        assert (response.status_code, response.json()["code"]) == (406, "not_acceptable")


def test_xml_that_is_known_is_not_sent_again_and_is_no_json(reader: WebReader, take_in: TakeIn) -> None:
    path = f"{series_path_of(take_in(small_ct()))}/metadata"
    response = reader.get(path, Accept=XML)
    etag = response.headers["ETag"]
    body_of(response)
    assert reader.get(path, Accept=XML, If_None_Match=etag).status_code == 304
    assert reader.get(path, If_None_Match=etag).status_code == 200


def test_a_search_is_answered_as_xml(reader: WebReader, take_in: TakeIn) -> None:
    first = small_ct(PatientName="Popescu^Ion", InstanceNumber=1)
    instance = take_in(first)
    same = {"StudyInstanceUID": first.StudyInstanceUID, "SeriesInstanceUID": first.SeriesInstanceUID}
    take_in(small_ct(**same, InstanceNumber=2))
    response = reader.get(f"{study_path_of(instance)}/instances?limit=1", Accept=XML)
    assert "1 additional results" in response.headers["Warning"]
    (found,) = documents_in(response)
    assert text_of(found, "00200013") == ["1"]
    assert text_of(found, "00081190") == [f"http://127.0.0.1:8042{path_of(instance)}"]
    assert reader.get(f"{study_path_of(instance)}/instances?InstanceNumber=7", Accept=XML).status_code == 204


def test_what_xml_cannot_hold_is_replaced() -> None:
    text = native_model({"00104000": {"vr": "LT", "Value": ["a\x00\x1b\ufffeb\n", None, "c"]}}).decode()
    assert re.findall(r'<Value number="(\d)">([^<]*)<', text) == [("1", "a���b\n"), ("3", "c")]


def test_values_in_line_and_empty_ones_are_told() -> None:
    found = ET.fromstring(native_model({"00281201": {"vr": "OW", "InlineBinary": "AAA="}, "00100020": {"vr": "LO"}}))
    assert [(one.attrib["keyword"], len(one)) for one in found] == [
        ("PatientID", 0),
        ("RedPaletteColorLookupTableData", 1),
    ]
    assert attribute(found, "00281201")[0].text == "AAA="


def test_a_private_element_without_creator_keeps_its_tag() -> None:
    found = ET.fromstring(native_model({"00111010": {"vr": "UN"}}))
    assert [one.attrib for one in found] == [{"tag": "00111010", "vr": "UN"}]
