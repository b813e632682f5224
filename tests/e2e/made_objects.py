"""Objects of a study that are no plain images, made for tests: reports, ECGs, documents, states, segments."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    KeyObjectSelectionDocumentStorage,
    SegmentationStorage,
    SpatialRegistrationStorage,
    TwelveLeadECGWaveformStorage,
)

from tests.e2e.measured_images import image

COMPREHENSIVE_SR = UID("1.2.840.10008.5.1.4.1.1.88.33")

HOSTILE = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'
RIGHT_TO_LEFT = "\u202egnirts\u202c"


def beside(below: Dataset, modality: str, sop_class: UID, number: int) -> Dataset:
    """An object without pixels in the study of an image, in a series of its own."""
    ds = image(modality, sop_class, np.zeros((1, 1), dtype=np.uint16))
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(ds, keyword)
    del ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.WindowCenter, ds.WindowWidth
    return in_study_of(below, ds, number)


def in_study_of(below: Dataset, ds: Dataset, number: int) -> Dataset:
    """The data set in the study and of the patient of another."""
    for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "PatientSex", "StudyDate", "StudyTime"):
        setattr(ds, keyword, getattr(below, keyword))
    ds.SeriesNumber, ds.SeriesDescription = number, f"Made {ds.Modality}"
    return ds


def item(**values: object) -> Dataset:
    """An item of a sequence."""
    ds = Dataset()
    for keyword, value in values.items():
        setattr(ds, keyword, Sequence(value) if isinstance(value, list) and _is_items(value) else value)
    return ds


def _is_items(value: list[object]) -> bool:
    return bool(value) and isinstance(value[0], Dataset)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """An item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def reference(ds: Dataset) -> Dataset:
    """An item that refers to an instance."""
    return item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID)


def evidence(*images: Dataset) -> list[Dataset]:
    """The study, series and instances that a document speaks of."""
    series = item(
        SeriesInstanceUID=images[0].SeriesInstanceUID, ReferencedSOPSequence=[reference(one) for one in images]
    )
    return [item(StudyInstanceUID=images[0].StudyInstanceUID, ReferencedSeriesSequence=[series])]


def report(below: Dataset, text: str = "Nothing unusual") -> Dataset:
    """A structured report with a measurement, a text and a reference to an image."""
    ds = beside(below, "SR", COMPREHENSIVE_SR, 10)
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.ConceptNameCodeSequence = Sequence([code("126000", "DCM", "Imaging Measurement Report")])
    unit = code("mm", "UCUM", "millimeter")
    measured = item(NumericValue="19.5", MeasurementUnitsCodeSequence=[unit])
    ds.ContentSequence = Sequence(
        [
            _content("NUM", "Length", MeasuredValueSequence=[measured]),
            _content("TEXT", "Finding", TextValue=text),
            _content("IMAGE", "Source", ReferencedSOPSequence=[reference(below)]),
        ]
    )
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence(evidence(below))
    return ds


def _content(kind: str, name: str, **values: object) -> Dataset:
    concept = code("1", "99MADE", name)
    return item(RelationshipType="CONTAINS", ValueType=kind, ConceptNameCodeSequence=[concept], **values)


def key_objects(*images: Dataset) -> Dataset:
    """A key object selection of some images."""
    ds = beside(images[0], "KO", KeyObjectSelectionDocumentStorage, 11)
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = Sequence([code("113000", "DCM", "Of Interest")])
    ds.ContentSequence = Sequence(
        [item(RelationshipType="CONTAINS", ValueType="IMAGE", ReferencedSOPSequence=[reference(one)]) for one in images]
    )
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence(evidence(*images))
    return ds


def ecg(below: Dataset) -> Dataset:
    """Two leads of two seconds at 500 Hz: a step of 1 mV (800 units of 1.25 µV) in the first."""
    ds = beside(below, "ECG", TwelveLeadECGWaveformStorage, 12)
    samples = np.zeros((1000, 2), dtype="<i2")
    samples[250:500, 0] = 800
    microvolt = code("uV", "UCUM", "microvolt")
    channels = [
        item(
            ChannelSourceSequence=[code("5.6.3-9-1", "SCPECG", f"Lead {name}")],
            ChannelSensitivity="1.25",
            ChannelSensitivityUnitsSequence=[microvolt],
            ChannelSensitivityCorrectionFactor="1",
            ChannelBaseline="0",
            WaveformBitsStored=16,
        )
        for name in ("I", "II")
    ]
    group = item(
        MultiplexGroupTimeOffset="0",
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=2,
        NumberOfWaveformSamples=1000,
        SamplingFrequency="500",
        ChannelDefinitionSequence=channels,
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
    )
    group.add_new("WaveformData", "OW", samples.tobytes())
    ds.WaveformSequence = Sequence([group])
    return ds


def pdf(below: Dataset) -> Dataset:
    """An encapsulated PDF of one empty page."""
    ds = beside(below, "DOC", EncapsulatedPDFStorage, 13)
    content = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    ds.MIMETypeOfEncapsulatedDocument, ds.DocumentTitle = "application/pdf", "A letter"
    ds.BurnedInAnnotation = "NO"
    ds.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return ds


