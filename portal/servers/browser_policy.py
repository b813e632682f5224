"""Which DICOM Servers a page may read from, as the browser's content security policy says it."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

PICTURES: Final = "blob:"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address; "" for anything that is no plain web address.

    A server tells its own address, so it is taken apart and written anew: nothing else of it reaches the header.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not _is_host(host):
        return ""
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port is not None else "")


def directives_for_pictures(dicomweb_urls: Iterable[str]) -> dict[str, list[str]]:
    """What a page with small pictures adds to the policy of all pages: these servers alone; {} without any."""
    origins = sorted({origin_of(url) for url in dicomweb_urls} - {""})
    return {"connect-src": origins, "img-src": [PICTURES]} if origins else {}


def _is_host(host: str) -> bool:
    return bool(host) and host.isascii() and all(letter.isalnum() or letter in ".-:" for letter in host)
