"""What stands in the headers of the benchmarks' sets: about a hundred elements, as modalities send them."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from demo.phantoms.acquisition import AXIAL


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """A coded entry (PS3.3 8.8)."""
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, scheme, meaning
    return ds


def request(description: str) -> Dataset:
    """An item of the Request Attributes Sequence (PS3.3 Table 10-9)."""
    ds = Dataset()
    ds.RequestedProcedureDescription, ds.RequestedProcedureID = description, "RP-1"
    ds.ScheduledProcedureStepDescription, ds.ScheduledProcedureStepID = description, "SPS-1"
    return ds


def everywhere(description: str) -> dict[str, object]:
    """What pictures of all modalities bring beside the demonstration's attributes."""
    return {
        "InstanceCreationDate": "20260105",
        "InstanceCreationTime": "101500",
        "OperatorsName": "Operator^One",
        "PerformingPhysicianName": "Reader^First",
        "PhysiciansOfRecord": "Record^Keeper",
        "AdmittingDiagnosesDescription": "Follow-up",
        "PatientComments": "",
        "EthnicGroup": "",
        "AdditionalPatientHistory": "none",
        "ProcedureCodeSequence": Sequence([code("P5-09051", "SRT", description)]),
        "RequestAttributesSequence": Sequence([request(description)]),
        "PerformedProcedureStepStartDate": "20260105",
        "PerformedProcedureStepStartTime": "101000",
        "PerformedProcedureStepID": "PPS-1",
        "PerformedProcedureStepDescription": description,
        "RequestedProcedureDescription": description,
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        "WindowCenterWidthExplanation": "STANDARD",
        "AnatomicRegionSequence": Sequence([code("T-D1100", "SRT", "Region")]),
        "ImageComments": "",
    }


def ct(thickness: float, field_mm: float, size: int) -> dict[str, object]:
    """CT image and image plane modules."""
    return everywhere("CT of the chest") | {
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "PixelSpacing": [round(field_mm / size, 6)] * 2,
        "ImageOrientationPatient": list(AXIAL),
        "SliceThickness": round(thickness, 3),
        "SpacingBetweenSlices": round(thickness, 3),
        "KVP": 120.0,
        "ScanOptions": "HELICAL",
        "DataCollectionDiameter": 500.0,
        "ReconstructionDiameter": field_mm,
        "DistanceSourceToDetector": 1040.0,
        "DistanceSourceToPatient": 570.0,
        "GantryDetectorTilt": 0.0,
        "TableHeight": 144.0,
        "RotationDirection": "CW",
        "ExposureTime": 500,
        "XRayTubeCurrent": 220,
        "Exposure": 110,
        "FilterType": "FLAT",
        "FocalSpots": [0.7],
        "ConvolutionKernel": "B60f",
        "SingleCollimationWidth": 0.6,
        "TotalCollimationWidth": 38.4,
        "TableSpeed": 46.0,
        "SpiralPitchFactor": 0.6,
        "CTDIvol": 7.4,
    }


def mr(thickness: float, field_mm: float, size: int, volumes: int) -> dict[str, object]:
    """MR image and image plane modules."""
    return everywhere("MR of the head") | {
        "ImageType": ["ORIGINAL", "PRIMARY", "M"],
        "PixelSpacing": [round(field_mm / size, 6)] * 2,
        "ImageOrientationPatient": list(AXIAL),
        "SliceThickness": round(thickness, 3),
        "SpacingBetweenSlices": round(thickness, 3),
        "ScanningSequence": "EP",
        "SequenceVariant": "SK",
        "ScanOptions": "FS",
        "MRAcquisitionType": "2D",
        "SequenceName": "epfid2d1_64",
        "AngioFlag": "N",
        "RepetitionTime": 2500.0,
        "EchoTime": 30.0,
        "NumberOfAverages": 1.0,
        "ImagingFrequency": 63.87,
        "ImagedNucleus": "1H",
        "EchoNumbers": 1,
        "MagneticFieldStrength": 1.5,
        "NumberOfPhaseEncodingSteps": 64,
        "EchoTrainLength": 1,
        "PercentSampling": 100.0,
        "PercentPhaseFieldOfView": 100.0,
        "PixelBandwidth": 2232.0,
        "TransmitCoilName": "BODY",
        "ReceiveCoilName": "HEAD",
        "InPlanePhaseEncodingDirection": "COL",
        "FlipAngle": 90.0,
        "VariableFlipAngleFlag": "N",
        "SAR": 0.09,
        "dBdt": 0.0,
        "NumberOfTemporalPositions": volumes,
    }


def cr() -> dict[str, object]:
    """CR image module."""
    return everywhere("Chest") | {
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "ImagerPixelSpacing": [0.172, 0.172],
        "KVP": 125.0,
        "ExposureTime": 8,
        "XRayTubeCurrent": 320,
        "Exposure": 3,
        "DistanceSourceToDetector": 1800.0,
        "DistanceSourceToPatient": 1700.0,
        "FilterType": "NONE",
        "FocalSpots": [1.2],
        "CassetteOrientation": "PORTRAIT",
        "CassetteSize": "35CMX43CM",
        "PlateID": "A0001",
        "PlateType": "",
        "PhosphorType": "",
        "ExposuresOnPlate": 1,
        "RelativeXRayExposure": 210,
        "Sensitivity": 400.0,
        "PatientOrientation": ["L", "F"],
        "ImageLaterality": "U",
        "AcquisitionDeviceProcessingDescription": "CHEST PA",
        "PresentationLUTShape": "IDENTITY",
        "RescaleIntercept": 0,
        "RescaleSlope": 1,
        "RescaleType": "US",
        "DerivationDescription": "",
        "QualityControlImage": "NO",
    }
