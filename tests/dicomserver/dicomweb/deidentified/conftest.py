"""A reader from whom is hidden whose study it is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

if TYPE_CHECKING:
    from tests.dicomserver.dicomweb.deidentified.seeing import DisguisedReader
    from tests.dicomserver.dicomweb.reading import WebReader

Disguise: TypeAlias = "Callable[..., DisguisedReader]"


@pytest.fixture(autouse=True)
def own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers is of one test."""
    from dicomserver.dicomweb.deidentified import files, names

    monkeypatch.setattr(names, "memory", names.NameMemory())
    monkeypatch.setattr(files, "memory", files.LayoutMemory())


@pytest.fixture
def disguised(reader: "WebReader", home: Path) -> Disguise:
    """Make a reader of the study by its original UID, with these options."""
    from tests.dicomserver.dicomweb.deidentified.seeing import DisguisedReader

    return lambda study, *options, **values: DisguisedReader(reader, home, str(study), *options, **values)
