"""Writes the matrix as `docs/access.md` shows it: made from the same lists as the test, so that it cannot differ."""

from tests.access.subjects import SUBJECTS, Subject
from tests.access.ways import WAYS, Way

BEYOND_IMAGES = frozenset({"API findings", "API annotations"})

HEAD = """# Who reaches a study, and by which way

Made by `python -m tests.access.table > docs/access.md` from the lists in `tests/access`, which
`tests/access/test_matrix.py` tries cell by cell over HTTP on a running network. "yes": the study came out.
"–": no byte, row or token came out, and one event stands in the audit.

"""
TAIL = """
A way that lists (worklist, API list) is open to everybody who is signed in; "–" says that the study is not in the
list. De-identified studies stand in no list; consultants find them with their question. "API annotations" answers
patients with marks of their own alone: those of readers are unsigned work. DIMSE queries (C-FIND, C-MOVE, C-GET) are
refused to everybody.
"""


def is_allowed(subject: Subject, way: Way) -> bool:
    """What the matrix expects of one cell."""
    if subject.without_identity and not way.with_masks:
        return False
    if subject.only_images and way.words in BEYOND_IMAGES:
        return False
    return way.needs in subject.may


def table() -> str:
    """The page."""
    lines = [f"| | {' | '.join(way.words for way in WAYS)} |", f"|---|{'---|' * len(WAYS)}"]
    for subject in SUBJECTS:
        cells = ("yes" if is_allowed(subject, way) else "–" for way in WAYS)
        lines.append(f"| {subject.words} | {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    print(table(), end="")
