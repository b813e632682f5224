"""What the browser may do on the viewer's page: read images from the DICOM Servers of its studies, and nothing else."""

from collections.abc import Iterable
from typing import Any, Final

from csp.constants import SELF

from portal.servers.browser_policy import PICTURES, origin_of

WASM: Final = "'wasm-unsafe-eval'"
INLINE_STYLES: Final = "'unsafe-inline'"
FROM_MEMORY: Final = "blob:"


def directives(dicomweb_urls: Iterable[str]) -> dict[str, list[Any]]:
    """The directives that replace those of other pages.

    Decoders in WebAssembly and in workers; pictures, videos and documents from memory, into which the client has read
    them with a token that no other element of a page could send.
    """
    origins = sorted({origin_of(url) for url in dicomweb_urls} - {""})
    return {
        "script-src": [SELF, WASM],
        "worker-src": [SELF, FROM_MEMORY],
        "connect-src": [SELF, *origins],
        "img-src": [SELF, "data:", PICTURES],
        "media-src": [FROM_MEMORY],
        "frame-src": [FROM_MEMORY],
        "style-src": [SELF, INLINE_STYLES],
    }
