"""Retrieve Capabilities (PS3.18 8.9) and OPTIONS elsewhere: what can be asked, and nothing of what is held."""

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client

from dicomserver.dicomweb.capabilities import WADL, resources
from dicomserver.dicomweb.urls import urlpatterns
from tests.dicomserver.dicomweb.reading import WebReader, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

NAMESPACE = "{http://wadl.dev.java.net/2009/02}"


def resource(parent: ET.Element, *path: str) -> ET.Element:
    for step in path:
        found = parent.find(f"{NAMESPACE}resource[@path='{step}']")
        assert found is not None, step
        parent = found
    return parent


def methods(parent: ET.Element) -> dict[str, str]:
    return {str(one.get("id")): str(one.get("name")) for one in parent.findall(f"{NAMESPACE}method")}


def described(client: Client, path: str = "/dicomweb/", **headers: str) -> ET.Element:
    response = client.options(path, headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (200, WADL)
    root = ET.fromstring(response.content)
    assert root.tag == f"{NAMESPACE}application"
    (found,) = root
    assert (found.tag, found.attrib) == (f"{NAMESPACE}resources", {"base": "http://127.0.0.1:8042/dicomweb"})
    return found


@pytest.mark.parametrize("path", ["/dicomweb/", "/dicomweb"])
def test_the_service_describes_what_it_can_do(client: Client, path: str) -> None:
    found = described(client, path)
    assert methods(resource(found, "studies")) == {"SearchForStudies": "GET", "StoreInstances": "POST"}
    study = resource(found, "studies", "{StudyInstanceUID}")
    assert methods(study) == {"RetrieveStudy": "GET", "StoreStudyInstances": "POST", "DeleteStudy": "DELETE"}
    instance = resource(study, "series", "{SeriesInstanceUID}", "instances", "{SOPInstanceUID}")
    assert methods(resource(instance, "frames", "{FrameList}")) == {"RetrieveFrames": "GET"}
    assert methods(resource(instance, "metadata")) == {"RetrieveInstanceMetadata": "GET"}


def test_a_search_describes_its_keys_and_its_answers(client: Client) -> None:
    (method, _) = resource(described(client), "studies").findall(f"{NAMESPACE}method")
    query = [one.get("name") for one in method.iter(f"{NAMESPACE}param") if one.get("style") == "query"]
    assert query[:4] == ["includefield", "fuzzymatching", "limit", "offset"]
    assert {"PatientName", "StudyDate", "ModalitiesInStudy"} < set(query)
    assert "NumberOfStudyRelatedInstances" not in query
    assert "Modality" not in query
    answers = [one.get("mediaType") for one in method.iter(f"{NAMESPACE}representation")]
    assert answers == ["application/dicom+json", 'multipart/related; type="application/dicom+xml"']


def test_every_address_is_described_and_no_other() -> None:
    names = {
        "study": "StudyInstanceUID",
        "series": "SeriesInstanceUID",
        "instance": "SOPInstanceUID",
        "frame_list": "FrameList",
        "path": "BulkdataReference",
    }
    served = {
        re.sub(r"<\w+:(\w+)>", lambda found: f"{{{names[found[1]]}}}", str(one.pattern)).removeprefix("dicomweb/")
        for one in urlpatterns
        if str(one.pattern).startswith("dicomweb/")
    } - {""}
    assert set(resources()) == served


@pytest.mark.parametrize(
    ("accept", "status"), [("*/*", 200), (WADL, 200), ("application/xml", 200), ("image/png", 406)]
)
def test_the_description_is_wadl(client: Client, accept: str, status: int) -> None:
    assert client.options("/dicomweb/", headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_the_service_itself_is_asked_by_nothing_else(client: Client, method: str) -> None:
    response = getattr(client, method)("/dicomweb/")
    assert (response.status_code, response.headers["Allow"]) == (405, "OPTIONS")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("/metadata", "GET, HEAD, POST, OPTIONS"),
        ("/series", "GET, HEAD, OPTIONS"),
        ("/archive", "GET, HEAD, POST, OPTIONS"),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_an_address_says_by_which_methods_it_is_asked(
    reader: WebReader, take_in: TakeIn, path: str, allowed: str
) -> None:
    held = study_path_of(take_in(small_ct()))

    def asked(study: str) -> Any:
        response = reader.client.options(f"{study}{path}")
        return response.status_code, response.content, response.headers["Allow"]

    assert asked(held) == (204, b"", allowed)
    # Whether the study is here is not told.
    assert asked("/dicomweb/studies/1.2.3") == (204, b"", allowed)
