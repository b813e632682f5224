"""The QR code says exactly what the library drew."""

import re

import qrcode

from portal.sharing.qr import qr_svg

ADDRESS = "https://portal.example/share/V5k3Qp0t9sX2bW7cY4mN8rL1zA6dF0gH3jK5uE7oI2w/"


def test_each_dark_module_is_drawn_at_its_place_and_nothing_else():
    code = qrcode.QRCode(border=4)
    code.add_data(ADDRESS)
    matrix = code.get_matrix()
    svg = qr_svg(ADDRESS)
    drawn = {(int(row), int(column)) for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg)}
    assert drawn == {(row, column) for row, line in enumerate(matrix) for column, dark in enumerate(line) if dark}
    assert f'viewBox="0 0 {len(matrix)} {len(matrix)}"' in svg
    assert min(min(place) for place in drawn) == 4


def test_the_svg_holds_no_style_and_nothing_of_the_text():
    svg = qr_svg('"><script>alert(1)</script>')
    assert "style" not in svg
    assert "script" not in svg
