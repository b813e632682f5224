"""What the browser may do on the viewer's page: read images from the owning DICOM Server and from nowhere else."""

from typing import Any, Final

from csp.constants import SELF

from portal.servers.browser_policy import PICTURES, origin_of

WASM: Final = "'wasm-unsafe-eval'"
INLINE_STYLES: Final = "'unsafe-inline'"


def directives(dicomweb_url: str) -> dict[str, list[Any]]:
    """The directives that replace those of other pages: decoders in WebAssembly and in workers, pictures from blobs."""
    origin = origin_of(dicomweb_url)
    return {
        "script-src": [SELF, WASM],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF, origin] if origin else [SELF],
        "img-src": [SELF, "data:", PICTURES],
        "style-src": [SELF, INLINE_STYLES],
    }
