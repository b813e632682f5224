import { describe, expect, it } from "vitest";
import { patientSpacing } from "../src/dicom/calibration.ts";
import {
  directionLetters,
  edgeLetters,
  lengthLabel,
  oppositeLetters,
  pixelAspect,
  scaleBarLength,
  statedDirections,
} from "../src/dicom/geometry.ts";
import { Tag } from "../src/dicom/tags.ts";
import { dataSet } from "./samples.ts";

describe("orientation letters", () => {
  it("of an axial image are A above, L right, P below, R left", () => {
    expect(edgeLetters([1, 0, 0], [0, 1, 0])).toEqual({ top: "A", right: "L", bottom: "P", left: "R" });
  });

  it("of a coronal and a sagittal image have H above", () => {
    expect(edgeLetters([1, 0, 0], [0, 0, -1])).toEqual({ top: "H", right: "L", bottom: "F", left: "R" });
    expect(edgeLetters([0, 1, 0], [0, 0, -1])).toEqual({ top: "H", right: "P", bottom: "F", left: "A" });
  });

  it("name a second direction only where the image is oblique", () => {
    expect(directionLetters([0.8, 0.6, 0])).toBe("LP");
    expect(directionLetters([-0.6, 0, 0.8])).toBe("HR");
    expect(directionLetters([0.98, 0.17, 0])).toBe("L");
  });

  it("of no direction are none", () => {
    expect(directionLetters([0, 0, 0])).toBe("");
    expect(directionLetters([Number.NaN, 0, 0])).toBe("");
  });

  it("come from Patient Orientation for an X-ray, and only if it can be believed", () => {
    const stated = (...values: string[]) => statedDirections(dataSet({ [Tag.PatientOrientation]: values }));
    expect(stated("L", "F")).toEqual({ right: "L", bottom: "F" });
    expect(stated("L")).toBeNull();
    expect(stated("LE", "RT")).toBeNull();
  });

  it("have opposites", () => {
    expect(oppositeLetters("AFR")).toBe("PHL");
    expect(oppositeLetters("X")).toBe("");
  });
});

describe("the shape of pixels", () => {
  it("is that of the spacing, else of the aspect ratio, else square", () => {
    expect(pixelAspect(dataSet({ [Tag.PixelSpacing]: [0.8, 0.4] }))).toBe(2);
    expect(pixelAspect(dataSet({ [Tag.PixelAspectRatio]: ["4", "3"] }))).toBeCloseTo(4 / 3);
    expect(pixelAspect(dataSet({ [Tag.NominalScannedPixelSpacing]: [0.4, 0.2] }))).toBe(2);
    expect(pixelAspect(dataSet({ [Tag.PixelSpacing]: [0, 1] }))).toBe(1);
    expect(pixelAspect(dataSet({}))).toBe(1);
  });
});

describe("lengths in the patient", () => {
  const spacing = (values: Readonly<Record<string, readonly unknown[]>>) => patientSpacing(dataSet(values));

  it("are those of the pixel spacing in CT and MR", () => {
    expect(spacing({ [Tag.Modality]: ["CT"], [Tag.PixelSpacing]: [0.7, 0.8] })).toEqual([0.7, 0.8]);
  });

  it("are unknown where only the detector's spacing is known", () => {
    expect(spacing({ [Tag.Modality]: ["DX"], [Tag.ImagerPixelSpacing]: [0.14, 0.14] })).toBeNull();
  });

  it("are unknown where an X-ray repeats the detector's spacing, or does not say whose spacing it is", () => {
    const detector = { [Tag.Modality]: ["DX"], [Tag.ImagerPixelSpacing]: [0.14, 0.14] };
    expect(spacing({ ...detector, [Tag.PixelSpacing]: [0.14, 0.14] })).toBeNull();
    expect(spacing({ [Tag.Modality]: ["CR"], [Tag.PixelSpacing]: [0.14, 0.14] })).toBeNull();
  });

  it("are known where somebody calibrated the X-ray", () => {
    const detector = { [Tag.Modality]: ["XA"], [Tag.ImagerPixelSpacing]: [0.2, 0.2] };
    expect(spacing({ ...detector, [Tag.PixelSpacing]: [0.16, 0.16] })).toEqual([0.16, 0.16]);
    const said = { [Tag.PixelSpacing]: [0.2, 0.2], [Tag.PixelSpacingCalibrationType]: ["FIDUCIAL"] };
    expect(spacing({ ...detector, ...said })).toEqual([0.2, 0.2]);
  });

  const region = (delta: number, units = 3) =>
    dataSet({
      [Tag.RegionSpatialFormat]: [1],
      [Tag.PhysicalUnitsXDirection]: [units],
      [Tag.PhysicalUnitsYDirection]: [units],
      [Tag.PhysicalDeltaX]: [delta],
      [Tag.PhysicalDeltaY]: [delta],
      [Tag.RegionLocationMinX0]: [0],
      [Tag.RegionLocationMinY0]: [0],
      [Tag.RegionLocationMaxX1]: [99],
      [Tag.RegionLocationMaxY1]: [99],
    });
  const ultrasound = (...regions: unknown[]) =>
    spacing({ [Tag.Modality]: ["US"], [Tag.SequenceOfUltrasoundRegions]: regions });

  it("come from the region of an ultrasound image, which is in centimetres", () => {
    expect(ultrasound(region(0.05))).toEqual([0.5, 0.5]);
  });

  it("are those of the region even where ultrasound has a pixel spacing too, as lines are measured", () => {
    const both = { [Tag.Modality]: ["US"], [Tag.PixelSpacing]: [1, 1] };
    const regions = { [Tag.SequenceOfUltrasoundRegions]: [region(0.05)] };
    expect(spacing({ ...both, ...regions })).toEqual([0.5, 0.5]);
    const two = { [Tag.SequenceOfUltrasoundRegions]: [region(0.05), region(0.07)] };
    expect(spacing({ ...both, ...two })).toBeNull();
  });

  it("are those of the spacing in slices of X-ray, which have a place in the patient", () => {
    const slice = { [Tag.Modality]: ["MG"], [Tag.ImageOrientationPatient]: [1, 0, 0, 0, 1, 0] };
    expect(spacing({ ...slice, [Tag.PixelSpacing]: [0.1, 0.1] })).toEqual([0.1, 0.1]);
  });

  it("are unknown in ultrasound with regions of different scale, of other units, or none", () => {
    expect(ultrasound(region(0.05), region(0.07))).toBeNull();
    expect(ultrasound(region(0.05, 4))).toBeNull();
    expect(ultrasound()).toBeNull();
  });
});

describe("the scale bar", () => {
  it.each([
    [130, 100],
    [99, 50],
    [20, 20],
    [1.4, 1],
    [0.7, 0.5],
  ])("that fits into %d mm is %d mm long", (available, length) => {
    expect(scaleBarLength(available)).toBe(length);
  });

  it("is absent where nothing fits", () => {
    expect(scaleBarLength(0)).toBeNull();
    expect(scaleBarLength(Number.POSITIVE_INFINITY)).toBeNull();
  });

  it.each([
    [100, "10 cm"],
    [10, "1 cm"],
    [5, "5 mm"],
    [0.5, "0.5 mm"],
  ])("of %d mm is labelled %s", (length, label) => {
    expect(lengthLabel(length)).toBe(label);
  });
});
