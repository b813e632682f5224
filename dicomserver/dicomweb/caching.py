"""Conditional requests (RFC 9110 13): a browser may keep an answer, but asks each time whether it still may."""

import hashlib

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags


def etag_of(*parts: object) -> str:
    """A strong ETag for what these parts determine."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def is_unchanged(request: HttpRequest, etag: str) -> bool:
    """Whether the client holds this very answer, which only what it asked for by GET can be (RFC 9110 13.1.2)."""
    if request.method == "POST":
        return False
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in known or f"W/{etag}" in known


def unchanged(etag: str) -> HttpResponseBase:
    """304, with the headers that a cache needs."""
    return kept(HttpResponse(status=304), etag)


def kept(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    """Let the browser, and nobody between, keep the answer; a revoked token ends that at the next request."""
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Accept", "Accept-Encoding"])
    return response
