"""What receives by STOW-RS is the archive of the settings, as for every other way in."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive, FileMeta
from dicomserver.dicomweb.storing.archives import receiving_archive
from dicomserver.ingest.archives import configured_archive


@pytest.mark.parametrize("archive_of", [configured_archive, receiving_archive])
@pytest.mark.parametrize("direct", [True, False])
def test_files_go_around_the_page_cache_where_the_settings_say_so(
    home: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    archive_of: Callable[[], Archive],
    direct: bool,
) -> None:
    settings.ARCHIVE_DIRECT_WRITES = direct
    asked: list[int] = []
    original = fcntl.fcntl

    def note(descriptor: int, command: int, flags: int) -> int:
        asked.append(flags)
        return original(descriptor, command, flags)

    monkeypatch.setattr(fcntl, "fcntl", note)
    archive = archive_of()
    archive.prepare()
    incoming = archive.receive(FileMeta("1.2.3", "1.2.4", "1.2.840.10008.1.2.1"))
    incoming.write(bytes(400_000))
    incoming.seal()
    incoming.discard()
    assert (os.O_DIRECT in asked) is direct
