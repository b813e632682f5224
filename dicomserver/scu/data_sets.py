"""Data sets of requests and answers, to and from the bytes of a transfer syntax."""

from io import BytesIO
from typing import Final

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
# What is proposed for identifiers: a list of many UIDs is longer than explicit VR can say (PS3.5 7.1.2).
QUERY_SYNTAXES: Final = (IMPLICIT_LITTLE, EXPLICIT_LITTLE)
# What is proposed for instances beside their own syntax; every machine must take the second (PS3.5 10.1).
PLAIN_SYNTAXES: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)


def encoded(ds: Dataset, transfer_syntax_uid: str) -> bytes:
    """The data set in Implicit or Explicit VR Little Endian."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = transfer_syntax_uid == IMPLICIT_LITTLE
    buffer.is_little_endian = True
    write_dataset(buffer, ds)
    return bytes(buffer.getvalue())


def decoded(data: bytes, transfer_syntax_uid: str) -> Dataset:
    """The data set of such bytes, every value of it read and its text in Unicode.

    Raises ValueError where the bytes hold none.
    """
    try:
        ds = read_dataset(BytesIO(data), transfer_syntax_uid == IMPLICIT_LITTLE, True)
        for _ in ds.iterall():
            pass
        ds.decode()
    except Exception as error:
        raise ValueError("The data set cannot be read.") from error
    return ds
