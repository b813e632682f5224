"""Of the address that a server tells of itself, only a plain origin reaches the header."""

import pytest

from portal.servers.browser_policy import directives_for_pictures, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://dicom.nistru.example/dicomweb", "https://dicom.nistru.example"),
        ("http://127.0.0.1:8001/dicomweb", "http://127.0.0.1:8001"),
        ("http://[::1]:8001/dicomweb", "http://[::1]:8001"),
        ("https://user:secret@dicom.example/x", "https://dicom.example"),
        ("HTTPS://DICOM.Example:443", "https://dicom.example:443"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dicomweb",
        "ftp://dicom.example/",
        "javascript:alert(1)",
        "https://a; script-src *",
        "https://a b/",
        "https://*/",
        "https://a:99999/",
        "https://a:port/",
        "https://a'none'/",
        "https://ä.example/",
        "https:///x",
        "//dicom.example",
        "https://[::1/",
    ],
)
def test_anything_else_reaches_no_header(url):
    assert origin_of(url) == ""
    assert directives_for_pictures([url]) == {}


def test_pictures_come_from_each_server_once_and_are_shown_from_blobs():
    urls = ["https://b.example/dicomweb", "https://a.example:8443/x", "https://b.example/other", "nonsense"]
    assert directives_for_pictures(urls) == {
        "connect-src": ["https://a.example:8443", "https://b.example"],
        "img-src": ["blob:"],
    }


def test_a_page_without_servers_allows_nothing_more():
    assert directives_for_pictures([]) == {}
