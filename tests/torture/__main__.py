"""`python -m tests.torture`: tortures a DICOM Server, and prints what it came to."""

import argparse
import secrets
import signal
import sys
import tempfile
from pathlib import Path

from tests.torture.rounds import Torture


def main() -> int:
    """Run the rounds; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="as printed by an earlier run, to send the same again")
    options = parser.parse_args()
    # Whoever stops it finds nothing left running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    directory = Path(tempfile.mkdtemp(prefix="dicom-network-torture-"))
    # PostgreSQL of root runs as another user, who passes through here.
    directory.chmod(0o711)
    say(f"seed {seed}, in {directory}")
    torture = Torture(directory, seed, say)
    result = torture.run(options.rounds)
    for line in result.lines():
        say(line)
    if result.problems:
        say(f"Everything is kept in {directory}.")
        return 1
    torture.server.remove()
    return 0


def say(line: str) -> None:
    """Print at once, also through a pipe."""
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
