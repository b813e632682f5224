/** Tests where the voxels of a series lie, and what is no volume. */
import { describe, expect, it } from "vitest";
import type { Frame } from "../../src/dicom/frames.ts";
import { corners, describeVolume, type Geometry, middle, spacingAlong } from "../../src/volume/geometry.ts";
import { mapped } from "../../src/volume/space.ts";
import { AXIAL, frame, frames, type Shape } from "./phantom.ts";

function geometryOf(all: readonly Frame[]): Geometry {
  const described = describeVolume(all);
  if ("refusal" in described) throw new Error(described.refusal);
  return described.geometry;
}

function refusalOf(all: readonly Frame[]): string {
  const described = describeVolume(all);
  return "refusal" in described ? described.refusal : "";
}

const HALF = Math.SQRT1_2;

describe("describeVolume", () => {
  it("puts columns, rows and slices of an axial series where they are in the patient", () => {
    const geometry = geometryOf(frames(AXIAL));
    expect(mapped(geometry.toPatient, [0, 0, 0])).toEqual([-10, -20, 30]);
    // Column 4 is 2 mm to the left, row 8 is 6 mm back, 22 mm further along the normal (to the head).
    expect(mapped(geometry.toPatient, [4, 8, 22])).toEqual([-8, -14, 52]);
    expect(mapped(geometry.fromPatient, [-8, -14, 52])).toEqual([4, 8, 22]);
    expect(geometry.step).toBe(2);
    expect(geometry.notices).toEqual([]);
    expect(middle(geometry)).toEqual([-10 + 9.5 * 0.5, -20 + 7.5 * 0.75, 41]);
  });

  it("follows slices that are read from head to feet", () => {
    const geometry = geometryOf([...frames(AXIAL)].reverse());
    expect(mapped(geometry.toPatient, [0, 0, 0])).toEqual([-10, -20, 52]);
    expect(mapped(geometry.toPatient, [0, 0, 4])).toEqual([-10, -20, 48]);
  });

  it("places sagittal and oblique series", () => {
    const sagittal: Shape = { ...AXIAL, row: [0, 1, 0], column: [0, 0, -1] };
    const geometry = geometryOf(frames(sagittal));
    // Rows go back, columns to the feet, the normal to the patient's right.
    expect(mapped(geometry.toPatient, [2, 4, 6])).toEqual([-16, -19, 27]);
    const oblique: Shape = { ...AXIAL, row: [HALF, HALF, 0], column: [0, 0, -1] };
    const [x, y, z] = mapped(geometryOf(frames(oblique)).toPatient, [4, 0, 2]);
    expect(x).toBeCloseTo(-10 + 2 * HALF - 2 * HALF, 9);
    expect(y).toBeCloseTo(-20 + 2 * HALF + 2 * HALF, 9);
    expect(z).toBeCloseTo(30, 9);
  });

  it("keeps the true place of slices of a tilted gantry, and says the tilt", () => {
    const angle = (12 * Math.PI) / 180;
    // The table moves along z, the slices lean by 12 degrees.
    const leaning: Shape = {
      ...AXIAL,
      column: [0, Math.cos(angle), -Math.sin(angle)],
      way: [0, 0, 1],
    };
    const geometry = geometryOf(frames(leaning));
    expect(geometry.tilt).toBeCloseTo(12, 6);
    expect(geometry.notices).toEqual(["Tilted 12°"]);
    // The fifth slice lies 8 mm up the table: 8·cos 12° along the normal.
    const [x, y, z] = mapped(geometry.toPatient, [0, 0, 8 * Math.cos(angle)]);
    expect([x, y, z].map((value) => Number(value.toFixed(6)))).toEqual([-10, -20, 38]);
  });

  it("says where slices are missing and keeps the others at their places", () => {
    const all = frames(AXIAL).filter((_, index) => index !== 5);
    const geometry = geometryOf(all);
    expect(geometry.notices).toEqual(["1 slice missing after 5"]);
    expect(geometry.places[5]).toBe(12);
    const two = frames(AXIAL).filter((_, index) => index !== 5 && index !== 6);
    expect(geometryOf(two).notices).toEqual(["2 slices missing after 5"]);
  });

  it("says that distances are uneven", () => {
    const [first] = frames(AXIAL) as [Frame];
    const uneven = [0, 2, 4, 6.6, 8.6, 10.6].map((z) => frame(AXIAL, [-10, -20, 30 + z]));
    expect(geometryOf([first, ...uneven.slice(1)]).notices).toEqual(["Uneven distances: 2.00 to 2.60 mm"]);
  });

  it("refuses what is no volume, in words", () => {
    const few = frames({ ...AXIAL, slices: 4 });
    expect(refusalOf(few)).toBe("The series has 4 images; planes and 3D need at least 5.");
    expect(refusalOf([])).toBe("The series has 0 images; planes and 3D need at least 5.");
    const colour = frames(AXIAL, { "00280004": { vr: "CS", Value: ["RGB"] } });
    expect(refusalOf(colour)).toContain("in colour");
    const sizes = frames(AXIAL).map((item, index) =>
      index === 7 ? frame({ ...AXIAL, rows: 10 }, item.position ?? [0, 0, 0]) : item,
    );
    expect(refusalOf(sizes)).toBe("The images are of different sizes: 20 × 16 and 20 × 10 pixels.");
    const spacings = frames(AXIAL).map((item, index) =>
      index === 7 ? frame({ ...AXIAL, spacing: [0.6, 0.75, 2] }, item.position ?? [0, 0, 0]) : item,
    );
    expect(refusalOf(spacings)).toContain("pixels of different sizes");
    for (const broken of [[], [0, 0], [Number.NaN, 1], ["x", "y"]]) {
      const nowhere = frames(AXIAL, { "00280030": { vr: "DS", Value: broken } });
      expect(refusalOf(nowhere)).toContain("not calibrated");
    }
    const unplaced = frames(AXIAL).map((item) => ({ ...item, position: null }));
    expect(refusalOf(unplaced)).toContain("do not say where they lie");
    const twice = [...frames(AXIAL), ...frames(AXIAL)];
    expect(refusalOf(twice)).not.toBe("");
    const inTime = frames(AXIAL).flatMap((item) => [item, item]);
    expect(refusalOf(inTime)).toContain("at the same place");
    const scout = frame({ ...AXIAL, column: [0, 0, -1] }, [0, 0, 0]);
    expect(refusalOf([...frames(AXIAL), scout])).toContain("different directions");
  });

  it("refuses slices that are shifted sideways, and rows that are not perpendicular to columns", () => {
    const shifted = frames(AXIAL).map((item, index) =>
      frame(AXIAL, [index === 6 ? -9 : -10, -20, 30 + 2 * index], item.dataSet),
    );
    expect(refusalOf(shifted)).toContain("shifted against each other");
    const askew: Shape = { ...AXIAL, column: [HALF, HALF, 0], way: [0, 0, 1] };
    expect(refusalOf(frames(askew))).toContain("not perpendicular");
  });

  it("knows the extent and how far one voxel is in any direction", () => {
    const geometry = geometryOf(frames(AXIAL));
    const all = corners(geometry);
    expect(all).toContainEqual([-10.25, -20.375, 29]);
    expect(all).toContainEqual([-0.25, -8.375, 53]);
    expect(spacingAlong(geometry, [1, 0, 0])).toBeCloseTo(0.5, 12);
    expect(spacingAlong(geometry, [0, 1, 0])).toBeCloseTo(0.75, 12);
    expect(spacingAlong(geometry, [0, 0, -1])).toBeCloseTo(2, 12);
    // Half way between the two: 1 / √(½/0.5² + ½/2²)
    expect(spacingAlong(geometry, [HALF, 0, HALF])).toBeCloseTo(1 / Math.sqrt(0.5 / 0.25 + 0.5 / 4), 9);
  });
});
