"""Fuzzes one target in this process; what it finds is written down, and the search goes on."""

import argparse
import hashlib
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import atheris
import django

from fuzz.targets import CORPUS, TARGETS

MAX_INPUT_BYTES = 4096
# An input that takes longer is a finding too.
TIMEOUT_SECONDS = 25
_PROJECT = str(CORPUS.parent.parent)


def main() -> None:
    """Run libFuzzer for some seconds with one target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--findings", type=Path, required=True)
    parser.add_argument("corpora", type=Path, nargs="+")
    arguments = parser.parse_args()
    target = TARGETS[arguments.target]
    with atheris.instrument_imports(include=list(target.code)):
        django.setup()
        fuzz_one = target.load()
    # Hostile bytes are logged by the thousand; the targets hear what they need to hear by handlers of their own.
    logging.getLogger().handlers = [logging.NullHandler()]
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-timeout={TIMEOUT_SECONDS}",
        f"-artifact_prefix={arguments.findings}/",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, *map(str, arguments.corpora)], recording(fuzz_one, arguments.findings))
    atheris.Fuzz()


def recording(fuzz_one: Callable[[bytes], None], findings: Path) -> Callable[[bytes], None]:
    """The target, whose failures are kept by the place in which they happened instead of ending the run."""
    # Findings of one place beyond the first say nothing new.
    known: set[str] = set()

    def run(data: bytes) -> None:
        try:
            fuzz_one(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            place = where(error)
            if place not in known:
                known.add(place)
                digest = hashlib.sha256(data).hexdigest()[:12]
                (findings / f"found-{digest}").write_bytes(data)
                (findings / f"found-{digest}.txt").write_text(f"{place}\n{traceback.format_exc()}")

    return run


def where(error: BaseException) -> str:
    """Type and innermost place of ours, by which two findings are the same."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if one.filename.startswith(_PROJECT) and "site-packages" not in one.filename]
    last = ours[-1]
    return f"{type(error).__name__} at {Path(last.filename).relative_to(_PROJECT)}:{last.lineno}"


if __name__ == "__main__":
    main()
