"""Nobody reads studies past the policy: `Study.objects` stays in the catalogue and in the policy itself."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIDE = ("portal", "viewer", "monitoring", "audit")
MAY = ("portal/studies/", "portal/grants/")
# An empty queryset reads nothing.
DIRECT = r"\bStudy\.(objects(?!\.none\(\))|_default_manager|_base_manager)\b"
RELATED = r"\b(server|patient|institution)\.studies\b"
QUERY = re.compile(f"{DIRECT}|{RELATED}")


def readers(text_of: dict[str, str]) -> list[str]:
    return sorted(path for path, text in text_of.items() if QUERY.search(text) and not path.startswith(MAY))


def test_only_the_catalogue_and_the_policy_query_studies() -> None:
    files = {path for side in SIDE for path in (ROOT / side).rglob("*.py") if "node_modules" not in path.parts}
    assert readers({str(path.relative_to(ROOT)): path.read_text() for path in files}) == []


def test_a_planted_query_is_found() -> None:
    planted = {
        "viewer/services.py": "study = Study.objects.get(pk=1)",
        "portal/worklist/lists.py": "server.studies.filter(pk=1)",
        "portal/grants/policy.py": "Study.objects.filter(access)",
        "portal/worklist/api.py": "queryset = Study.objects.none()",
        "monitoring/views.py": "pass",
    }
    assert readers(planted) == ["portal/worklist/lists.py", "viewer/services.py"]
