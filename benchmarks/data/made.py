"""Objects that are made while they are sent: one of 2 GB that is never in memory, and thousands of small ones."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from uuid import UUID

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite, write_dataset
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.filebase import DicomBytesIO

from benchmarks.senders.scu import Sendable

MULTI_FRAME = "1.2.840.10008.5.1.4.1.1.7.3"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT = str(ExplicitVRLittleEndian)


def new_uid(source: random.Random) -> str:
    """A UID of 39 characters or more from a random number of its own (PS3.5 B.2)."""
    return f"2.25.{UUID(int=source.getrandbits(128) | 1 << 127).int}"
