"""A real mail server for tests, which keeps the letters that it gets; use the fixture `smtp_server`."""

import email
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

HOST = "127.0.0.1"


class Postbox:
    """What the mail server was given; `refuse` makes it answer so instead of taking a letter."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuse: list[str] = []
        self.host, self.port = HOST, 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        """Take an address, or refuse it with the next prepared answer."""
        if self.refuse:
            return self.refuse.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep the letter."""
        letter = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 Kept"

    def to(self, address: str) -> list[EmailMessage]:
        """The letters to one address, the oldest first."""
        return [letter for letter in self.letters if letter["To"] == address]


def text_of(letter: EmailMessage) -> str:
    """The text of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


@contextmanager
def running_postbox() -> Iterator[Postbox]:
    """A mail server on this machine, on a free port."""
    postbox = Postbox()
    with socket.socket() as free:
        free.bind((HOST, 0))
        postbox.port = free.getsockname()[1]
    # It tells each command, with addresses.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    controller = Controller(postbox, hostname=HOST, port=postbox.port)
    controller.start()
    try:
        yield postbox
    finally:
        controller.stop()


@pytest.fixture
def smtp_server(settings: Any) -> Iterator[Postbox]:
    """A mail server on this machine, to which Django sends all letters of the test."""
    with running_postbox() as postbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = postbox.host, postbox.port
        yield postbox
