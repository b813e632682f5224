"""Runs the programs of a tortured server under the project's own supervisor, as the demonstration does."""

import json
import sys
from pathlib import Path

from runtime.processes import Program, run


def main() -> int:
    """Run what the file names until SIGTERM."""
    configuration = Path(sys.argv[1])
    programs = [
        Program(**{**values, "directory": Path(values["directory"])})
        for values in json.loads(configuration.read_text())
    ]
    return run(programs, configuration.parent / "processes")


if __name__ == "__main__":
    raise SystemExit(main())
