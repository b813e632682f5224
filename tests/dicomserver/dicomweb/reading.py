"""A client for tests: asks with a token, and takes multipart answers apart as RFC 2046 says."""

import gzip
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from dicomserver.index.models import Instance
from dicomserver.outbox.models import Kind, OutboxMessage
from tests.dicomserver.portal_double import PortalDouble

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Part:
    content_type: str
    body: bytes


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def parts_of(response: Any, body: bytes | None = None) -> list[Part]:
    """The parts of a multipart/related answer, strictly."""
    content_type = response.headers["Content-Type"]
    found = re.fullmatch(r'multipart/related; type="([^"]+)"; boundary=([0-9a-f]{32})', content_type)
    assert found, content_type
    kind, boundary = found[1], found[2].encode()
    body = body_of(response) if body is None else body
    assert int(response.headers["Content-Length"]) == len(body)
    assert body.startswith(b"--" + boundary + b"\r\n")
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    inner = body[len(boundary) + 4 : -len(boundary) - 8]
    parts = []
    for piece in inner.split(b"\r\n--" + boundary + b"\r\n"):
        head, _, content = piece.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        assert int(headers["Content-Length"]) == len(content)
        assert headers["Content-Type"].split(";")[0] == kind
        parts.append(Part(headers["Content-Type"], content))
    return parts


def path_of(instance: Instance) -> str:
    series = instance.series
    return (
        f"/dicomweb/studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
        f"/instances/{instance.sop_instance_uid}"
    )


def study_path_of(instance: Instance) -> str:
    return f"/dicomweb/studies/{instance.series.study.study_instance_uid}"


def series_path_of(instance: Instance) -> str:
    return f"{study_path_of(instance)}/series/{instance.series.series_instance_uid}"


def refused_events() -> list[dict[str, Any]]:
    events = OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT).order_by("pk").values_list("body", flat=True)
    return [event for event in events if event and event["kind"] == "token_refused"]


@dataclass(frozen=True)
class Located:
    """A part of a bundle."""

    location: str
    content_type: str
    body: bytes
    warning: str = ""


def bundle_of(response: Any, body: bytes | None = None) -> list[Located]:
    """The parts of a bundle, strictly."""
    assert response.status_code == 200
    content_type = response.headers["Content-Type"]
    found = re.fullmatch(r'multipart/related; type="application/octet-stream"; boundary=([0-9a-f]{32})', content_type)
    assert found, content_type
    delimiter = b"--" + found[1].encode()
    body = body_of(response) if body is None else body
    parts, at = [], 0
    while body[at : at + len(delimiter) + 2] == delimiter + b"\r\n":
        start = body.index(b"\r\n\r\n", at)
        lines = body[at:start].decode().split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines)
        warning = headers.pop("Warning", "")
        assert list(headers) == ["Content-Type", "Content-Location", "Content-Length"]
        end = start + 4 + int(headers["Content-Length"])
        content = body[start + 4 : end]
        parts.append(Located(headers["Content-Location"], headers["Content-Type"], content, warning))
        assert body[end : end + 2] == b"\r\n"
        at = end + 2
    assert body[at:] == delimiter + b"--\r\n"
    return parts


def references_of(json_object: dict[str, Any], *, of: str = "") -> dict[str, str]:
    """Every BulkDataURI of an instance's metadata by its path, also within sequences."""
    found: dict[str, str] = {}
    for tag, element in json_object.items():
        if "BulkDataURI" in element:
            found[of + tag] = element["BulkDataURI"]
        if element["vr"] == "SQ":
            for number, item in enumerate(element.get("Value", []), start=1):
                found |= references_of(item or {}, of=f"{of}{tag}/{number}/")
    return found


class WebReader:
    """Asks with a fresh token of the study in the path unless another is given."""

    def __init__(self, client: Client, portal: PortalDouble) -> None:
        self.client = client
        self.portal = portal

    def get(
        self,
        path: str,
        *,
        token: str | None = "",
        permissions: tuple[str, ...] = ("view", "download"),
        **headers: str,
    ) -> Any:
        if token == "":
            token = self.portal.token(path.split("/")[3].split("?", maxsplit=1)[0], permissions=permissions)
        values = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            values["Authorization"] = f"Bearer {token}"
        return self.client.get(path, headers=values)

    def post(
        self,
        path: str,
        *,
        token: str | None = "",
        permissions: tuple[str, ...] = ("view", "download"),
        fields: dict[str, str] | None = None,
        **headers: str,
    ) -> Any:
        """Ask with the token in a form, as a browser does without a pre-flight."""
        if token == "":
            token = self.portal.token(path.split("/")[3].split("?", maxsplit=1)[0], permissions=permissions)
        form = ({} if token is None else {"access_token": token}) | (fields or {})
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, urlencode(form), content_type=FORM, headers=names)

    def bundle(self, path: str, frames: str, **options: Any) -> Any:
        """Ask for frames of the series at the path."""
        return self.post(f"{path}/frames", fields={"frames": frames}, **options)

    def json(self, path: str, **options: Any) -> Any:
        response = self.get(path, **options)
        assert response.status_code == 200, response.content
        assert response.headers["Content-Type"] == "application/dicom+json"
        content = response.content
        return json.loads(gzip.decompress(content) if response.headers.get("Content-Encoding") else content)
