"""A portal for tests: a real HTTP server that checks each signature and keeps what it accepted."""

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel

from wire import errands, problems, routes
from wire.credentials import CredentialRefused, verify_request
from wire.enrolments import Enrolment, EnrolmentAnswer
from wire.events import AccessEvent
from wire.heartbeats import Heartbeat, HeartbeatAnswer, PublicKey, Revocation
from wire.keys import generate_key, parse_public_key, public_key_text, thumbprint
from wire.messages import body_of, parse
from wire.orders import Order, OrderReport, OrdersAnswer, OrdersRequest
from wire.problems import Problem
from wire.studies import StudyReport
from wire.tokens import issue, new_claims

CODE = "GOOD-CODE-1234"
MODELS: dict[str, type[BaseModel]] = {
    routes.STUDY_REPORTS: StudyReport,
    routes.ACCESS_EVENTS: AccessEvent,
    routes.HEARTBEATS: Heartbeat,
    routes.ENROLMENTS: Enrolment,
    routes.ORDERS: OrdersRequest,
    routes.ORDER_REPORTS: OrderReport,
}


class Reply:
    """What to answer instead of accepting; `hold` is waited for first."""

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        hold: threading.Event | None = None,
        accept: bool = False,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.hold = hold
        self.accept = accept


def problem_body(status: int, code: str) -> bytes:
    return Problem(title="No", status=status, code=code, detail="Because.").model_dump_json().encode()


class PortalDouble:
    """Accepts messages of the server that enrolled with CODE; `replies` changes the next answers, by route."""

    def __init__(self) -> None:
        self.signing_key = generate_key()
        self.server_id: UUID = uuid4()
        self.server_key: Ed25519PublicKey | None = None
        self.accepted: dict[str, list[BaseModel]] = defaultdict(list)
        self.refused: list[str] = []
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.revocations: tuple[Revocation, ...] = ()
        # By growing revision, and how many of them an answer holds.
        self.orders: list[Order] = []
        self.orders_per_answer = 2
        self.before_answer: Callable[[BaseModel], None] = lambda message: None
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def kid(self) -> str:
        return thumbprint(self.signing_key)

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        return (PublicKey(kid=self.kid, public_key=public_key_text(self.signing_key)),)

    @property
    def reports(self) -> list[StudyReport]:
        return cast("list[StudyReport]", self.accepted[routes.STUDY_REPORTS])

    @property
    def heartbeats(self) -> list[Heartbeat]:
        return cast("list[Heartbeat]", self.accepted[routes.HEARTBEATS])

    @property
    def enrolments(self) -> list[Enrolment]:
        return cast("list[Enrolment]", self.accepted[routes.ENROLMENTS])

    @property
    def events(self) -> list[AccessEvent]:
        return cast("list[AccessEvent]", self.accepted[routes.ACCESS_EVENTS])

    @property
    def order_reports(self) -> list[OrderReport]:
        return cast("list[OrderReport]", self.accepted[routes.ORDER_REPORTS])

    def token(self, study_instance_uid: str, **changes: Any) -> str:
        """A viewer token; changes are arguments of `new_claims`, or `private_key` and `kid`."""
        private_key = changes.pop("private_key", self.signing_key)
        kid = changes.pop("kid", self.kid)
        values: dict[str, Any] = {
            "iss": "portal.test",
            "aud": str(self.server_id),
            "sub": "user-1",
            "sid": "session-1",
            "study_instance_uid": study_instance_uid,
            "permissions": ("view",),
            "now": datetime.now(UTC),
        } | changes
        return issue(new_claims(**values), private_key, kid)

    def errand_token(self, errand: str, **changes: Any) -> str:
        """An errand token; changes are arguments of `errands.new_claims`, or `private_key` and `kid`."""
        private_key = changes.pop("private_key", self.signing_key)
        kid = changes.pop("kid", self.kid)
        values: dict[str, Any] = {
            "iss": "portal.test",
            "aud": str(self.server_id),
            "sub": "user-1",
            "sid": "session-1",
            "errand": errand,
            "now": datetime.now(UTC),
        } | changes
        return errands.issue(errands.new_claims(**values), private_key, kid)

    def start(self) -> None:
        """Listen; on the port of before where it was stopped."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                status, body, headers = double.answer(self)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that gave up is part of the tests."""

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening; connections are refused from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes, dict[str, str]]:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        reply = self.replies[handler.path].pop(0) if self.replies[handler.path] else None
        if reply and reply.hold:
            reply.hold.wait(20)
        if reply and not reply.accept:
            return reply.status, reply.body, reply.headers
        message = parse(MODELS[handler.path], body)
        try:
            self.check(handler, message, body)
        except CredentialRefused as error:
            self.refused.append(error.code)
            return 401, problem_body(401, error.code), {}
        return self.accept(handler.path, message, reply)

    def check(self, handler: BaseHTTPRequestHandler, message: BaseModel, body: bytes) -> None:
        if isinstance(message, Enrolment):
            key = parse_public_key(message.public_key)
            issuer = thumbprint(key)
        else:
            assert self.server_key is not None
            key, issuer = self.server_key, str(self.server_id)
        verify_request(
            handler.headers["Authorization"],
            public_key=key,
            issuer=issuer,
            method="POST",
            path=handler.path,
            body=body,
            now=datetime.now(UTC),
        )

    def accept(self, path: str, message: BaseModel, reply: Reply | None) -> tuple[int, bytes, dict[str, str]]:
        if isinstance(message, Enrolment):
            if message.code != CODE:
                return 403, problem_body(403, problems.ENROLMENT_CODE_INVALID), {}
            self.server_key = parse_public_key(message.public_key)
        self.accepted[path].append(message)
        self.before_answer(message)
        if reply:
            return reply.status, reply.body, reply.headers
        return 200, self.content_for(message), {}

    def content_for(self, message: BaseModel) -> bytes:
        if isinstance(message, Enrolment):
            return body_of(
                EnrolmentAnswer(
                    server_id=self.server_id,
                    institution_code="A",
                    institution_name="Hospital A",
                    portal_keys=self.public_keys,
                )
            )
        if isinstance(message, Heartbeat):
            return body_of(
                HeartbeatAnswer(
                    received_at=datetime.now(UTC),
                    portal_keys=self.public_keys,
                    revocations=self.revocations,
                    orders_revision=self.orders[-1].revision if self.orders else None,
                )
            )
        if isinstance(message, OrdersRequest):
            newer = [order for order in self.orders if order.revision > message.after_revision]
            sent = newer[: self.orders_per_answer]
            return body_of(
                OrdersAnswer(
                    orders=tuple(sent),
                    revision=sent[-1].revision if sent else message.after_revision,
                    has_more=len(newer) > len(sent),
                )
            )
        return b""
