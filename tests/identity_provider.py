"""A real OpenID provider for tests: `demo/identity_provider`, on a port of its own, with any accounts and claims."""

import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import requests

from demo.identity_provider_program import provider_command, write_configuration
from runtime.death import signal_on_parents_death

START_SECONDS = 20.0
STOP_SECONDS = 10.0
ANSWER_SECONDS = 10.0
ATTEMPTS = 3


@dataclass(frozen=True)
class Account:
    """Somebody whom the provider knows."""

    username: str
    sub: str
    password: str = "correct horse battery staple"
    claims: Mapping[str, Any] = field(default_factory=dict)


class IdentityProvider:
    """One running provider. Accounts may be set while it runs; everything else is fixed at the start.

    with IdentityProvider(["http://testserver/oidc/callback/"]) as provider:
        ana = provider.set_account("ana", idnp="2002…")
        callback = provider.sign_in(authorization_url, ana)
    """

    def __init__(
        self,
        redirect_uris: Sequence[str],
        *,
        post_logout_redirect_uris: Sequence[str] = (),
        claims: Mapping[str, Sequence[str]] | None = None,
        client_id: str = "dicom-network",
        client_secret: str = "a-client-secret-of-tests-of-some-length",
        name: str = "Demo national identity provider",
        **others: Any,
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        client = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": list(redirect_uris),
            "post_logout_redirect_uris": list(post_logout_redirect_uris),
            "id_token_signed_response_alg": others.pop("algorithm", "RS256"),
        }
        scopes = claims or {
            "national_id": ["idnp"],
            "profile": ["name", "given_name", "family_name", "birthdate", "gender"],
            "email": ["email", "email_verified"],
            "groups": ["groups"],
        }
        self._fixed = {"name": name, "clients": [client], "claims": scopes, **others}
        self._accounts: dict[str, Account] = {}
        self._directory = tempfile.TemporaryDirectory(prefix="identity-provider-")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def issuer(self) -> str:
        """Its address and name."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What it printed."""
        return (Path(self._directory.name) / "output.txt").read_text()

    def set_account(self, username: str, *, sub: str = "", **claims: Any) -> Account:
        """Add an account, or change its subject and claims; an absent claim is not asserted."""
        account = Account(username, sub or f"sub-of-{username}", claims=claims)
        self._accounts[username] = account
        if self.port:
            self._write()
        return account

    def forget_accounts(self) -> None:
        """Know nobody any more."""
        self._accounts.clear()
        self._write()

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        for _ in range(ATTEMPTS):
            self.port = free_port()
            self._write()
            with (Path(self._directory.name) / "output.txt").open("wb") as output:
                self._process = subprocess.Popen(
                    provider_command(self._file),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    preexec_fn=signal_on_parents_death(signal.SIGTERM),  # noqa: PLW1509 - only a prepared C call
                )
            if self._answers():
                return self
            self._end()
        raise AssertionError(f"The identity provider does not start: {self.output}")

    def stop(self) -> None:
        """End it and remove what it wrote."""
        self._end()
        self._directory.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def sign_in(self, authorization_url: str, account: Account, *, session: requests.Session | None = None) -> str:
        """Sign in as a browser does; return the address to which the provider sends the person back."""
        browser = session or requests.Session()
        page = _followed(browser, "GET", authorization_url, self.issuer)
        if isinstance(page, str):
            return page
        typed = {"username": account.username, "password": account.password}
        address = _followed(browser, "POST", page.url, self.issuer, typed)
        assert isinstance(address, str), f"The provider did not let {account.username} in: {address.text}"
        return address

    @property
    def _file(self) -> Path:
        return Path(self._directory.name) / "configuration.json"

    def _write(self) -> None:
        accounts = [{**asdict(account), "claims": dict(account.claims)} for account in self._accounts.values()]
        write_configuration(self._file, {**self._fixed, "port": self.port, "issuer": self.issuer, "accounts": accounts})

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                found = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=ANSWER_SECONDS)
            except requests.ConnectionError:
                time.sleep(0.05)
                continue
            # Another program may have taken the port: its answer names another issuer, or nothing.
            return bool(found.ok and found.json()["issuer"] == self.issuer and self._process.poll() is None)
        return False

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _followed(
    browser: requests.Session, method: str, url: str, origin: str, data: Mapping[str, str] | None = None
) -> requests.Response | str:
    """Follow redirects within `origin`; return the page at their end, or the address that leads away."""
    answer = browser.request(method, url, data=data, allow_redirects=False, timeout=ANSWER_SECONDS)
    while answer.is_redirect:
        url = urljoin(answer.url, answer.headers["Location"])
        if not url.startswith(f"{origin}/"):
            return url
        answer = browser.get(url, allow_redirects=False, timeout=ANSWER_SECONDS)
    return answer


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
