"""dcmtk's storescu as a modality: files by C-STORE, over one association or several at once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from benchmarks.machine import program
from benchmarks.plans import RoundVoid
from runtime import env

CALLING_AE_TITLE = "MODALITY"
SECONDS = 400
TAIL_BYTES = 400


def missing() -> str | None:
    """Why it cannot send here, or None."""
    return None if program("storescu") else "dcmtk's storescu is not installed."


def send(
    files: Sequence[Path],
    port: int,
    ae_title: str,
    *,
    associations: int = 1,
    nagle: bool = False,
    jpeg_ls: bool = False,
) -> float:
    """Seconds from the start of the senders to the end of the last one, which is after its last Success.

    Each of the `associations` sends its share of the files at the same time as the others. With `nagle` the senders
    leave Nagle's algorithm on, as many modalities do. Raises RoundVoid where one ends otherwise than well.
    """
    command = [program("storescu") or "storescu", "-aet", CALLING_AE_TITLE, "-aec", ae_title]
    command += ["--propose-jls-lossless"] if jpeg_ls else []
    command += ["127.0.0.1", str(port)]
    environment = env.inherited({"TCP_NODELAY": "0" if nagle else "1"})
    started = time.perf_counter()
    senders = [
        subprocess.Popen(
            [*command, *map(str, share)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for share in shares(files, associations)
    ]
    outputs = [wait_for(sender) for sender in senders]
    seconds = time.perf_counter() - started
    for sender, output in zip(senders, outputs, strict=True):
        # A refusal ends it with a code other than 0; whether all is stored is counted afterwards.
        if sender.returncode or output:
            raise RoundVoid(f"storescu ended with {sender.returncode}: {output[-TAIL_BYTES:].decode(errors='replace')}")
    return seconds


def wait_for(sender: subprocess.Popen[bytes]) -> bytes:
    """What a sender said, at its end."""
    try:
        return sender.communicate(timeout=SECONDS)[0]
    except subprocess.TimeoutExpired as error:
        sender.kill()
        sender.communicate()
        raise RoundVoid(f"storescu did not end within {SECONDS} s") from error


def shares(files: Sequence[Path], count: int) -> list[list[Path]]:
    """The files in `count` parts of neighbours, as near to the same size as can be."""
    bounds = [round(index * len(files) / count) for index in range(count + 1)]
    return [list(files[start:end]) for start, end in pairwise(bounds) if end > start]
