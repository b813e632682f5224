"""The STOW-RS sender sends every byte of every file, in well-formed requests, and counts only what was answered."""

import email.parser
import email.policy
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchmarks.plans import RoundVoid
from benchmarks.senders import stow


class Receiver:
    """An HTTP server that keeps requests and answers as a STOW-RS server does."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections: set[tuple[str, int]] = set()
        self.status = 200
        self.leave_out = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.connections.add(self.client_address)
                receiver.requests.append((self.path, dict(self.headers), body))
                stored = body.count(b"Content-Type: application/dicom\r\n") - receiver.leave_out
                answer = json.dumps({"00081199": {"vr": "SQ", "Value": [{}] * stored}}).encode()
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/dicomweb"

    def parts(self) -> list[bytes]:
        """The content of every part of every request."""
        found: list[bytes] = []
        for _, headers, body in self.requests:
            head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            assert message.get_content_type() == "multipart/related"
            assert message.get_param("type") == "application/dicom"
            assert message.defects == []
            for part in message.iter_parts():
                assert part.get_content_type() == "application/dicom"
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                assert len(content) == int(part["Content-Length"])
                found.append(content)
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.server.shutdown()
    started.server.server_close()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = []
    for number in range(7):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(f"file {number} ".encode() * (30_000 if number == 3 else number + 1))
        paths.append(path)
    return paths


def test_requests_hold_so_many_files_each_and_go_over_one_connection(receiver: Receiver, files: list[Path]) -> None:
    assert stow.send(files, receiver.url, "the-token", instances_a_request=3) > 0
    assert receiver.parts() == [path.read_bytes() for path in files]
    assert [path for path, _, _ in receiver.requests] == ["/dicomweb/studies"] * 3
    assert {headers["Authorization"] for _, headers, _ in receiver.requests} == {"Bearer the-token"}
    assert len(receiver.connections) == 1


def test_several_connections_share_the_files(receiver: Receiver, files: list[Path]) -> None:
    stow.send(files, receiver.url, at_once=4, instances_a_request=50)
    assert sorted(receiver.parts()) == sorted(path.read_bytes() for path in files)
    assert (len(receiver.requests), len(receiver.connections)) == (4, 4)
    assert not any("Authorization" in headers for _, headers, _ in receiver.requests)


def test_an_answer_that_refuses_voids_the_round(receiver: Receiver, files: list[Path]) -> None:
    receiver.status = 503
    with pytest.raises(RoundVoid, match=r"^0 of 7 instances answered as stored: 503: "):
        stow.send(files, receiver.url)


def test_an_instance_that_the_answer_leaves_out_voids_the_round(receiver: Receiver, files: list[Path]) -> None:
    receiver.leave_out = 1
    with pytest.raises(RoundVoid, match=r"^6 of 7 instances answered as stored"):
        stow.send(files, receiver.url)


def test_a_server_that_is_not_there_voids_the_round(files: list[Path]) -> None:
    with pytest.raises(RoundVoid, match="could not connect"):
        stow.send(files, "http://127.0.0.1:1/dicomweb")
