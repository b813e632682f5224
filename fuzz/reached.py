"""Which lines of a target's code its inputs reach: an answer to how far the fuzzing has come."""

import argparse
import contextlib
import importlib.util
import json
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import django

from fuzz.targets import TARGETS, Target

Line = tuple[str, int]


def main() -> None:
    """Print how many lines there are and how many the inputs reach, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("working", type=Path, help="a folder of inputs beside the corpus")
    parser.add_argument("--keep", action="store_true", help="put those into the corpus that reach lines of their own")
    arguments = parser.parse_args()
    target = TARGETS[arguments.target]
    django.setup()
    logging.getLogger().handlers = [logging.NullHandler()]
    lines = set(lines_of(target))
    fuzz_one = target.load()
    with reached_lines({name for name, _ in lines}) as reached:
        for path in inputs(target.corpus):
            _run(fuzz_one, path)
        for path in inputs(arguments.working):
            before = len(lines & reached)
            _run(fuzz_one, path)
            if arguments.keep and len(lines & reached) > before:
                shutil.copyfile(path, target.corpus / f"kept-{path.name[:12]}")
    print(json.dumps({"lines": len(lines), "reached": len(lines & reached)}))


def inputs(folder: Path) -> list[Path]:
    """The files of the folder, the smallest first."""
    return sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: (path.stat().st_size, path))


def _run(fuzz_one: Callable[[bytes], None], path: Path) -> None:
    with contextlib.suppress(Exception):
        fuzz_one(path.read_bytes())


def lines_of(target: Target) -> Iterator[Line]:
    """All lines in functions of the target's code."""
    for name in target.code:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        code = compile(Path(spec.origin).read_bytes(), spec.origin, "exec")
        for function in _functions(code, is_module=True):
            lines = {line for _, _, line in function.co_lines() if line}
            yield from ((spec.origin, line) for line in lines - {function.co_firstlineno})


@contextlib.contextmanager
def reached_lines(files: set[str]) -> Iterator[set[Line]]:
    """Gather the lines of these files that any thread runs."""
    reached: set[Line] = set()

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            reached.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    try:
        yield reached
    finally:
        sys.settrace(None)
        threading.settrace(None)


def _functions(code: CodeType, *, is_module: bool = False) -> Iterator[CodeType]:
    """Code of functions; what a module or class does when it is imported is no matter of inputs."""
    if not is_module and "__qualname__" not in code.co_names:
        yield code
    for constant in code.co_consts:
        # Comprehensions and lambdas are lines of the function around them.
        if isinstance(constant, CodeType) and not constant.co_name.startswith("<"):
            yield from _functions(constant)


if __name__ == "__main__":
    main()
