"""How much one import may unpack: what a hostile archive claims and holds ends here."""

from dataclasses import dataclass
from typing import Final

GIB: Final = 1024**3
# One study of 50,000 files is ten times the largest that modalities make.
MAX_ENTRIES: Final = 50_000
# The list of entries is read into memory as a whole.
MAX_DIRECTORY_BYTES: Final = 8 * 1024**2
MAX_ENTRY_BYTES: Final = 16 * GIB
MAX_TOTAL_BYTES: Final = 256 * GIB
# Images of nothing but black are packed by up to 1:1030; what is large and packed so is no image.
MAX_RATIO: Final = 200
RATIO_FREE_BYTES: Final = 64 * 1024**2
# An archive may hold archives, which may hold none.
MAX_DEPTH: Final = 2


class TooMuch(Exception):
    """More than one import may unpack; the message says what, in a sentence."""


@dataclass(slots=True)
class Budget:
    """What is left of one import's bounds, for an archive and all archives in it together."""

    entries: int = MAX_ENTRIES
    bytes: int = MAX_TOTAL_BYTES

    def take_entries(self, count: int) -> None:
        """Raise TooMuch where so many entries are too many."""
        self.entries -= count
        if self.entries < 0:
            raise TooMuch(f"The ZIP holds more than {MAX_ENTRIES} files. Send it in parts.")

    def take_bytes(self, count: int) -> None:
        """Raise TooMuch where so many unpacked bytes are too many."""
        self.bytes -= count
        if self.bytes < 0:
            raise TooMuch(f"Unpacked, the ZIP holds more than {MAX_TOTAL_BYTES // GIB} GiB. Send it in parts.")
