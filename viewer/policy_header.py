"""What the browser may do on the viewer's page: read images from the owning DICOM Server and from nowhere else."""

from typing import Any, Final
from urllib.parse import urlsplit

from csp.constants import SELF

WASM: Final = "'wasm-unsafe-eval'"
INLINE_STYLES: Final = "'unsafe-inline'"


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


def directives(dicomweb_url: str) -> dict[str, list[Any]]:
    """The directives that replace those of other pages: decoders in WebAssembly and in workers, pictures from blobs."""
    origin = origin_of(dicomweb_url)
    return {
        "script-src": [SELF, WASM],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF, origin] if origin else [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "style-src": [SELF, INLINE_STYLES],
    }


def _is_host(host: str) -> bool:
    return bool(host) and host.isascii() and all(letter.isalnum() or letter in ".-:" for letter in host)
