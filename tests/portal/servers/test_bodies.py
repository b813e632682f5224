"""A body is read once and never beyond its bound, whatever the sender says of its length."""

import io

import pytest
from django.core.handlers.wsgi import WSGIRequest

from portal.accounts.problems import ProblemError
from portal.servers.bodies import bounded_body


class Stream(io.BytesIO):
    """Remembers how much was asked of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def request_of(data: bytes, length: str | None) -> tuple[WSGIRequest, Stream]:
    stream = Stream(data)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "wsgi.input": stream,
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
    }
    if length is not None:
        environ["CONTENT_LENGTH"] = length
    return WSGIRequest(environ), stream


def test_the_whole_body_is_read_and_kept() -> None:
    request, _ = request_of(b"x" * 100_000, "100000")
    assert bounded_body(request, 100_000) == b"x" * 100_000
    assert bounded_body(request, 100_000) == b"x" * 100_000


@pytest.mark.parametrize("length", ["101", "99999999999999999999999"])
def test_a_stated_length_beyond_the_bound_is_refused_before_a_byte_is_read(length: str) -> None:
    request, stream = request_of(b"x" * 200, length)
    with pytest.raises(ProblemError) as refused:
        bounded_body(request, 100)
    assert (refused.value.status_code, refused.value.code) == (413, "body_too_large")
    assert stream.taken == 0


def test_a_stream_longer_than_stated_is_cut_off() -> None:
    request, stream = request_of(b"x" * 10_000, "100")
    assert bounded_body(request, 100) == b"x" * 100
    assert stream.taken == 100


def test_a_stream_that_never_says_its_length_is_refused_at_the_bound() -> None:
    request, _ = request_of(b"", "0")
    endless = Stream(b"x" * 10_000)
    request._stream = endless
    with pytest.raises(ProblemError) as refused:
        bounded_body(request, 100)
    assert refused.value.status_code == 413
    assert endless.taken == 101


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", " 5", "1_0", "٥"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    request, stream = request_of(b"x" * 200, None)
    request.META["CONTENT_LENGTH"] = length
    with pytest.raises(ProblemError) as refused:
        bounded_body(request, 100)
    assert (refused.value.status_code, refused.value.code) == (400, "request_invalid")
    assert stream.taken == 0
