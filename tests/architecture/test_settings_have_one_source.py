"""The environment is read through `runtime.env` alone, and settings through `django.conf` alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("runtime", "wire", "audit", "portal", "viewer", "monitoring", "dicomserver", "demo", "benchmarks")
READER = "runtime/env.py"
SETTINGS = ("portal.settings", "dicomserver.settings")
SETTINGS_FOLDERS = ("portal/settings/", "dicomserver/settings/")
FROM_OS = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
# What starts a process says which settings it starts with, unless somebody chose others before.
CHOICE = 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", '


def sources() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def environment_reads(text: str) -> list[int]:
    """The lines that touch the process environment, the choice of settings at a start left out."""
    lines = text.splitlines()
    found = []
    for node in ast.walk(ast.parse(text)):
        is_attribute = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
        if is_attribute and node.attr in FROM_OS and CHOICE not in lines[node.lineno - 1]:
            found.append(node.lineno)
        if isinstance(node, ast.ImportFrom) and node.module == "os" and FROM_OS & {name.name for name in node.names}:
            found.append(node.lineno)
    return sorted(found)


def settings_imports(text: str) -> list[int]:
    """The lines that import a settings module instead of asking `django.conf`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if any(name == one or name.startswith(f"{one}.") for name in names for one in SETTINGS):
            found.append(node.lineno)
    return found


def test_only_runtime_env_reads_the_environment() -> None:
    assert [
        (path, environment_reads(text)) for path, text in sources() if path != READER and environment_reads(text)
    ] == []


def test_nobody_imports_a_settings_module() -> None:
    others = [(path, text) for path, text in sources() if not path.startswith(SETTINGS_FOLDERS)]
    assert [(path, settings_imports(text)) for path, text in others if settings_imports(text)] == []


@pytest.mark.parametrize(
    "planted",
    [
        'import os\nHOME = os.environ["HOME"]',
        'import os\nHOME = os.getenv("HOME")',
        "from os import environ",
        'import os\nos.environ.setdefault("SECRET_KEY", "x")',
    ],
)
def test_a_planted_read_is_found(planted: str) -> None:
    assert environment_reads(planted)


def test_a_start_may_choose_its_settings() -> None:
    assert environment_reads('import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "x")') == []


@pytest.mark.parametrize(
    "planted",
    ["import portal.settings.base", "from portal.settings import base", "from dicomserver import settings"],
)
def test_a_planted_import_is_found(planted: str) -> None:
    assert settings_imports(planted)
    assert settings_imports("from django.conf import settings") == []
