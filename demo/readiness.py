"""Says in demo.json whether the demonstration is ready: yes once everything answers, no before it stops."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType
from typing import Any

import requests

from demo.places import Places
from demo.state_files import mark_not_ready, read_json, write_json

POLL_SECONDS = 0.2
ANSWER_SECONDS = 5.0


class StopAsked(Exception):
    """SIGTERM or Ctrl-C came."""


def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler
    """Leave whatever is going on."""
    raise StopAsked


def answers(url: str) -> bool:
    """True where a health address answers that all is well."""
    try:
        return bool(requests.get(url, timeout=ANSWER_SECONDS).status_code == requests.codes.ok)
    except requests.RequestException:
        return False


def health_addresses(places: Places) -> list[str]:
    """What must answer: the portal, the DICOM Servers and the OpenID providers."""
    ours = [f"{url}/health/ready" for url in (places.portal_url, *(server.base_url for server in places.servers))]
    return [*ours, *(f"{provider.issuer}/.well-known/openid-configuration" for provider in places.providers)]


def ready_content(places: Places) -> dict[str, Any] | None:
    """What demo.json is to say, once the studies are in the portal and every address answers; None until then."""
    content = read_json(places.content_file)
    if content is None or not all(map(answers, health_addresses(places))):
        return None
    return {**content, "ready": True}


def main() -> int:
    """Wait for readiness, say it, and take it back when asked to stop."""
    places = Places.of_environment()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        mark_not_ready(places.demo_file)
        while (content := ready_content(places)) is None:
            time.sleep(POLL_SECONDS)
        write_json(places.demo_file, content)
        while True:
            signal.pause()
    except StopAsked:
        mark_not_ready(places.demo_file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
