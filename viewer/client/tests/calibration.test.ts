import { describe, expect, it } from "vitest";
import { calibrationOf, scaleBetween } from "../src/dicom/calibration.ts";
import type { DataSet } from "../src/dicom/dataset.ts";
import { Tag } from "../src/dicom/tags.ts";
import { dataSet } from "./samples.ts";

const between = (values: Readonly<Record<string, readonly unknown[]>>) =>
  scaleBetween(dataSet(values), [
    [0, 0],
    [10, 10],
  ]);

describe("the scale of a slice", () => {
  it("is its pixel spacing, rows before columns", () => {
    const scale = { kind: "metric", x: 0.8, y: 0.7, plane: "patient" };
    expect(between({ [Tag.Modality]: ["CT"], [Tag.PixelSpacing]: [0.7, 0.8] })).toEqual(scale);
  });

  it("is pixels where the spacing is 0, negative, no number or half missing", () => {
    const pixels = { kind: "pixels", x: 1, y: 1, why: "no-spacing" };
    for (const spacing of [[0, 0], [0.7, 0], [-1, 1], ["NaN", "NaN"], [Number.NaN, 1], [0.7], []]) {
      expect(between({ [Tag.Modality]: ["CT"], [Tag.PixelSpacing]: spacing })).toEqual(pixels);
    }
  });

  it("counts in widths of a column where only the pixels' shape is known", () => {
    const scale = between({ [Tag.Modality]: ["OT"], [Tag.PixelAspectRatio]: ["4", "3"] });
    expect(scale).toEqual({ kind: "pixels", x: 1, y: 4 / 3, why: "no-spacing" });
  });

  it("is that of the patient also from an X-ray machine that makes slices", () => {
    const slice = { [Tag.ImageOrientationPatient]: [1, 0, 0, 0, 1, 0], [Tag.PixelSpacing]: [0.4, 0.4] };
    expect(between({ [Tag.Modality]: ["XA"], ...slice })).toMatchObject({ kind: "metric", plane: "patient" });
  });
});

describe("the scale of a projection", () => {
  const imager = { [Tag.Modality]: ["DX"], [Tag.ImagerPixelSpacing]: [0.14, 0.15] };

  it("is that at the detector where nothing else is known, and says so", () => {
    expect(between(imager)).toEqual({ kind: "metric", x: 0.15, y: 0.14, plane: "detector" });
  });

  it("is that at the detector where the pixel spacing repeats it", () => {
    expect(between({ ...imager, [Tag.PixelSpacing]: [0.14, 0.15] })).toMatchObject({ plane: "detector" });
  });

  it("is that in the patient where it was calibrated", () => {
    const differs = between({ ...imager, [Tag.PixelSpacing]: [0.1, 0.1] });
    expect(differs).toEqual({ kind: "metric", x: 0.1, y: 0.1, plane: "patient" });
    const said = { [Tag.PixelSpacing]: [0.14, 0.15], [Tag.PixelSpacingCalibrationType]: ["FIDUCIAL"] };
    expect(between({ ...imager, ...said })).toMatchObject({ plane: "patient" });
  });

  it("is pixels where nobody says whose the spacing is, or there is none", () => {
    const cr = { [Tag.Modality]: ["CR"] };
    expect(between({ ...cr, [Tag.PixelSpacing]: [0.2, 0.2] })).toMatchObject({ why: "unknown-plane" });
    // The pixels' shape is known all the same, and angles follow it.
    expect(between({ ...cr, [Tag.PixelSpacing]: [0.4, 0.2] })).toMatchObject({ kind: "pixels", x: 1, y: 2 });
    expect(between({ ...cr, [Tag.PixelSpacing]: [0, 0] })).toMatchObject({ why: "no-spacing" });
    expect(between(cr)).toMatchObject({ kind: "pixels", why: "no-spacing" });
  });
});

type Box = readonly [minX: number, minY: number, maxX: number, maxY: number];

function region([minX, minY, maxX, maxY]: Box, more: Readonly<Record<string, readonly unknown[]>>): DataSet {
  return dataSet({
    [Tag.RegionSpatialFormat]: [1],
    [Tag.RegionLocationMinX0]: [minX],
    [Tag.RegionLocationMinY0]: [minY],
    [Tag.RegionLocationMaxX1]: [maxX],
    [Tag.RegionLocationMaxY1]: [maxY],
    [Tag.PhysicalUnitsXDirection]: [3],
    [Tag.PhysicalUnitsYDirection]: [3],
    [Tag.PhysicalDeltaX]: [0.02],
    [Tag.PhysicalDeltaY]: [0.03],
    ...more,
  });
}

