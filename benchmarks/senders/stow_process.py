"""A STOW-RS sender as a process of its own: streams files from the page cache into the socket, so that it costs little.

It reads its task as a line of JSON, says `ready`, and begins at the next line; then it prints its result as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import select
import socket
import sys
from pathlib import Path
from typing import Any

BOUNDARY = "benchmark-part-of-a-request"
END = f"--{BOUNDARY}--\r\n".encode()
PATIENCE_SECONDS = 400
# PS3.18 10.5.3 and PS3.3 Table C.12-1.
REFERENCED_SOP_SEQUENCE = "00081199"


def head_of_part(size: int) -> bytes:
    """What stands before each instance."""
    return f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\nContent-Length: {size}\r\n\r\n".encode()


def head_of_request(task: dict[str, Any], length: int) -> bytes:
    """Request line and headers."""
    lines = [
        f"POST {task['path']} HTTP/1.1",
        f"Host: {task['host']}:{task['port']}",
        "Accept: application/dicom+json",
        f'Content-Type: multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        f"Content-Length: {length}",
    ]
    if task["token"]:
        lines.append(f"Authorization: Bearer {task['token']}")
    return "\r\n".join([*lines, "", ""]).encode()


class Sender:
    """One connection, over which requests go one after the other."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.requests = [[(path, Path(path).stat().st_size) for path in request] for request in task["requests"]]
        self.socket = socket.create_connection((task["host"], task["port"]), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send_all(self) -> dict[str, Any]:
        """Send every request; returns how many instances were answered as stored, and what went wrong."""
        stored, problems = 0, []
        for request in self.requests:
            status, body = self.send(request)
            if status != 200:
                problems.append(f"{status}: {body[:200].decode(errors='replace')}")
                break
            stored += len(json.loads(body).get(REFERENCED_SOP_SEQUENCE, {}).get("Value", ()))
        return {"stored": stored, "problems": problems}

    def send(self, request: list[tuple[str, int]]) -> tuple[int, bytes]:
        """Send one request and read its answer."""
        length = sum(len(head_of_part(size)) + size + 2 for _, size in request) + len(END)
        before = head_of_request(self.task, length)
        for path, size in request:
            self.socket.sendall(before + head_of_part(size), socket.MSG_MORE)
            self.send_file(path, size)
            before = b"\r\n"
        self.socket.sendall(before + END)
        response = http.client.HTTPResponse(self.socket, method="POST")
        response.begin()
        return response.status, response.read()

    def send_file(self, path: str, size: int) -> None:
        """Let the kernel copy a file into the socket."""
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - a thousand times, and timed
            offset = 0
            while offset < size:
                offset += self.wait_and_send(stream.fileno(), offset, size - offset)

    def wait_and_send(self, descriptor: int, offset: int, count: int) -> int:
        """Send what the socket takes."""
        while True:
            try:
                return os.sendfile(self.socket.fileno(), descriptor, offset, count)
            except BlockingIOError:
                # A socket with a time-out does not block by itself.
                select.select([], [self.socket], [], PATIENCE_SECONDS)


def main() -> None:
    """Do the task of the standard input."""
    task = json.loads(sys.stdin.readline())
    sender = Sender(task)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        result = sender.send_all()
    except (OSError, http.client.HTTPException, ValueError) as error:
        result = {"stored": 0, "problems": [f"{type(error).__name__}: {error}"]}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
