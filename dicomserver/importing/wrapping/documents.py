"""A PDF as Encapsulated PDF (PS3.3 A.45.1)."""

import re
from functools import partial
from typing import BinaryIO, Final

from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

from dicomserver.importing.wrapping.wrapped import (
    ENCAPSULATED_DOCUMENT,
    MAX_VALUE_BYTES,
    Wrapped,
    WrappingRefused,
    pieces_of,
)

_TAIL_BYTES: Final = 2048


def wrapped_pdf(file: BinaryIO) -> Wrapped:
    """The document. Raises WrappingRefused."""
    length = file.seek(0, 2)
    if length > MAX_VALUE_BYTES:
        raise WrappingRefused("The document is too large to be kept as DICOM.")
    file.seek(max(length - _TAIL_BYTES, 0))
    if not re.search(rb"%%EOF|startxref", file.read()):
        raise WrappingRefused("The PDF is cut off: its end is not there. Make it again, and send that.")
    ds = Dataset()
    # PS3.3 C.8.6.1: it comes from a workstation, nobody scanned it here.
    ds.ConversionType = "WSD"
    ds.AcquisitionDateTime = ""
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = length
    return Wrapped(
        sop_class_uid=EncapsulatedPDFStorage,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        modality="DOC",
        ds=ds,
        tag=ENCAPSULATED_DOCUMENT,
        length=length,
        pieces=partial(pieces_of, file),
    )
