"""Addresses that a server gives of itself are safe in headers, and its key is a key."""

import json

import pytest

from wire.enrolments import Enrolment
from wire.examples import example
from wire.messages import MessageRefused, parse


def enrolment(**changes):
    return parse(Enrolment, json.dumps(json.loads(example("enrolment")) | changes).encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://dicom.nistru.example/dicomweb",
        "http://127.0.0.1:8001/dicomweb/",
        "http://localhost:8001",
        "https://[::1]:8443/a/b-c_d.e~f",
    ],
)
def test_plain_web_address_is_accepted(url):
    assert enrolment(dicomweb_url=url).dicomweb_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example; script-src *",
        "https://a.example/x y",
        "https://a.example/\n",
        "https://a.example/dicomweb?x=1",
        "https://a.example/#x",
        "https://user:password@a.example/",
        "https://*.example/",
        "https://a.example,https://b.example",
        "https://a.example/'unsafe-inline'",
        "https://a.example//x",
        "javascript:alert(1)",
        "ftp://a.example/",
        "//a.example/",
        "https://",
        "https://a.example/" + "x" * 500,
    ],
)
def test_address_that_could_change_a_header_is_refused(url):
    with pytest.raises(MessageRefused, match=r"^dicomweb_url: "):
        enrolment(dicomweb_url=url)


@pytest.mark.parametrize("host", ["", "a b", "-a", "a/b", "a\n", "x" * 254, "a;b"])
def test_malformed_host_is_refused(host):
    with pytest.raises(MessageRefused, match=r"^dicom_host: "):
        enrolment(dicom_host=host)


@pytest.mark.parametrize("ae_title", ["", " ", "A" * 17, "A\\B", "A\nB", "ȘT"])
def test_malformed_ae_title_is_refused(ae_title):
    with pytest.raises(MessageRefused, match=r"^ae_title: "):
        enrolment(ae_title=ae_title)


@pytest.mark.parametrize("ae_title", ["A", "CT 2", "A" * 16, "NISTRU_CT[1]"])
def test_ae_title_of_the_standard_is_accepted(ae_title):
    assert enrolment(ae_title=ae_title).ae_title == ae_title


@pytest.mark.parametrize("port", [0, 65536, "104", -1])
def test_malformed_port_is_refused(port):
    with pytest.raises(MessageRefused, match=r"^dicom_port: "):
        enrolment(dicom_port=port)


@pytest.mark.parametrize("public_key", ["", "A" * 42, "A" * 44, "!" * 43, "A" * 42 + "B"])
def test_malformed_key_is_refused(public_key):
    with pytest.raises(MessageRefused, match=r"^public_key: "):
        enrolment(public_key=public_key)