describe("the scale of an ultrasound image", () => {
  const left = region([0, 0, 99, 199], {});
  const right = region([100, 0, 199, 199], { [Tag.PhysicalDeltaX]: [0.05], [Tag.PhysicalDeltaY]: [0.05] });
  const doppler = region([0, 200, 199, 299], {
    [Tag.RegionSpatialFormat]: [3],
    [Tag.PhysicalUnitsXDirection]: [4],
    [Tag.PhysicalUnitsYDirection]: [7],
    [Tag.PhysicalDeltaX]: [0.005],
    [Tag.PhysicalDeltaY]: [-2],
    [Tag.ReferencePixelX0]: [0],
    [Tag.ReferencePixelY0]: [50],
  });
  const ds = (...regions: readonly DataSet[]) =>
    dataSet({ [Tag.Modality]: ["US"], [Tag.SequenceOfUltrasoundRegions]: regions });
  const all = ds(left, right, doppler);

  it("is that of the region in which all points lie, in millimetres", () => {
    const inLeft = scaleBetween(all, [
      [0, 0],
      [99, 199],
    ]);
    expect(inLeft).toEqual({ kind: "metric", x: 0.2, y: 0.3, plane: "patient" });
    const inRight = scaleBetween(all, [
      [100, 0],
      [150, 20],
    ]);
    expect(inRight).toMatchObject({ x: 0.5, y: 0.5 });
  });

  it("is pixels between two regions, and outside of them", () => {
    const across = scaleBetween(all, [
      [50, 50],
      [150, 50],
    ]);
    expect(across).toMatchObject({ kind: "pixels", why: "different-regions" });
    const outside = scaleBetween(all, [
      [50, 50],
      [50, 320],
    ]);
    expect(outside).toMatchObject({ kind: "pixels", why: "outside-regions" });
  });

  it("is pixels between two pictures side by side, even of the same scale", () => {
    const twins = ds(left, region([100, 0, 199, 199], {}));
    const across = scaleBetween(twins, [
      [50, 50],
      [150, 50],
    ]);
    expect(across).toMatchObject({ why: "different-regions" });
  });

  it("has units of its own across and down in a Doppler trace", () => {
    const scale = scaleBetween(all, [
      [10, 210],
      [30, 260],
    ]);
    expect(scale).toEqual({
      kind: "axes",
      x: { delta: 0.005, unit: "s", atZero: 0 },
      // The base line lies 50 rows below the region's top: row 250 is 0 cm/s.
      y: { delta: -2, unit: "cm/s", atZero: 500 },
    });
  });

  it("is that of the picture also between a colour box and the picture around it", () => {
    const box = region([20, 20, 60, 60], {});
    const scale = scaleBetween(ds(left, box), [
      [30, 30],
      [90, 90],
    ]);
    expect(scale).toMatchObject({ kind: "metric", x: 0.2 });
  });

  it("is that of a trace that lies over the picture, and none where it is left", () => {
    const picture = region([0, 0, 199, 299], {});
    const both = ds(picture, doppler);
    expect(
      scaleBetween(both, [
        [10, 210],
        [20, 220],
      ]),
    ).toMatchObject({ kind: "axes" });
    expect(
      scaleBetween(both, [
        [10, 100],
        [20, 220],
      ]),
    ).toMatchObject({ why: "different-regions" });
  });

  it("takes no notice of regions without any unit, nor of a negative direction", () => {
    const none = { [Tag.PhysicalUnitsXDirection]: [0], [Tag.PhysicalUnitsYDirection]: [0] };
    const image = region([0, 16, 319, 217], {
      [Tag.PhysicalDeltaX]: [-0.2293750081863255],
      [Tag.PhysicalDeltaY]: [0.2293750081863255],
    });
    const scale = scaleBetween(ds(region([0, 16, 319, 231], none), image), [
      [10, 20],
      [20, 30],
    ]);
    expect(scale).toMatchObject({ kind: "metric", plane: "patient" });
    expect(scale.kind === "metric" && scale.x).toBeCloseTo(2.29375, 6);
  });

  it("is pixels where a region's step is 0", () => {
    const broken = region([0, 0, 99, 99], { [Tag.PhysicalDeltaX]: [0], [Tag.PhysicalDeltaY]: [0] });
    expect(scaleBetween(ds(broken), [[5, 5]])).toMatchObject({ kind: "pixels" });
  });

  it("is told as a whole: one scale, several, or none", () => {
    expect(calibrationOf(ds(left, doppler))).toBe("patient");
    expect(calibrationOf(all)).toBe("by-region");
    expect(calibrationOf(ds(doppler))).toBe("none");
  });
});

describe("what is said of an image as a whole", () => {
  it("is where its millimetres hold", () => {
    const said = (values: Readonly<Record<string, readonly unknown[]>>) => calibrationOf(dataSet(values));
    expect(said({ [Tag.Modality]: ["CT"], [Tag.PixelSpacing]: [0.7, 0.7] })).toBe("patient");
    expect(said({ [Tag.Modality]: ["DX"], [Tag.ImagerPixelSpacing]: [0.14, 0.14] })).toBe("detector");
    expect(said({ [Tag.Modality]: ["CR"] })).toBe("none");
  });
});
