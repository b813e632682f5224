"""The viewer's page may read from the owning server, and from nowhere where that address is no plain one."""

from viewer.policy_header import directives


def test_the_viewer_reads_from_the_owning_server_alone():
    assert directives("https://dicom.example:8443/dicomweb") == {
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'", "https://dicom.example:8443"],
        "img-src": ["'self'", "data:", "blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
    }


def test_an_address_that_is_no_plain_one_adds_nothing():
    assert directives("https://a; script-src *")["connect-src"] == ["'self'"]
