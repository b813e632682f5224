"""The layering of docs/architecture.md is enforced: a planted wrong import breaks the import contracts."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("runtime", "wire", "audit", "portal", "viewer", "monitoring", "dicomserver", "demo", "benchmarks")


def lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts on a copy of the tree, with this interpreter's environment."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--config", "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of our packages."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("client", "__pycache__", "node_modules")
        )
    return copy


def test_the_tree_as_it_stands_keeps_every_contract(tree: Path) -> None:
    result = lint_imports(tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "planted", "contract"),
    [
        ("wire/uids.py", "import django", "runtime and wire stand alone"),
        ("wire/uids.py", "import pydicom", "wire knows no DICOM toolkit"),
        ("runtime/env.py", "import wire.uids", "runtime and wire do not know each other"),
        ("audit/services.py", "import portal.accounts.models", "audit knows nobody"),
        ("portal/studies/models.py", "import pydicom", "the portal never touches pixels"),
        ("portal/accounts/models.py", "import portal.grants.models", "the portal's apps import downward"),
        ("viewer/apps.py", "import monitoring.models", "viewer and monitoring are neighbours"),
        ("dicomserver/index/models.py", "import dicomserver.ingest", "the DICOM Server's parts import downward"),
        ("dicomserver/ingest/__init__.py", "import pynetdicom", "only SCP and SCU speak DIMSE"),
        ("dicomserver/archive/__init__.py", "import django", "archive and identity know no Django"),
        ("dicomserver/scp/__init__.py", "import portal.studies", "a DICOM Server knows nothing of the portal"),
    ],
)
def test_a_planted_import_breaks_its_contract(tree: Path, module: str, planted: str, contract: str) -> None:
    path = tree / module
    before = path.read_text()
    try:
        path.write_text(before + f"\n{planted}\n")
        result = lint_imports(tree)
    finally:
        path.write_text(before)
    assert result.returncode != 0
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert any(contract in line for line in broken), result.stdout
