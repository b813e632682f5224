/** Tests that planes and slabs hold the values that lie there, in mm. */
import { describe, expect, it } from "vitest";
import type { Vector3 } from "../../src/dicom/geometry.ts";
import { describeVolume, type Geometry } from "../../src/volume/geometry.ts";
import { cutRows, type Slab, valueAt as valueAtPlace } from "../../src/volume/reslice.ts";
import { mapped, mappedDirection, minus, times } from "../../src/volume/space.ts";
import { HOLE, type Loaded, loaded } from "../../src/volume/voxels.ts";
import { AXIAL, frames, pixels, type Shape } from "./phantom.ts";

const HALF = Math.SQRT1_2;

const valueAt = (volume: Loaded, [x, y, z]: Vector3) => valueAtPlace(volume, x, y, z);

/** A value that is different at each place and linear, so that interpolation is exact. */
const ramp = ([x, y, z]: Vector3) => 10 * x + 3 * y - 7 * z;

function volumeOf(
  shape: Shape,
  value: (place: Vector3) => number,
  keep: (slice: number) => boolean = () => true,
): { geometry: Geometry; volume: Loaded } {
  const described = describeVolume(frames(shape).filter((_, slice) => keep(slice)));
  if ("refusal" in described) throw new Error(described.refusal);
  const { geometry } = described;
  const kept = Array.from({ length: shape.slices }, (_, slice) => slice).filter(keep);
  const slices = kept.map((slice, index) => ({
    place: geometry.places[index] ?? 0,
    pixels: pixels(shape, slice, value),
  }));
  const volume = loaded(geometry, slices, geometry.step, (from, to) => to - from > HOLE * geometry.step);
  if (!volume) throw new Error("nothing is loaded");
  return { geometry, volume };
}

/** Values of a plane that begins at `from` (mm) and goes by `right` and `down` (mm) from sample to sample. */
function cut(
  { geometry, volume }: { geometry: Geometry; volume: Loaded },
  from: Vector3,
  right: Vector3,
  down: Vector3,
  size: readonly [number, number],
  slab: Slab | null = null,
): Float32Array {
  const out = new Float32Array(size[0] * size[1]);
  const samples = {
    width: size[0],
    height: size[1],
    origin: mapped(geometry.fromPatient, from),
    perColumn: mappedDirection(geometry.fromPatient, right),
    perRow: mappedDirection(geometry.fromPatient, down),
  };
  cutRows(volume, samples, slab, out, 0, size[1]);
  return out;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  axial: AXIAL,
  sagittal: { ...AXIAL, row: [0, 1, 0], column: [0, 0, -1] },
  coronal: { ...AXIAL, row: [1, 0, 0], column: [0, 0, -1] },
  oblique: { ...AXIAL, row: [HALF, HALF, 0], column: [0, 0, -1] },
  tilted: {
    ...AXIAL,
    column: [0, Math.cos(0.3), -Math.sin(0.3)],
    way: [0, 0, 1],
  },
};

