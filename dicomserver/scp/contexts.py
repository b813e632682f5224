"""What the SCP can accept: every storage SOP class, in every transfer syntax that a file can have."""

from collections.abc import Iterable
from typing import Final

from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import register_uid

VERIFICATION: Final = "1.2.840.10008.1.1"
# Retired (PS3.6 Table A-1), and still sent by modalities and from old archives.
RETIRED_STORAGE_SOP_CLASSES: Final = {
    "UltrasoundMultiFrameImageStorageRetired": "1.2.840.10008.5.1.4.1.1.3",
    "NuclearMedicineImageStorageRetired": "1.2.840.10008.5.1.4.1.1.5",
    "UltrasoundImageStorageRetired": "1.2.840.10008.5.1.4.1.1.6",
    "StandaloneOverlayStorage": "1.2.840.10008.5.1.4.1.1.8",
    "StandaloneCurveStorage": "1.2.840.10008.5.1.4.1.1.9",
    "StandaloneModalityLUTStorage": "1.2.840.10008.5.1.4.1.1.10",
    "StandaloneVOILUTStorage": "1.2.840.10008.5.1.4.1.1.11",
    "XRayAngiographicBiPlaneImageStorage": "1.2.840.10008.5.1.4.1.1.12.3",
    "VLImageStorageTrial": "1.2.840.10008.5.1.4.1.1.77.1",
    "VLMultiFrameImageStorageTrial": "1.2.840.10008.5.1.4.1.1.77.2",
    "TextSRStorageTrial": "1.2.840.10008.5.1.4.1.1.88.1",
    "AudioSRStorageTrial": "1.2.840.10008.5.1.4.1.1.88.2",
    "DetailSRStorageTrial": "1.2.840.10008.5.1.4.1.1.88.3",
    "ComprehensiveSRStorageTrial": "1.2.840.10008.5.1.4.1.1.88.4",
    "StandalonePETCurveStorage": "1.2.840.10008.5.1.4.1.1.129",
    "HardcopyGrayscaleImageStorage": "1.2.840.10008.5.1.1.29",
    "HardcopyColorImageStorage": "1.2.840.10008.5.1.1.30",
    "WaveformStorageTrial": "1.2.840.10008.5.1.4.1.1.9.1",
    "RTBeamsDeliveryInstructionStorageTrial": "1.2.840.10008.5.1.4.34.1",
}
# Of security (DICOS) and of the testing of materials (DICONDE): studies like others, named in PS3.6 Table A-1.
RELATED_STORAGE_SOP_CLASSES: Final = {
    "DICOSCTImageStorage": "1.2.840.10008.5.1.4.1.1.501.1",
    "DICOSDigitalXRayImageStorageForPresentation": "1.2.840.10008.5.1.4.1.1.501.2.1",
    "DICOSDigitalXRayImageStorageForProcessing": "1.2.840.10008.5.1.4.1.1.501.2.2",
    "DICOSThreatDetectionReportStorage": "1.2.840.10008.5.1.4.1.1.501.3",
    "DICOS2DAITStorage": "1.2.840.10008.5.1.4.1.1.501.4",
    "DICOS3DAITStorage": "1.2.840.10008.5.1.4.1.1.501.5",
    "DICOSQuadrupoleResonanceStorage": "1.2.840.10008.5.1.4.1.1.501.6",
    "EddyCurrentImageStorage": "1.2.840.10008.5.1.4.1.1.601.1",
    "EddyCurrentMultiFrameImageStorage": "1.2.840.10008.5.1.4.1.1.601.2",
}
# Of PS3.5 2024 and before; pynetdicom does not list what is retired. One prefix and the process in the last component.
RETIRED_TRANSFER_SYNTAXES: Final = frozenset(
    {f"1.2.840.10008.1.2.4.{process}" for process in (52, 53, 54, 55, 56, *range(58, 67))}
)
ENCAPSULATED_UNCOMPRESSED: Final = "1.2.840.10008.1.2.1.98"

TRANSFER_SYNTAXES: Final = frozenset({*ALL_TRANSFER_SYNTAXES, *RETIRED_TRANSFER_SYNTAXES, ENCAPSULATED_UNCOMPRESSED})
# Of messages that carry no pixels. Not deflated: a small one may hold more than there is memory.
DATA_SET_TRANSFER_SYNTAXES: Final = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})
STANDARD_STORAGE_SOP_CLASSES: Final = frozenset(
    str(context.abstract_syntax) for context in AllStoragePresentationContexts
)


def register_storage_sop_classes(additional: Iterable[str] = ()) -> frozenset[str]:
    """Teach pynetdicom the classes that it does not know, the operator's too; return all that are accepted."""
    unlisted = RETIRED_STORAGE_SOP_CLASSES | RELATED_STORAGE_SOP_CLASSES
    for keyword, uid in unlisted.items():
        register_uid(uid, keyword, StorageServiceClass)
    own = frozenset(additional)
    for uid in own - STANDARD_STORAGE_SOP_CLASSES:
        register_uid(uid, f"AdditionalStorage_{uid.replace('.', '_')}", StorageServiceClass)
    return STANDARD_STORAGE_SOP_CLASSES | frozenset(unlisted.values()) | own
