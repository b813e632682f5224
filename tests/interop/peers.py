"""Makes machines known to a DICOM Server of the demonstration, by the commands of its operator."""

import os
import subprocess
import sys

from tests.demonstration import ROOT, Demonstration, Server


def run_command(demonstration: Demonstration, server: Server, *arguments: str) -> str:
    """What `python -m dicomserver ARGUMENTS` of the server prints. Raises AssertionError where it fails."""
    (pid, *_) = demonstration.pids("run_scp", server.home)
    with open(f"/proc/{pid}/environ", encoding="utf-8") as file:  # noqa: PTH123 - no file of a folder
        environment = dict(line.split("=", 1) for line in file.read().split("\0") if "=" in line)
    command = [sys.executable, "-m", "dicomserver", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def machine_token(demonstration: Demonstration, server: Server, name: str, *services: str) -> str:
    """The HTTP token of a new machine with the services; one of that name goes first."""
    if name in [line.partition("\t")[0] for line in run_command(demonstration, server, "list_peers").splitlines()]:
        run_command(demonstration, server, "remove_peer", name)
    return run_command(demonstration, server, "add_peer", name, "--http", "--services", ",".join(services))
