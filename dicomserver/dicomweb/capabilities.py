"""The Capabilities Description (PS3.18 8.9, Annex H): what can be asked of which address, in WADL."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dicomserver.dicomweb.media import DICOM, DICOM_JSON, DICOM_XML, MULTIPART, OCTET_STREAM
from dicomserver.query.attributes import Level, attributes_of

WADL: Final = "application/vnd.sun.wadl+xml"
NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"

_SERIES: Final = "studies/{StudyInstanceUID}/series/{SeriesInstanceUID}"
_INSTANCE: Final = f"{_SERIES}/instances/{{SOPInstanceUID}}"
_PLACES: Final = {"Study": "studies/{StudyInstanceUID}", "Series": _SERIES, "Instance": _INSTANCE}


def _parts_of(media_type: str) -> str:
    return f'{MULTIPART}; type="{media_type}"'


_ATTRIBUTES: Final = (DICOM_JSON, _parts_of(DICOM_XML))
_FILES: Final = (_parts_of(DICOM), DICOM)
_PICTURES: Final = ("image/jpeg", "image/png", "image/gif", _parts_of("image/jpeg"), _parts_of("image/png"))
_FRAMES: Final = (_parts_of(OCTET_STREAM), OCTET_STREAM, _parts_of("image/jls"), _parts_of("image/jp2"))
_DRAWN: Final = ("window", "viewport", "quality", "annotation", "iccprofile")
_WADO: Final = (
    *("requestType", "studyUID", "seriesUID", "objectUID", "contentType", "transferSyntax", "frameNumber", "rows"),
    *("columns", "region", "windowCenter", "windowWidth", "imageQuality", "annotation"),
)


@dataclass(frozen=True, slots=True)
class Method:
    """A transaction: what it is called, the media types of its answer, the best known first, and what it takes."""

    identity: str
    answers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    name: str = "GET"


def resources() -> dict[str, tuple[Method, ...]]:
    """The transactions by the address below the service's."""
    found: dict[str, tuple[Method, ...]] = dict(_searches())
    found["studies"] += (_stores("StoreInstances"),)
    for entity, place in _PLACES.items():
        found[place] = tuple(_of_whole(entity))
        found[f"{place}/metadata"] = (Method(f"Retrieve{entity}Metadata", _ATTRIBUTES),)
        found[f"{place}/rendered"] = (Method(f"RetrieveRendered{entity}", _PICTURES, _DRAWN),)
        found[f"{place}/thumbnail"] = (Method(f"Retrieve{entity}Thumbnail", ("image/jpeg",), ("viewport",)),)
        values = (_parts_of(OCTET_STREAM), _parts_of("image/jls"), _parts_of("image/jp2"))
        found[f"{place}/bulkdata"] = (Method(f"Retrieve{entity}Bulkdata", values),)
        found[f"{place}/pixeldata"] = (Method(f"Retrieve{entity}PixelData", values),)
        if entity != "Instance":
            found[f"{place}/archive"] = (Method(f"Retrieve{entity}Archive", ("application/zip",)),)
    # Many frames of a series in one answer, which the standard does not know.
    found[f"{_SERIES}/frames"] = (Method("RetrieveSeriesFrames", (_parts_of(OCTET_STREAM),), name="POST"),)
    frames = f"{_INSTANCE}/frames/{{FrameList}}"
    found[frames] = (Method("RetrieveFrames", _FRAMES),)
    found[f"{frames}/rendered"] = (Method("RetrieveRenderedFrames", _PICTURES, _DRAWN),)
    found[f"{frames}/thumbnail"] = (Method("RetrieveFrameThumbnail", ("image/jpeg",), ("viewport",)),)
    found[f"{_INSTANCE}/bulkdata/{{BulkdataReference}}"] = (
        Method("RetrieveBulkdata", (_parts_of(OCTET_STREAM), OCTET_STREAM)),
    )
    found["wado"] = (Method("RetrieveInstanceByUri", (*_PICTURES[:3], DICOM), _WADO),)
    return found


def _searches() -> Iterator[tuple[str, tuple[Method, ...]]]:
    study = _PLACES["Study"]
    for path, identity, level in (
        ("studies", "SearchForStudies", Level.STUDY),
        ("series", "SearchForSeries", Level.SERIES),
        (f"{study}/series", "SearchForStudySeries", Level.SERIES),
        ("instances", "SearchForInstances", Level.INSTANCE),
        (f"{study}/instances", "SearchForStudyInstances", Level.INSTANCE),
        (f"{_SERIES}/instances", "SearchForStudySeriesInstances", Level.INSTANCE),
    ):
        keys = (attribute.keyword for attribute in attributes_of(level) if attribute.can_match)
        query = ("includefield", "fuzzymatching", "limit", "offset", *keys)
        yield path, (Method(identity, _ATTRIBUTES, query),)


def _of_whole(entity: str) -> Iterator[Method]:
    yield Method(f"Retrieve{entity}", _FILES if entity == "Instance" else (*_FILES[:1], "application/zip"))
    if entity == "Study":
        yield _stores("StoreStudyInstances")
    yield Method(f"Delete{entity}", name="DELETE")


def _stores(identity: str) -> Method:
    takes = (_parts_of(DICOM), DICOM, _parts_of(DICOM_JSON))
    return Method(identity, (DICOM_JSON, DICOM_XML), takes=takes, name="POST")


@lru_cache(maxsize=4)
def description(base_url: str) -> bytes:
    """The WADL document of the service at the address."""
    root = Element("application", {"xmlns": NAMESPACE})
    places = {"": SubElement(root, "resources", {"base": base_url})}
    for path, methods in sorted(resources().items()):
        place = _place(places, path)
        for method in methods:
            _add_method(place, method)
    indent(root)
    content: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _place(places: dict[str, Element], path: str) -> Element:
    """The element of the path, one in the other for each step."""
    if path not in places:
        above, _, step = path.rpartition("/")
        places[path] = SubElement(_place(places, above), "resource", {"path": step})
        if step.startswith("{"):
            named = {"name": step.strip("{}"), "style": "template", "required": "true"}
            SubElement(places[path], "param", named)
    return places[path]


def _add_method(place: Element, method: Method) -> None:
    added = SubElement(place, "method", {"name": method.name, "id": method.identity})
    request, response = SubElement(added, "request"), SubElement(added, "response")
    if method.answers:
        accept = SubElement(request, "param", {"name": "Accept", "style": "header", "default": method.answers[0]})
        for media_type in method.answers:
            SubElement(accept, "option", {"value": media_type})
            SubElement(response, "representation", {"mediaType": media_type})
    for name in method.query:
        SubElement(request, "param", {"name": name, "style": "query"})
    for media_type in method.takes:
        SubElement(request, "representation", {"mediaType": media_type})
    response.set("status", "204" if method.name == "DELETE" else "200")
