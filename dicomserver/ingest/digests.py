"""Digests of stored files, read piece by piece."""

import hashlib
from pathlib import Path
from typing import Final

from dicomserver.archive.part10 import NotPart10, read_file_head

_STEP: Final = 1024 * 1024


def data_set_sha256_of(path: Path) -> str | None:
    """The digest of the data set behind the file's head; None where there is none."""
    with path.open("rb") as file:
        try:
            offset = read_file_head(file).data_set_offset
        except NotPart10:
            return None
        file.seek(offset)
        digest = hashlib.sha256()
        while piece := file.read(_STEP):
            digest.update(piece)
    return digest.hexdigest()


def split_sha256_of(path: Path, offset: int) -> tuple[str, str]:
    """The digests of what stands before the offset and of what follows it."""
    with path.open("rb") as file:
        header = hashlib.sha256(file.read(offset))
        data_set = hashlib.sha256()
        while piece := file.read(_STEP):
            data_set.update(piece)
    return header.hexdigest(), data_set.hexdigest()
