"""Fuzzes the targets one after the other and prints what came of it: python -m fuzz --seconds 600 [TARGET ...]."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.targets import CORPUS, TARGETS, Target
from runtime import env

# Nothing here needs a database: an address where nobody listens answers at once.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "dicomserver.settings.test",
    "DATABASE_URL": "postgresql://127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
# Beyond its time a run is stuck.
GRACE_SECONDS = 60
# Temporary files are many; in memory they cost least.
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
COLUMNS = "{:10} {:>11} {:>7} {:>12} {:>6} {:>7} {:>16} {:>6}"
# What was found in earlier runs, to go on from there.
WORKING = Path(".tools") / "fuzz-corpus"


@dataclass
class Outcome:
    """What came of one target."""

    target: Target
    executions: int = 0
    seconds: float = 0
    edges: int = 0
    inputs: int = 0
    lines: str = ""
    findings: list[str] = field(default_factory=list)


def main() -> int:
    """Run; the exit status says whether something was found."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"one of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--keep", action="store_true", help="put what reaches lines of its own into the corpus")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    chosen = [TARGETS[name] for name in arguments.targets or TARGETS]
    names = "target", "executions", "seconds", "executions/s", "edges", "inputs", "lines reached", "found"
    print(COLUMNS.format(*names), flush=True)
    found = []
    for target in chosen:
        outcome = fuzz(target, arguments.seconds // len(chosen), must_keep=arguments.keep)
        print(row(outcome), flush=True)
        found += [f"{target.name}: {finding}" for finding in outcome.findings]
    print("\n" + "\n\n".join(found or ["Nothing was found."]))
    return int(bool(found))


def fuzz(target: Target, seconds: int, *, must_keep: bool) -> Outcome:
    """Fuzz one target; where it crashes or hangs, go on for the rest of the time."""
    outcome = Outcome(target)
    working = WORKING / target.name
    working.mkdir(parents=True, exist_ok=True)
    target.corpus.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        while (left := seconds - int(time.monotonic() - started)) > 0:
            log, is_complete = run(target, left, Path(folder), [working, target.corpus])
            outcome.executions += _last(log, r"number_of_executed_units: (\d+)") or _last(log, r"^#(\d+)\s")
            outcome.edges = max(outcome.edges, _last(log, r" cov: (\d+)"))
            if is_complete:
                break
            if not any(Path(folder).iterdir()):
                raise SystemExit(f"Fuzzing {target.name} does not start:\n{log[-3000:]}")
        outcome.seconds = time.monotonic() - started
        outcome.findings = collect(target, Path(folder))
    outcome.inputs = len(list(working.iterdir())) + len(list(target.corpus.iterdir()))
    outcome.lines = reached(target, working, "--keep" if must_keep else "")
    return outcome


def run(target: Target, seconds: int, findings: Path, corpora: list[Path]) -> tuple[str, bool]:
    """One process of libFuzzer: what it wrote, and whether it came to its end."""
    command = [sys.executable, "-m", "fuzz.one_target", target.name, f"--seconds={seconds}", f"--findings={findings}"]
    try:
        with temporary_folder() as folder:
            ended = subprocess.run(
                [*command, *map(str, corpora)],
                check=False,
                env=env.inherited(ENVIRONMENT | {"TMPDIR": folder}),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=seconds + GRACE_SECONDS,
            )
    except subprocess.TimeoutExpired as expired:
        (findings / "stuck.txt").write_text("stuck: the run does not end")
        return (expired.stderr or b"").decode(errors="replace"), False
    return ended.stderr.decode(errors="replace"), ended.returncode == 0


def collect(target: Target, folder: Path) -> list[str]:
    """Keep the inputs that were found, and say where each led."""
    said = []
    for path in sorted(path for path in folder.iterdir() if path.suffix != ".txt"):
        kept = target.corpus / (path.name if path.name.startswith("found-") else f"found-{path.name[-12:]}")
        shutil.copyfile(path, kept)
        note = path.with_suffix(".txt")
        what = note.read_text().strip() if note.exists() else path.name.split("-", maxsplit=1)[0]
        said.append(f"{kept.relative_to(CORPUS.parent.parent)}: {what}")
    said += [path.read_text() for path in folder.glob("stuck.txt")]
    return said


def reached(target: Target, working: Path, *options: str) -> str:
    """The part of the target's lines that its inputs reach."""
    command = [sys.executable, "-m", "fuzz.reached", target.name, str(working), *filter(None, options)]
    with temporary_folder() as folder:
        environment = env.inherited(ENVIRONMENT | {"TMPDIR": folder})
        ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if ended.returncode:
        return "unknown"
    counts = json.loads(ended.stdout.splitlines()[-1])
    return f"{counts['reached']}/{counts['lines']} ({100 * counts['reached'] // counts['lines']} %)"


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for everything that a child leaves behind."""
    return tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None)


def row(one: Outcome) -> str:
    """A line of the table."""
    rate = round(one.executions / one.seconds) if one.seconds else 0
    numbers = f"{one.executions:,}", round(one.seconds), rate, one.edges, one.inputs
    return COLUMNS.format(one.target.name, *numbers, one.lines, len(one.findings))


def _last(log: str, pattern: str) -> int:
    found = re.findall(pattern, log, re.MULTILINE)
    return int(found[-1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
