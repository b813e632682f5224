/** Tests through how many sheets of voxels a slab looks, cuts of the box, and reduced volumes. */
import { describe, expect, it } from "vitest";
import type { Vector3 } from "../../src/dicom/geometry.ts";
import { cutsOf, depthOf, WHOLE } from "../../src/volume/box.ts";
import { describeVolume, type Geometry } from "../../src/volume/geometry.ts";
import { comparable } from "../../src/volume/open_volume.ts";
import { reducedGeometry } from "../../src/volume/opening.ts";
import { fullSlab, quickSlab, sheetsAside } from "../../src/volume/slab.ts";
import { mapped } from "../../src/volume/space.ts";
import { AXIAL, frames } from "./phantom.ts";

function geometryOf(): Geometry {
  const described = describeVolume(frames(AXIAL));
  if ("refusal" in described) throw new Error(described.refusal);
  return described.geometry;
}

const UP: Vector3 = [0, 0, 1];

describe("a slab", () => {
  const geometry = geometryOf();

  it("takes every sheet of voxels within half its thickness, on both sides", () => {
    // Slices lie 2 mm apart: in 10 mm two on either side, in 11.9 mm too, in 12 mm three.
    expect([1, 3.9, 4, 10, 11.9, 12].map((mm) => sheetsAside(geometry, UP, mm))).toEqual([0, 0, 1, 2, 2, 3]);
    const slab = fullSlab(geometry, UP, { mode: "maximum", thickness: 10 });
    expect([slab?.count, slab?.mode]).toEqual([5, "maximum"]);
    expect(slab?.step.map((value) => value + 0)).toEqual([0, 0, 2]);
    expect(fullSlab(geometry, UP, { mode: null, thickness: 10 })).toBeNull();
  });

  it("leaves sheets out where many pixels are to be drawn at once", () => {
    const choice = { mode: "maximum", thickness: 22 } as const;
    expect(quickSlab(geometry, UP, choice, 100)?.count).toBe(11);
    const quick = quickSlab(geometry, UP, choice, 400_000);
    expect(quick?.count).toBe(3);
    expect(quick?.step[2]).toBeCloseTo(6, 9);
  });
});

describe("the box", () => {
  const geometry = geometryOf();

  it("cuts from each side in the patient's millimetres", () => {
    expect(cutsOf(geometry, WHOLE)).toEqual([]);
    // The volume reaches from 29 to 53 mm: a quarter off the head leaves 47, off the feet 35.
    expect(depthOf(geometry, "head", 0.25)).toBe(6);
    expect(cutsOf(geometry, { ...WHOLE, head: 0.25 })).toEqual([{ normal: [0, 0, 1], distance: 47 }]);
    expect(cutsOf(geometry, { ...WHOLE, feet: 0.25 })).toEqual([{ normal: [0, 0, -1], distance: -35 }]);
    // +x is left: what is cut from the right begins at the low end, −10.25.
    const [right] = cutsOf(geometry, { ...WHOLE, right: 0.5 });
    expect(right?.normal[0]).toBe(-1);
    expect(right?.distance).toBeCloseTo(5.25, 9);
  });
});

describe("a reduced volume", () => {
  it("has every n-th pixel at its place", () => {
    const geometry = reducedGeometry(geometryOf(), 2);
    expect([geometry.columns, geometry.rows, geometry.spacing]).toEqual([10, 8, [1, 1.5]]);
    expect(mapped(geometry.toPatient, [2, 4, 22])).toEqual([-8, -14, 52]);
    expect(mapped(geometry.fromPatient, [-8, -14, 52])).toEqual([2, 4, 22]);
  });
});

describe("values that are told alike", () => {
  const grey = (slope: number, intercept: number) => ({
    kind: "grey" as const,
    rows: 1,
    columns: 3,
    stored: Uint16Array.of(0, 10, 20),
    rescale: { slope, intercept },
    min: 0,
    max: 20,
    padding: null,
  });

  it("are the stored ones where the rescale is the same, else numbers that mean the same", () => {
    const same = grey(2, -5);
    expect(comparable(same, { slope: 2, intercept: -5 })).toBe(same.stored);
    // 0, 10, 20 are −5, 35, 75 in units; told with slope 4 and intercept 3 these are −2, 8, 18.
    const other = comparable(grey(4, -5), { slope: 4, intercept: 3 });
    expect([...other]).toEqual([-2, 8, 18]);
  });

  it("are not there in colours", () => {
    const color = { kind: "color" as const, rows: 1, columns: 1, rgb: Uint8Array.of(1, 2, 3) };
    expect(() => comparable(color, { slope: 1, intercept: 0 })).toThrow("colour");
  });
});
