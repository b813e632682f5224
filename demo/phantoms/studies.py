"""Makes the files of one planned study: which series a kind of study has, and with which technique each is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from demo.catalogue import PlannedStudy
from demo.phantoms.acquisition import (
    AXIAL,
    SAGITTAL,
    Frame,
    MrPlan,
    Reconstruction,
    chest_radiographs,
    ct_frames,
    ct_head_slices,
    ct_trunk,
    mr_frames,
    scout_frames,
)
from demo.phantoms.build import Build
from demo.phantoms.datasets import SeriesPlan, SeriesWriter
from demo.phantoms.head import Head
from demo.phantoms.trunk import Trunk

SPACING_MM = 5.0
LUNG, SOFT, ABDOMEN, BRAIN, BONE = (-600, 1500), (40, 400), (50, 350), (38, 80), (400, 2000)
MR_TIMES = {
    "T1": ("SE", "NONE", 480.0, 11.0, 90.0),
    "T1C": ("SE", "NONE", 480.0, 11.0, 90.0),
    "T2": ("SE", "SK", 4300.0, 98.0, 150.0),
    "FLAIR": ("IR", "SK", 9000.0, 92.0, 150.0),
}


class StudyMaker:
    """Makes one study into a folder of its own."""

    def __init__(self, study: PlannedStudy, as_of: datetime, directory: Path) -> None:
        self.study, self.as_of, self.directory = study, as_of, directory
        self.signed = study.equipment.signed
        self.intercept = 0.0 if self.signed else -1024.0
        self.files: list[Path] = []

    def make(self) -> list[Path]:
        """Make all series; returns the files in the order in which a scanner sends them."""
        self.directory.mkdir(parents=True, exist_ok=True)
        makers: dict[str, Callable[[], None]] = {
            "ct_chest": self.ct_chest,
            "ct_chest_low": self.ct_chest_low,
            "ct_abdomen": self.ct_abdomen,
            "ct_head": self.ct_head,
            "mr_head": self.mr_head,
            "mr_head_plain": self.mr_head_plain,
            "cr_chest": self.cr_chest,
        }
        makers[self.study.kind]()
        return self.files

    def write(self, plan: SeriesPlan, frames: Iterable[Frame]) -> None:
        """Write one series."""
        writer = SeriesWriter(self.study, plan, self.as_of, self.directory)
        self.files += [writer.write(number, frame) for number, frame in enumerate(frames, 1)]

    @property
    def build(self) -> Build:
        """The body of a trunk study."""
        if not isinstance(self.study.body, Build):
            raise TypeError(f"The study {self.study.key} needs a trunk")
        return self.study.body

    @property
    def head(self) -> Head:
        """The head of a head study."""
        if not isinstance(self.study.body, Head):
            raise TypeError(f"The study {self.study.key} needs a head")
        return self.study.body

    def ct_technique(
        self, kernel: str, field_mm: float, size: int, thickness: float, protocol_ma: int
    ) -> dict[str, object]:
        """CT image and image plane modules."""
        return {
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "PixelSpacing": [round(field_mm / size, 6)] * 2,
            "ImageOrientationPatient": list(AXIAL),
            "SliceThickness": thickness,
            "SpacingBetweenSlices": thickness,
            "ReconstructionDiameter": field_mm,
            "DataCollectionDiameter": 500,
            "KVP": 120,
            "XRayTubeCurrent": protocol_ma,
            "ExposureTime": 500,
            "Exposure": protocol_ma // 2,
            "ConvolutionKernel": kernel,
            "GantryDetectorTilt": 0,
            "FilterType": "FLAT",
            "ScanOptions": "HELICAL",
            "RotationDirection": "CW",
        }

    def ct_plan(
        self, number: int, description: str, window: tuple[int, int], technique: dict[str, object]
    ) -> SeriesPlan:
        """A CT series plan with this scanner's number format."""
        return SeriesPlan(
            number, "CT", description, self.study.description[:64], technique, (float(window[0]), float(window[1])),
            self.intercept, self.signed, minutes=2.0 * number,
        )  # fmt: skip

    def scout(self, trunk: Trunk, top: float, bottom: float, field_mm: float) -> None:
        """Series 1: the two scouts from which the scan was planned."""
        technique = self.ct_technique("T20", field_mm, round(field_mm / 0.8), 1.0, 35)
        technique["ImageType"] = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        technique["ScanOptions"] = "SCOUT MODE"
        for keyword in ("SpacingBetweenSlices", "ReconstructionDiameter", "GantryDetectorTilt", "RotationDirection"):
            del technique[keyword]
        plan = SeriesPlan(1, "CT", "Scout", "Scout", technique, (-100.0, 1300.0), -1024.0)
        self.write(plan, scout_frames(trunk, top, bottom, field_mm, self.study.key))

    def trunk_series(
        self, trunk: Trunk, field_mm: float, series: list[tuple[str, str, tuple[int, int], bool, float]]
    ) -> None:
        """Axial series of one scan, each a name, kernel, window, sharpness and noise."""
        study = self.study
        spacing = SPACING_MM * 60 / study.slices
        clean = list(ct_trunk(trunk, study.top, study.slices, spacing, 512, field_mm))
        for number, (name, kernel, window, sharp, noise) in enumerate(series, 2):
            technique = self.ct_technique(kernel, field_mm, 512, spacing, 220)
            if self.build.contrast:
                technique["ContrastBolusAgent"] = "Iodinated contrast"
            reconstruction = Reconstruction(study.key + name, 512, sharp, noise)
            plan = self.ct_plan(number, f"{name} {spacing:.1f}", window, technique)
            self.write(plan, ct_frames(clean, reconstruction, field_mm, 0.0, self.intercept, self.signed))

    def ct_chest(self) -> None:
        """Scout, lung and soft tissue series."""
        trunk = Trunk.of(self.build)
        self.scout(trunk, 150, -210, 450)
        self.trunk_series(trunk, self.field(390), [("Lung", "B70f", LUNG, True, 34), ("Soft", "B31f", SOFT, False, 11)])

    def ct_chest_low(self) -> None:
        """One lung series with more noise, for a low dose."""
        self.trunk_series(Trunk.of(self.build), self.field(390), [("Lung", "B60f", LUNG, True, 44)])

    def ct_abdomen(self) -> None:
        """Scout and soft tissue series."""
        trunk = Trunk.of(self.build, abdomen=True)
        self.scout(trunk, 10, -390, 450)
        self.trunk_series(trunk, self.field(400), [("Abdomen", "B30f", ABDOMEN, False, 12)])

    def field(self, millimetres: float) -> float:
        """The field of view that holds this body."""
        return round(millimetres * self.build.size + 1.6 * (self.build.fat_mm - 14))

    def ct_head(self) -> None:
        """Brain and bone series of one scan."""
        spacing = 5.0
        clean = ct_head_slices(self.head, -52, self.study.slices, spacing, 512, 230)
        series = (("Brain", "H30s", BRAIN, False, 3.4), ("Bone", "H70h", BONE, True, 26.0))
        for number, (name, kernel, window, sharp, noise) in enumerate(series, 1):
            reconstruction = Reconstruction(self.study.key + name, 512, sharp, noise)
            technique = self.ct_technique(kernel, 230, 512, spacing, 300)
            plan = self.ct_plan(number, f"{name} {spacing:.1f}", window, technique)
            self.write(plan, ct_frames(clean, reconstruction, 230, -6.0, self.intercept, self.signed))

    def mr_series(self, number: int, name: str, plan: MrPlan) -> None:
        """One MR series."""
        sequence, variant, repetition, echo, angle = MR_TIMES[plan.contrast]
        technique: dict[str, object] = {
            "ImageType": ["ORIGINAL", "PRIMARY", "M_SE"],
            "PixelSpacing": [round(plan.field_mm / plan.size, 6)] * 2,
            "ImageOrientationPatient": list(SAGITTAL if plan.plane == "sagittal" else AXIAL),
            "SliceThickness": round(plan.spacing * 0.9, 2),
            "SpacingBetweenSlices": plan.spacing,
            "ScanningSequence": sequence,
            "SequenceVariant": variant,
            "ScanOptions": "",
            "MRAcquisitionType": "2D",
            "RepetitionTime": repetition,
            "EchoTime": echo,
            "EchoTrainLength": 1 if variant == "NONE" else 15,
            "InversionTime": 2500.0 if sequence == "IR" else None,
            "FlipAngle": angle,
            "MagneticFieldStrength": 3.0 if self.study.equipment.model.endswith("3") else 1.5,
            "ImagingFrequency": 63.87,
            "ImagedNucleus": "1H",
            "PixelBandwidth": 180.0,
            "NumberOfAverages": 1.0,
            "PercentSampling": 100.0,
            "ReceiveCoilName": "HEAD",
        }
        if plan.contrast == "T1C":
            technique["ContrastBolusAgent"] = "Gadolinium contrast"
        window = {"T1": (480.0, 960.0), "T1C": (520.0, 1040.0), "T2": (600.0, 1200.0), "FLAIR": (480.0, 960.0)}[
            plan.contrast
        ]
        if technique["InversionTime"] is None:
            del technique["InversionTime"]
        series = SeriesPlan(number, "MR", name, name, technique, window, minutes=4.0 * number)
        self.write(series, mr_frames(self.head, plan))

    def mr_head(self) -> None:
        """Sagittal T1, axial T2, FLAIR and T1 after contrast."""
        slices = self.study.slices
        self.mr_series(1, "T1 SE sagittal", MrPlan("T1", "sagittal", -62.5, 26, 5.0))
        self.mr_series(2, "T2 TSE axial", MrPlan("T2", "axial", -50, slices, 5.0))
        self.mr_series(3, "T2 FLAIR axial", MrPlan("FLAIR", "axial", -50, slices, 5.0))
        self.mr_series(4, "T1 SE axial post contrast", MrPlan("T1C", "axial", -50, slices, 5.0))

    def mr_head_plain(self) -> None:
        """Sagittal T1, axial T2 and FLAIR."""
        self.mr_series(1, "T1 SE sagittal", MrPlan("T1", "sagittal", -62.5, 26, 5.0))
        self.mr_series(2, "T2 TSE axial", MrPlan("T2", "axial", -48, self.study.slices, 5.0))
        self.mr_series(3, "T2 FLAIR axial", MrPlan("FLAIR", "axial", -48, self.study.slices, 5.0))

    def cr_chest(self) -> None:
        """Two radiographs."""
        rows, columns = 1167, 1433
        technique: dict[str, object] = {
            "ImageType": ["ORIGINAL", "PRIMARY"],
            "ImagerPixelSpacing": [0.3, 0.3],
            "KVP": 125,
            "ExposureTime": 8,
            "XRayTubeCurrent": 320,
            "DistanceSourceToDetector": 1800,
            "PlateType": "",
            "PatientOrientation": ["L", "F"],
            "BurnedInAnnotation": "NO",
            "LossyImageCompression": "00",
        }
        plan = SeriesPlan(1, "CR", "Chest PA and lateral", "Chest", technique, (2048.0, 4096.0))
        self.write(plan, chest_radiographs(Trunk.of(self.build), rows, columns, self.study.key))
