"""Reads and writes tables of documents that are made from code: each stands between two marks."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TABLE: Final = re.compile(r"<!-- table: (?P<name>[a-z-]+) -->\n(?P<table>.*?)<!-- end -->", re.DOTALL)

Row = tuple[str, ...]


def written(rows: list[Row]) -> str:
    """A table of Markdown; the first row is its head."""
    head, *body = rows
    lines = [head, ("---",) * len(head), *body]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def tables_of(path: Path) -> dict[str, str]:
    """The tables that stand in a document, by name."""
    return {found["name"]: found["table"] for found in _TABLE.finditer(path.read_text(encoding="utf-8"))}


def replace_tables(path: Path, tables: Mapping[str, list[Row]]) -> None:
    """Write each table in the place of its name."""

    def replaced(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<!-- table: {name} -->\n{written(tables[name])}<!-- end -->"

    path.write_text(_TABLE.sub(replaced, path.read_text(encoding="utf-8")), encoding="utf-8")
