"""The viewer's page may read from the servers of its studies, and from nowhere where an address is no plain one."""

from viewer.policy_header import directives


def test_the_viewer_reads_from_the_owning_server_alone():
    assert directives(["https://dicom.example:8443/dicomweb"]) == {
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'", "https://dicom.example:8443"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["blob:"],
        "frame-src": ["blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
    }


def test_the_servers_of_priors_come_once_each():
    urls = ["https://b.example/dicomweb", "https://a.example/dicomweb", "https://b.example/other"]
    assert directives(urls)["connect-src"] == ["'self'", "https://a.example", "https://b.example"]


def test_an_address_that_is_no_plain_one_adds_nothing():
    assert directives(["https://a; script-src *", "javascript:alert(1)"])["connect-src"] == ["'self'"]
