"""Draws the address of a share link as a QR code that a page can hold without any style of its own."""

from typing import Final

import qrcode  # type: ignore[import-untyped]
from django.utils.safestring import SafeString, mark_safe

_QUIET_ZONE: Final = 4
"""ISO/IEC 18004 asks for four modules of white around the code."""


def qr_svg(text: str) -> SafeString:
    """The code as one SVG element, black on nothing, without a fixed size."""
    code = qrcode.QRCode(border=_QUIET_ZONE)
    code.add_data(text)
    matrix = code.get_matrix()
    dark = "".join(
        f"M{column} {row}h1v1h-1z" for row, line in enumerate(matrix) for column, is_dark in enumerate(line) if is_dark
    )
    size = len(matrix)
    # Numbers of our own making alone stand between the tags.
    return mark_safe(  # noqa: S308
        f'<svg viewBox="0 0 {size} {size}" shape-rendering="crispEdges" aria-hidden="true">'
        f'<path d="{dark}" fill="#000000"/></svg>'
    )