def registration(below: Dataset) -> Dataset:
    """A spatial registration: an object without a picture."""
    return beside(below, "REG", SpatialRegistrationStorage, 14)


def presentation_state(below: Dataset, *, inverse: bool = False, rotation: int = 0) -> Dataset:
    """A state with the window 100 ± 50, a circle of 20 pixels around [100, 80], and a text."""
    ds = beside(below, "PR", GrayscaleSoftcopyPresentationStateStorage, 15)
    ds.ContentLabel, ds.ContentDescription = "MADE", "Circle and note"
    ds.PresentationCreationDate, ds.PresentationCreationTime = ds.StudyDate, "120000"
    images = [reference(below)]
    ds.ReferencedSeriesSequence = Sequence(
        [item(SeriesInstanceUID=below.SeriesInstanceUID, ReferencedImageSequence=images)]
    )
    ds.SoftcopyVOILUTSequence = Sequence([item(WindowCenter="100", WindowWidth="100")])
    ds.ImageHorizontalFlip, ds.ImageRotation = "N", rotation
    circle = item(
        GraphicAnnotationUnits="PIXEL",
        GraphicDimensions=2,
        NumberOfGraphicPoints=2,
        GraphicData=[100.5, 80.5, 120.5, 80.5],
        GraphicType="CIRCLE",
        GraphicFilled="N",
    )
    words = item(
        UnformattedTextValue=HOSTILE,
        AnchorPointAnnotationUnits="PIXEL",
        AnchorPoint=[100.5, 80.5],
        AnchorPointVisibility="Y",
    )
    ds.GraphicLayerSequence = Sequence([item(GraphicLayer="ONE", GraphicLayerOrder=1)])
    ds.GraphicAnnotationSequence = Sequence(
        [
            item(
                ReferencedImageSequence=images,
                GraphicLayer="ONE",
                GraphicObjectSequence=[circle],
                TextObjectSequence=[words],
            )
        ]
    )
    area = item(
        ReferencedImageSequence=images,
        DisplayedAreaTopLeftHandCorner=[1, 1],
        DisplayedAreaBottomRightHandCorner=[below.Columns, below.Rows],
        PresentationSizeMode="SCALE TO FIT",
        PresentationPixelAspectRatio=[1, 1],
    )
    ds.DisplayedAreaSelectionSequence = Sequence([area])
    ds.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    return ds


def segmentation(below: Dataset) -> Dataset:
    """One segment, "Liver", over the pixels 50 to 99 of the columns and 40 to 79 of the rows."""
    mask = np.zeros((below.Rows, below.Columns), dtype=np.uint8)
    mask[40:80, 50:100] = 1
    ds = in_study_of(below, image("SEG", SegmentationStorage, mask.astype(np.uint16)), 16)
    del ds.WindowCenter, ds.WindowWidth
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit, ds.NumberOfFrames, ds.SegmentationType = 0, 1, "BINARY"
    ds.FrameOfReferenceUID = below.FrameOfReferenceUID
    ds.ContentLabel, ds.ContentDescription = "MADE", "A made segmentation"
    packed = np.packbits(mask.ravel(), bitorder="little").tobytes()
    ds.PixelData = packed + b"\0" * (len(packed) % 2)
    ds.SegmentSequence = Sequence(
        [
            item(
                SegmentNumber=1,
                SegmentLabel="Liver",
                SegmentAlgorithmType="MANUAL",
                RecommendedDisplayCIELabValue=[41661, 41167, 40792],
                SegmentedPropertyTypeCodeSequence=[code("10200004", "SCT", "Liver")],
            )
        ]
    )
    derivation = item(SourceImageSequence=[reference(below)])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [
            item(
                DerivationImageSequence=[derivation],
                SegmentIdentificationSequence=[item(ReferencedSegmentNumber=1)],
                PlanePositionSequence=[item(ImagePositionPatient=list(below.ImagePositionPatient))],
            )
        ]
    )
    ds.SharedFunctionalGroupsSequence = Sequence(
        [
            item(
                PlaneOrientationSequence=[item(ImageOrientationPatient=list(below.ImageOrientationPatient))],
                PixelMeasuresSequence=[item(PixelSpacing=list(below.PixelSpacing), SliceThickness="2")],
            )
        ]
    )
    ds.ReferencedSeriesSequence = Sequence(
        [item(SeriesInstanceUID=below.SeriesInstanceUID, ReferencedInstanceSequence=[reference(below)])]
    )
    return ds


def with_overlay(ds: Dataset) -> Dataset:
    """The image with an overlay plane: a filled square over columns 10 to 29 and rows 20 to 39."""
    mask = np.zeros((ds.Rows, ds.Columns), dtype=np.uint8)
    mask[20:40, 10:30] = 1
    ds.add_new(0x60000010, "US", ds.Rows)
    ds.add_new(0x60000011, "US", ds.Columns)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    packed = np.packbits(mask.ravel(), bitorder="little").tobytes()
    ds.add_new(0x60003000, "OW", packed + b"\0" * (len(packed) % 2))
    return ds
