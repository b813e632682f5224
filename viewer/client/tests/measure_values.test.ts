import { describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import type { GreyPicture } from "../src/engine/picture.ts";
import { keptNumbers, mainWords, meanWords, plateLines } from "../src/measure/format.ts";
import type { Kind, Point } from "../src/measure/marks.ts";
import { suvFactor } from "../src/measure/suv.ts";
import { differing, numbersOf, valuesOf } from "../src/measure/values.ts";
import { dataSet } from "./samples.ts";

const CT = dataSet({
  [Tag.Modality]: ["CT"],
  [Tag.PixelSpacing]: [0.5, 0.5],
  [Tag.RescaleSlope]: [1],
  [Tag.RescaleIntercept]: [0],
});

/** A picture of 8 × 8 pixels: 100 times the row, plus the column. */
function picture(more: Partial<GreyPicture> = {}): GreyPicture {
  const stored = Int16Array.from({ length: 64 }, (_, index) => 100 * Math.floor(index / 8) + (index % 8));
  const rescale = { slope: 1, intercept: 0 };
  return { kind: "grey", rows: 8, columns: 8, stored, rescale, min: 0, max: 707, padding: null, ...more };
}

const numbers = (kind: Kind, points: readonly Point[], ds = CT, pixels: GreyPicture | null = picture()) =>
  numbersOf({ kind, points }, ds, pixels);

describe("values of pixels", () => {
  const corners: readonly Point[] = [
    [0, 0],
    [7, 7],
  ];

  it("are in no unit where a CT does not rescale them", () => {
    const ds = dataSet({ [Tag.Modality]: ["CT"], [Tag.PixelSpacing]: [1, 1] });
    expect(meanWords(numbers("rectangle", corners, ds))).toBe("Mean 354, SD 229");
    const rescaled = { ...ds, ...dataSet({ [Tag.RescaleSlope]: [1], [Tag.RescaleIntercept]: [0] }) };
    expect(meanWords(numbers("rectangle", corners, rescaled))).toBe("Mean 354 HU, SD 229");
  });

  it("show as many digits as their steps have", () => {
    const ds = dataSet({ [Tag.Modality]: ["MR"], [Tag.RescaleSlope]: [1e-6] });
    const small = picture({ rescale: { slope: 1e-6, intercept: 0 } });
    expect(meanWords(numbers("rectangle", corners, ds, small))).toBe("Mean 0.000353, SD 0.000229");
    const stored = Float32Array.from(picture().stored, (value) => value * 1e-6);
    const floats = picture({ stored, min: 0, max: 707e-6 });
    const map = dataSet({ [Tag.Modality]: ["MR"] });
    expect(meanWords(numbers("rectangle", corners, map, floats))).toBe("Mean 0.0003535, SD 0.0002291");
  });
});

describe("numbers of a mark", () => {
  it("of a line are millimetres of the pixel spacing", () => {
    const found = numbers("line", [
      [0, 0],
      [30, 40],
    ]);
    expect(found.measured).toEqual({ kind: "length", length: { value: 25, unit: "mm", plane: "patient" } });
    expect(mainWords(found)).toBe("25.0 mm");
    expect(found.why).toBeNull();
  });

  it("of a line on an X-ray say that they hold at the detector", () => {
    const ds = dataSet({ [Tag.Modality]: ["DX"], [Tag.ImagerPixelSpacing]: [0.13, 0.13] });
    const found = numbers(
      "line",
      [
        [0, 0],
        [90, 120],
      ],
      ds,
    );
    expect(mainWords(found)).toBe("19.5 mm, detector plane");
    expect(valuesOf(found)).toEqual({ length: 19.5, length_unit: "mm", plane: "detector" });
  });

  it("of a line without calibration are pixels, and say why", () => {
    const found = numbers(
      "line",
      [
        [100, 100],
        [400, 100],
      ],
      dataSet({ [Tag.Modality]: ["CR"] }),
    );
    expect(mainWords(found)).toBe("300.0 px");
    expect(found.why).toBe("no-spacing");
  });

  it("of a circle are its area, its diameter and what lies inside", () => {
    // Radius 10 px of 0.5 mm: 5 mm, 78.54 mm².
    const found = numbers("circle", [
      [50, 50],
      [56, 58],
    ]);
    expect(mainWords(found)).toBe("78.5 mm²");
    expect(found.measured).toMatchObject({ diameter: { value: 10, unit: "mm" } });
    expect(found.statistics).toBeNull();
  });

  it("of a rectangle are those of its pixels: mean, deviation, least and most", () => {
    const found = numbers("rectangle", [
      [1, 2],
      [3, 4],
    ]);
    // Rows 2 to 4, columns 1 to 3: 201 202 203 301 302 303 401 402 403.
    const statistics = found.statistics;
    expect(statistics).toMatchObject({ min: 201, max: 403, count: 9 });
    expect(statistics?.mean).toBeCloseTo(302, 10);
    expect(statistics?.deviation).toBeCloseTo(Math.sqrt((6 * 10_000 + 6) / 9), 10);
    expect(mainWords(found)).toBe("1.0 mm²");
    expect(meanWords(found)).toBe("Mean 302 HU, SD 82");
    expect(plateLines(found)).toEqual(["1.0 mm²", "302 ± 82 HU"]);
  });

  it("of pixels pass through the rescale and leave padding out", () => {
    const padded = picture({ rescale: { slope: 2, intercept: -1000 }, padding: [201, 203] });
    const found = numbers(
      "rectangle",
      [
        [1, 2],
        [3, 3],
      ],
      CT,
      padded,
    );
    expect(found.statistics).toMatchObject({ count: 3, min: -398, max: -394 });
    expect(found.statistics?.mean).toBeCloseTo(-396, 10);
  });

  it("of an area that reaches over the edge are those of the pixels that exist", () => {
    const found = numbers("rectangle", [
      [-5, -5],
      [0, 0],
    ]);
    expect(found.statistics).toMatchObject({ count: 1, mean: 0, deviation: 0 });
  });

  it("of a probe are the pixel's value", () => {
    const found = numbers("probe", [[3.4, 4.6]]);
    expect(mainWords(found)).toBe("503 HU");
    expect(mainWords(numbers("probe", [[20, 20]]))).toBe("No value");
    expect(mainWords(numbers("probe", [[1, 1]], dataSet({ [Tag.Modality]: ["MR"] })))).toBe("101");
  });

  it("of colours have no statistics, and say so", () => {
    const colours = { kind: "color", rows: 8, columns: 8, rgb: new Uint8Array(192) } as const;
    const circle: Point[] = [
      [4, 4],
      [6, 4],
    ];
    const found = numbersOf({ kind: "circle", points: circle }, CT, colours);
    expect(found).toMatchObject({ statistics: null, noStatistics: "colour" });
    expect(mainWords(found)).toBe("3.1 mm²");
  });

  it("of a diameter are the longer and the shorter axis, whichever was drawn first", () => {
    const found = numbers("diameter", [
      [10, 10],
      [10, 20],
      [0, 15],
      [40, 15],
    ]);
    expect(mainWords(found)).toBe("20.0 × 5.0 mm");
  });

  it("of an open curve are its length, of a closed one its area", () => {
    const open: Point[] = [
      [0, 0],
      [4, 4],
      [8, 8],
    ];
    expect(mainWords(numbers("curve", open))).toBe("5.7 mm");
    const closed = numbers("curve", [...open, [0, 8], [0, 0]]);
    expect(closed.measured.kind).toBe("area");
    expect(closed.statistics?.count).toBeGreaterThan(0);
  });

  it("of plain drawings are none", () => {
    expect(
      valuesOf(
        numbers("draw_circle", [
          [4, 4],
          [6, 4],
        ]),
      ),
    ).toEqual({});
  });
});

describe("numbers in an ultrasound trace", () => {
  const region = dataSet({
    [Tag.RegionSpatialFormat]: [3],
    [Tag.RegionLocationMinX0]: [0],
    [Tag.RegionLocationMinY0]: [200],
    [Tag.RegionLocationMaxX1]: [399],
    [Tag.RegionLocationMaxY1]: [299],
    [Tag.PhysicalUnitsXDirection]: [4],
    [Tag.PhysicalUnitsYDirection]: [7],
    [Tag.PhysicalDeltaX]: [0.005],
    [Tag.PhysicalDeltaY]: [-2],
    [Tag.ReferencePixelY0]: [50],
  });
  const ds = dataSet({ [Tag.Modality]: ["US"], [Tag.SequenceOfUltrasoundRegions]: [region] });

  it("are seconds across and centimetres a second down", () => {
    const found = numbers(
      "line",
      [
        [10, 250],
        [110, 210],
      ],
      ds,
    );
    expect(mainWords(found)).toBe("0.500 s × 80.00 cm/s");
    expect(valuesOf(found)).toEqual({ across: 0.5, across_unit: "s", down: 80, down_unit: "cm/s" });
  });

  it("of a probe count from the base line", () => {
    const found = numbersOf({ kind: "probe", points: [[100, 290]] }, ds, null);
    expect(mainWords(found)).toBe("0.500 s × −80.00 cm/s");
  });

  it("of an area are pixels, because across and down differ", () => {
    const found = numbers(
      "rectangle",
      [
        [10, 210],
        [20, 220],
      ],
      ds,
    );
    expect(found.why).toBe("different-units");
    expect(mainWords(found)).toBe("100.0 px²");
  });
});

describe("numbers that were kept", () => {
  it("read as they were shown", () => {
    const found = numbers("rectangle", [
      [1, 2],
      [3, 4],
    ]);
    const kept = keptNumbers(valuesOf(found));
    expect(plateLines(kept)).toEqual(plateLines(found));
  });

  it("are compared with those of today, rounding aside", () => {
    const now = { length: 19.5, length_unit: "mm" };
    expect(differing({ length: 19.5004, length_unit: "mm" }, now)).toEqual([]);
    expect(differing({ length: 18.2, length_unit: "mm" }, now)).toEqual(["length"]);
    expect(differing({ length: 19.5, length_unit: "px" }, now)).toEqual(["length_unit"]);
  });
});

describe("SUV by body weight", () => {
  const drug = (more: Readonly<Record<string, readonly unknown[]>> = {}) =>
    dataSet({
      [Tag.RadiopharmaceuticalStartTime]: ["141700.000000"],
      [Tag.RadionuclideTotalDose]: [178_340_011.59668],
      [Tag.RadionuclideHalfLife]: [6586.2],
      ...more,
    });
  const pet = (more: Readonly<Record<string, readonly unknown[]>> = {}) =>
    dataSet({
      [Tag.Modality]: ["PT"],
      [Tag.Units]: ["BQML"],
      [Tag.CorrectedImage]: ["NORM", "ATTN", "DECY"],
      [Tag.DecayCorrection]: ["START"],
      [Tag.PatientWeight]: [69.7344],
      [Tag.SeriesDate]: ["19600614"],
      [Tag.SeriesTime]: ["152316.921000"],
      [Tag.AcquisitionDate]: ["19600614"],
      [Tag.AcquisitionTime]: ["152316.921000"],
      [Tag.RadiopharmaceuticalInformationSequence]: [drug()],
      ...more,
    });

  it("decays the dose from the injection to the scan's begin", () => {
    // 3976.921 s after the injection: 178.34 MBq × 2^(−3976.921 / 6586.2), 69734.4 g.
    expect(suvFactor(pet())).toBeCloseTo(0.0005942485, 9);
  });

  it("takes the dose as it was where the pixels relate to the injection", () => {
    const factor = suvFactor(pet({ [Tag.DecayCorrection]: ["ADMIN"] }));
    expect(factor).toBeCloseTo(69_734.4 / 178_340_011.59668, 12);
  });

  it("counts back from the acquisition where the series was written later", () => {
    const later = pet({
      [Tag.SeriesTime]: ["180000"],
      [Tag.FrameReferenceTime]: [600_000],
      [Tag.ActualFrameDuration]: [300_000],
    });
    // The middle of the counts of 300 s lies 149.6 s after their begin, 600 s after the scan began.
    const waited = 3976.921 - 600 + 149.605345;
    const dose = 178_340_011.59668 * 2 ** (-waited / 6586.2);
    expect(suvFactor(later)).toBeCloseTo(69_734.4 / dose, 8);
    expect(suvFactor(pet({ [Tag.SeriesTime]: ["180000"] }))).toBeNull();
  });

  it("knows an injection before midnight", () => {
    const night = pet({
      [Tag.SeriesTime]: ["003000"],
      [Tag.AcquisitionTime]: ["003000"],
      [Tag.RadiopharmaceuticalInformationSequence]: [
        drug({ [Tag.RadiopharmaceuticalStartTime]: ["233000"], [Tag.RadionuclideTotalDose]: [370e6] }),
      ],
      [Tag.PatientWeight]: [70],
    });
    expect(suvFactor(night)).toBeCloseTo(70_000 / (370e6 * 2 ** (-3600 / 6586.2)), 10);
  });

  it("is not given where the data set does not tell enough", () => {
    expect(suvFactor(pet({ [Tag.PatientWeight]: [] }))).toBeNull();
    expect(suvFactor(pet({ [Tag.DecayCorrection]: ["NONE"] }))).toBeNull();
    expect(suvFactor(pet({ [Tag.CorrectedImage]: ["NORM"] }))).toBeNull();
    expect(suvFactor(pet({ [Tag.Units]: ["CNTS"] }))).toBeNull();
    expect(suvFactor(pet({ [Tag.RadiopharmaceuticalInformationSequence]: [] }))).toBeNull();
  });

  it("is the stored value where the machine wrote SUV, of body weight", () => {
    expect(suvFactor(pet({ [Tag.Units]: ["GML"] }))).toBe(1);
    expect(suvFactor(pet({ [Tag.Units]: ["GML"], [Tag.SUVType]: ["LBM"] }))).toBeNull();
  });

  it("stands beside the value, with two digits", () => {
    const stored = Float32Array.from({ length: 64 }, () => 4000);
    const found = numbersOf({ kind: "probe", points: [[1, 1]] }, pet(), picture({ stored }));
    expect(mainWords(found)).toBe("2.38 SUVbw");
    const counts = numbersOf(
      { kind: "probe", points: [[1, 1]] },
      pet({ [Tag.PatientWeight]: [] }),
      picture({ stored }),
    );
    expect(mainWords(counts)).toBe("4000.0 Bq/ml");
  });
});
