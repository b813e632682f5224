"""Which lines of a target's code its inputs reach: an answer to how far the fuzzing has come."""

import contextlib
import importlib.util
import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import django

from fuzz.targets import TARGETS, Target

Line = tuple[str, int]


def main() -> None:
    """Print how many lines there are and how many the inputs in the folders reach, as JSON."""
    target = TARGETS[sys.argv[1]]
    folders = [Path(argument) for argument in sys.argv[2:]]
    django.setup()
    logging.getLogger().handlers = [logging.NullHandler()]
    lines = set(lines_of(target))
    fuzz_one = target.load()
    with reached_lines({name for name, _ in lines}) as reached:
        for path in sorted(path for folder in folders for path in folder.iterdir() if path.is_file()):
            with contextlib.suppress(Exception):
                fuzz_one(path.read_bytes())
    print(json.dumps({"lines": len(lines), "reached": len(lines & reached)}))


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