describe("planes of a volume", () => {
  it.each(Object.keys(SHAPES))("have the value of their place, of a series acquired %s", (name) => {
    const both = volumeOf(SHAPES[name] ?? AXIAL, ramp);
    const center = mapped(both.geometry.toPatient, [9, 7, (both.geometry.places.at(-1) ?? 0) / 2]);
    const directions: [Vector3, Vector3][] = [
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
      [
        [1, 0, 0],
        [0, 0, -1],
      ],
      [
        [0, 1, 0],
        [0, 0, -1],
      ],
      [
        [HALF, 0, HALF],
        [0, 1, 0],
      ],
    ];
    for (const [right, down] of directions) {
      const from = minus(minus(center, times(right, 1)), times(down, 1));
      const values = cut(both, from, times(right, 0.5), times(down, 0.5), [5, 5]);
      values.forEach((value, index) => {
        const place: Vector3 = [0, 1, 2].map(
          (axis) =>
            (from[axis] ?? 0) +
            (right[axis] ?? 0) * 0.5 * (index % 5) +
            (down[axis] ?? 0) * 0.5 * Math.floor(index / 5),
        ) as unknown as Vector3;
        expect(value).toBeCloseTo(ramp(place), 3);
      });
    }
  });

  it("have exactly the stack's values on its own pixels", () => {
    const noise = ([x, y, z]: Vector3) => Math.round(1000 * Math.sin(x * 12.9 + y * 78.2 + z * 37.7));
    const both = volumeOf(AXIAL, noise);
    const values = cut(both, [-10, -20, 36], [0.5, 0, 0], [0, 0.75, 0], [20, 16]);
    expect([...values]).toEqual([...pixels(AXIAL, 3, noise)]);
    // Column 7, row 5, slice 9.
    expect(valueAt(both.volume, [7, 5, 18])).toBe(noise([-10 + 3.5, -20 + 3.75, 48]));
  });

  it("interpolate between neighbours in all three directions", () => {
    const one = ([x, y, z]: Vector3) => (x === -5 && y === -14 && z === 40 ? 800 : 0);
    const { volume } = volumeOf(AXIAL, one);
    // The one bright voxel is column 10, row 8, slice 5 (10 mm along the normal).
    expect(valueAt(volume, [10, 8, 10])).toBe(800);
    expect(valueAt(volume, [10.5, 8, 10])).toBe(400);
    expect(valueAt(volume, [10.5, 8.5, 10])).toBe(200);
    expect(valueAt(volume, [10.5, 8.5, 11])).toBe(100);
    expect(valueAt(volume, [9.25, 8, 10])).toBe(200);
  });

  it("end half a voxel beyond the outermost centres", () => {
    const { volume } = volumeOf(AXIAL, () => 5);
    expect(valueAt(volume, [-0.4, -0.4, -0.9])).toBe(5);
    expect(valueAt(volume, [19.4, 15.4, 22.9])).toBe(5);
    for (const outside of [
      [-0.6, 0, 0],
      [0, -0.6, 0],
      [0, 0, -1.1],
      [19.6, 0, 0],
      [0, 15.6, 0],
      [0, 0, 23.1],
    ]) {
      expect(valueAt(volume, outside as unknown as Vector3)).toBeNaN();
    }
  });

  it("stay empty where a slice is missing, and are right beside it", () => {
    const { volume } = volumeOf(AXIAL, ramp, (slice) => slice !== 5);
    expect(valueAt(volume, [4, 4, 8])).toBeCloseTo(ramp([-8, -17, 38]), 3);
    expect(valueAt(volume, [4, 4, 7])).toBeCloseTo(ramp([-8, -17, 37]), 3);
    expect(valueAt(volume, [4, 4, 12])).toBeCloseTo(ramp([-8, -17, 42]), 3);
    expect(valueAt(volume, [4, 4, 9])).toBeNaN();
    expect(valueAt(volume, [4, 4, 10])).toBeNaN();
  });

  it("are right where distances are uneven", () => {
    const places = [0, 1, 4, 4.5, 9, 10];
    const slices = places.map((place) => ({
      place,
      pixels: Int16Array.from([0, 0, 0, 0], () => place * 100),
    }));
    const volume = loaded({ columns: 2, rows: 2 }, slices, 1, () => false);
    if (!volume) throw new Error("nothing is loaded");
    for (const place of [0, 0.25, 1, 2.5, 3.99, 4, 4.2, 4.5, 6, 9, 9.3, 10]) {
      expect(valueAt(volume, [0.5, 0.5, place])).toBeCloseTo(place * 100, 2);
    }
  });
});

describe("slabs", () => {
  const spot = ([x, y, z]: Vector3) =>
    Math.abs(z - 40) < 0.1 && Math.abs(x + 5) < 0.1 && Math.abs(y + 14) < 0.1 ? 900 : -100;

  it("show the highest, the lowest and the average of their thickness", () => {
    const both = volumeOf(AXIAL, spot);
    const step = mappedDirection(both.geometry.fromPatient, [0, 0, 2]);
    const at = (mode: Slab["mode"], count: number, z: number) =>
      cut(both, [-5, -14, z], [0.5, 0, 0], [0, 0.75, 0], [2, 1], { mode, count, step });
    expect([...at("maximum", 5, 42)]).toEqual([900, -100]);
    expect([...at("minimum", 5, 42)]).toEqual([-100, -100]);
    expect([...at("average", 5, 42)]).toEqual([100, -100]);
    // Ten mm away the spot is no part of a slab 8 mm thick.
    expect([...at("maximum", 5, 50)]).toEqual([-100, -100]);
  });

  it("leave out what lies beyond the volume", () => {
    const both = volumeOf(AXIAL, () => 7);
    const step = mappedDirection(both.geometry.fromPatient, [0, 0, 2]);
    const values = cut(both, [-5, -14, 30], [0.5, 0, 0], [0, 0.75, 0], [1, 1], {
      mode: "average",
      count: 9,
      step,
    });
    expect(values[0]).toBe(7);
    const outside = cut(both, [-5, -14, 90], [0.5, 0, 0], [0, 0.75, 0], [1, 1], {
      mode: "maximum",
      count: 3,
      step,
    });
    expect(outside[0]).toBeNaN();
  });
});
