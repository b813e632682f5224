"""A portal for the servers of benchmarks: it enrols them, takes every message, and issues viewer tokens."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

from wire import routes
from wire.enrolments import EnrolmentAnswer
from wire.heartbeats import HeartbeatAnswer, PublicKey
from wire.keys import generate_key, public_key_text, thumbprint
from wire.messages import body_of
from wire.tokens import issue, new_claims

CODE = "BENCHMARK-CODE"


class BenchmarkPortal:
    """Answers what a portal would answer; it holds the key with which viewer tokens are signed."""

    def __init__(self) -> None:
        self.key = generate_key()
        self.server_id = uuid4()
        self.received = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="portal", daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def viewer_token(self, study_instance_uid: str) -> str:
        """A token that opens one study for five minutes, under an id of its own each time."""
        claims = new_claims(
            iss=self.url,
            aud=str(self.server_id),
            sub="benchmark",
            sid=str(uuid4()),
            study_instance_uid=study_instance_uid,
            permissions=("view", "download"),
            now=datetime.now(UTC),
        )
        return issue(claims, self.key, thumbprint(self.key))

    def answer(self, path: str) -> bytes:
        """The body with which a message is accepted."""
        self.received += 1
        keys = (PublicKey(kid=thumbprint(self.key), public_key=public_key_text(self.key)),)
        if path == routes.ENROLMENTS:
            return body_of(
                EnrolmentAnswer(
                    server_id=self.server_id,
                    institution_code="B",
                    institution_name="Benchmark Hospital",
                    portal_keys=keys,
                )
            )
        if path == routes.HEARTBEATS:
            return body_of(HeartbeatAnswer(received_at=datetime.now(UTC), portal_keys=keys, revocations=()))
        return b""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                body = portal.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
