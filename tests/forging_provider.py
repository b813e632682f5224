"""An OpenID provider that signs whatever a test wants: what a portal must refuse is made here."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

CLIENT_ID = "dicom-network"
CLIENT_SECRET = "a-client-secret-of-tests-of-some-length"
PATHS = {
    "authorization_endpoint": "/auth",
    "token_endpoint": "/token",
    "jwks_uri": "/jwks",
    "userinfo_endpoint": "/userinfo",
}


class ForgingProvider:
    """A provider on a free port. `id_token` and `userinfo` are what it answers next; `calls` is what was asked."""

    def __init__(self) -> None:
        self.rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec_key = ec.generate_private_key(ec.SECP256R1())
        self.stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.reset()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def reset(self) -> None:
        """Be honest again."""
        self.keys: dict[str, Any] = {"rsa": self.rsa_key, "ec": self.ec_key}
        self.id_token: str | None = None
        self.userinfo: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.calls: list[str] = []

    @property
    def issuer(self) -> str:
        """Its address and name."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def claims(self, asked_nonce: str, /, **changes: Any) -> dict[str, Any]:
        """What an honest provider would assert; a change to None leaves a claim out."""
        now = int(time.time())
        honest = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": asked_nonce,
            "idnp": "2099031001472",
        }
        return {name: value for name, value in {**honest, **changes}.items() if value is not None}

    def signed(self, claims: dict[str, Any], *, key: Any = None, algorithm: str = "RS256", **header: Any) -> str:
        """A token with these claims; signed as it should be unless told otherwise."""
        names = {"kid": "ec" if algorithm.startswith("ES") else "rsa", **header}
        usual = self.ec_key if algorithm.startswith("ES") else self.rsa_key
        named = {name: value for name, value in names.items() if value is not None}
        return jwt.encode(claims, usual if key is None else key, algorithm=algorithm, headers=named)

    @property
    def public_pem(self) -> bytes:
        """The public RSA key, as anybody may fetch it."""
        return self.rsa_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str) -> tuple[int, bytes]:
        if path in self.answers:
            return self.answers[path]
        made: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": lambda: {
                "issuer": self.issuer,
                **{name: self.issuer + place for name, place in PATHS.items()},
                **self.discovery,
            },
            "/jwks": lambda: {"keys": [_published(name, key) for name, key in self.keys.items()]},
            "/token": lambda: {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token},
            "/userinfo": lambda: {"sub": "subject-1", **self.userinfo},
        }
        return (200, json.dumps(made[path]()).encode()) if path in made else (404, b"{}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.calls.append(self.path)
                status, body = provider._answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *words: Any) -> None:
                pass

        return Handler


def _published(name: str, key: Any) -> dict[str, Any]:
    kind = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": name, "use": "sig"}
