"""What a C-GET offers to take: storage SOP classes, each in the transfer syntaxes in which archives keep them.

An association has 128 contexts, and of those that name several transfer syntaxes the other machine chooses one. So what
a study is likely to hold is offered once for each transfer syntax, and the archive sends it as it is stored; what it
may hold besides is offered once.
"""

from collections.abc import Iterable
from typing import Final

from pynetdicom.sop_class import _STORAGE_CLASSES

from dicomserver.scu.association import Context
from dicomserver.scu.data_sets import PLAIN_SYNTAXES
from dicomserver.scu.getting import MAX_STORAGE_CONTEXTS

# The most common first: where there is room for some only, it is for these.
COMPRESSED_SYNTAXES: Final = (
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.5",  # RLE
    "1.2.840.10008.1.2.4.80",  # JPEG-LS lossless
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
    "1.2.840.10008.1.2.4.102",  # MPEG-4 AVC/H.264 High Profile
    "1.2.840.10008.1.2.4.100",  # MPEG2 Main Profile
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian
    "1.2.840.10008.1.2.1.99",  # Deflated
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless
    "1.2.840.10008.1.2.4.201",  # HTJ2K lossless
    "1.2.840.10008.1.2.4.202",  # HTJ2K lossless RPCL
    "1.2.840.10008.1.2.4.203",  # HTJ2K
    "1.2.840.10008.1.2.4.101",  # MPEG2 High Level
    "1.2.840.10008.1.2.4.103",  # MPEG-4 AVC/H.264 BD-compatible
    "1.2.840.10008.1.2.4.107",  # HEVC/H.265
)

# What modalities make (PS3.3 A.1.4); what goes with any study stands in OTHERS.
_OF_MODALITY: Final[dict[str, tuple[str, ...]]] = {
    "CT": ("CTImageStorage", "EnhancedCTImageStorage"),
    "MR": ("MRImageStorage", "EnhancedMRImageStorage", "MRSpectroscopyStorage"),
    "US": ("UltrasoundImageStorage", "UltrasoundMultiFrameImageStorage"),
    "CR": ("ComputedRadiographyImageStorage",),
    "DX": ("DigitalXRayImageStorageForPresentation", "ComputedRadiographyImageStorage"),
    "MG": ("DigitalMammographyXRayImageStorageForPresentation", "BreastTomosynthesisImageStorage"),
    "IO": ("DigitalIntraOralXRayImageStorageForPresentation",),
    "XA": ("XRayAngiographicImageStorage", "EnhancedXAImageStorage"),
    "RF": ("XRayRadiofluoroscopicImageStorage", "EnhancedXRFImageStorage"),
    "NM": ("NuclearMedicineImageStorage",),
    "PT": ("PositronEmissionTomographyImageStorage", "EnhancedPETImageStorage"),
    "ES": ("VLEndoscopicImageStorage", "VideoEndoscopicImageStorage"),
    "GM": ("VLMicroscopicImageStorage", "VideoMicroscopicImageStorage"),
    "SM": ("VLWholeSlideMicroscopyImageStorage",),
    "XC": ("VLPhotographicImageStorage", "VideoPhotographicImageStorage"),
    "OP": ("OphthalmicPhotography8BitImageStorage", "OphthalmicTomographyImageStorage"),
    "OPT": ("OphthalmicTomographyImageStorage",),
    "ECG": ("TwelveLeadECGWaveformStorage", "GeneralECGWaveformStorage"),
    "RTIMAGE": ("RTImageStorage",),
    "OT": ("SecondaryCaptureImageStorage", "EncapsulatedPDFStorage"),
}

_WITH_ANY: Final = (
    "SecondaryCaptureImageStorage",
    "MultiFrameGrayscaleByteSecondaryCaptureImageStorage",
    "MultiFrameGrayscaleWordSecondaryCaptureImageStorage",
    "MultiFrameTrueColorSecondaryCaptureImageStorage",
    "GrayscaleSoftcopyPresentationStateStorage",
    "ColorSoftcopyPresentationStateStorage",
    "KeyObjectSelectionDocumentStorage",
    "BasicTextSRStorage",
    "EnhancedSRStorage",
    "ComprehensiveSRStorage",
    "Comprehensive3DSRStorage",
    "XRayRadiationDoseSRStorage",
    "MammographyCADSRStorage",
    "ChestCADSRStorage",
    "EncapsulatedPDFStorage",
    "EncapsulatedCDAStorage",
    "SegmentationStorage",
    "ParametricMapStorage",
    "RTStructureSetStorage",
    "RTPlanStorage",
    "RTDoseStorage",
    "RawDataStorage",
    "SpatialRegistrationStorage",
)

OTHERS: Final = tuple(_STORAGE_CLASSES[name] for name in _WITH_ANY)
COMMON: Final = tuple(dict.fromkeys(_STORAGE_CLASSES[name] for names in _OF_MODALITY.values() for name in names))


def storage_contexts(sop_classes: Iterable[str], modalities: Iterable[str]) -> list[Context]:
    """The contexts to offer for a study with these SOP classes, or of these modalities where they are not known.

    At most getting.MAX_STORAGE_CONTEXTS. Where nothing is known of the study, what is common is offered.
    """
    known = list(dict.fromkeys(sop_classes)) or _likely(modalities)
    if not known:
        return _in_two(list(dict.fromkeys((*COMMON, *OTHERS))))
    known = known[:MAX_STORAGE_CONTEXTS]
    others = [uid for uid in dict.fromkeys((*OTHERS, *COMMON)) if uid not in set(known)]
    # Half of the room is enough for what is known, unless that is much.
    others = others[: max(0, min(len(OTHERS), MAX_STORAGE_CONTEXTS - 2 * len(known)))]
    each = (MAX_STORAGE_CONTEXTS - len(others)) // len(known)
    contexts: list[Context] = []
    for uid in known:
        contexts.append((uid, PLAIN_SYNTAXES))
        contexts.extend((uid, [syntax]) for syntax in COMPRESSED_SYNTAXES[: each - 1])
    return [*contexts, *((uid, PLAIN_SYNTAXES) for uid in others)]


def _likely(modalities: Iterable[str]) -> list[str]:
    """What studies of these modalities are made of; nothing where one of them is strange."""
    found = [_OF_MODALITY.get(modality) for modality in modalities if modality not in _WITHOUT_PIXELS]
    return (
        [] if None in found else list(dict.fromkeys(_STORAGE_CLASSES[name] for names in found for name in names or ()))
    )


# Their objects stand in OTHERS.
_WITHOUT_PIXELS: Final = frozenset({"SR", "PR", "KO", "DOC", "SEG", "REG", "RTSTRUCT", "RTPLAN", "RTDOSE"})


def _in_two(uids: list[str]) -> list[Context]:
    """Each class uncompressed, and as many as there is room for in one compressed syntax that the archive chooses."""
    plain: list[Context] = [(uid, PLAIN_SYNTAXES) for uid in uids[:MAX_STORAGE_CONTEXTS]]
    room = MAX_STORAGE_CONTEXTS - len(plain)
    return [*plain, *((uid, COMPRESSED_SYNTAXES) for uid in uids[:room])]
