"""The reader of the benchmarks takes answers of every length, each exactly once, and sees wrong ones."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.readers.http_load import Requests, UnexpectedAnswer, client_limit, fetch, load

BODY = bytes(range(256)) * 300


class Answers(BaseHTTPRequestHandler):
    """/length, /chunked and /close say in their way where the body ends; /short breaks off."""

    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()
    lock = threading.Lock()

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        with self.lock:
            self.asked[self.path] += 1
        self.send_response(404 if kind == "absent" else 200)
        if kind == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif kind == "close":
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        if kind == "chunked":
            for start in range(0, len(BODY), 1000):
                piece = BODY[start : start + 1000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(BODY[: 100 if kind == "short" else None])
        self.close_connection = kind in {"close", "short"}

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@pytest.fixture
def port() -> Iterator[int]:
    Answers.asked.clear()
    server = Server(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", ["length", "chunked", "close"])
def test_each_path_is_asked_once_and_every_byte_counted(port: int, kind: str) -> None:
    paths = tuple(f"/{kind}/{number}" for number in range(40))
    measured = load(Requests(port, paths), connections=20)
    assert (measured.answers, measured.body_bytes) == (40, 40 * len(BODY))
    assert Answers.asked == dict.fromkeys(paths, 1)


def test_a_load_for_some_time_asks_again_and_again(port: int) -> None:
    measured = load(Requests(port, ("/length/1",)), connections=2, seconds=0.3)
    assert measured.answers == Answers.asked["/length/1"] > 2
    assert measured.body_bytes == measured.answers * len(BODY)
    assert measured.per_second == measured.answers / measured.seconds


@pytest.mark.parametrize(("kind", "complaint"), [("absent", "404"), ("short", "closed the connection within a body")])
def test_an_answer_that_is_refused_or_breaks_off_is_not_counted(port: int, kind: str, complaint: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=complaint):
        fetch(Requests(port, (f"/{kind}/1",)))
    with pytest.raises(UnexpectedAnswer, match=complaint):
        load(Requests(port, (f"/{kind}/1",)), connections=1)


def test_the_clients_own_limit_is_measured_with_bytes_of_the_same_size() -> None:
    measured = client_limit(1000, connections=2, seconds=0.2)
    assert measured.answers > 10
    assert measured.body_bytes == measured.answers * 1000
