/** Tests rays through a volume: what they meet, where it stands on the picture, what hides what. */
import { describe, expect, it } from "vitest";
import type { Vector3 } from "../../src/dicom/geometry.ts";
import { blocksOf, type Camera, type Part, type Scene, type Transfer } from "../../src/volume/cast.ts";
import { castHighest } from "../../src/volume/mip.ts";
import { castOpacity, layOver } from "../../src/volume/opacity.ts";
import type { Affine } from "../../src/volume/space.ts";

const [COLUMNS, ROWS, DEPTH] = [30, 20, 26];

/** A grid of 1 mm whose first voxel lies at [0, 0, 0]; `put` are [column, row, slice, value]. */
function whole(...put: readonly (readonly [number, number, number, number])[]): Part {
  const voxels = new Int16Array(COLUMNS * ROWS * DEPTH).fill(-1000);
  for (const [x, y, z, value] of put) voxels[(z * ROWS + y) * COLUMNS + x] = value;
  return { columns: COLUMNS, rows: ROWS, depth: DEPTH, first: 0, voxels, from: -0.5, to: DEPTH - 0.5 };
}

/** The same grid cut into parts of so many slices, each with its neighbours. */
function split(all: Part, slices: number): Part[] {
  const parts: Part[] = [];
  for (let from = 0; from < DEPTH; from += slices) {
    const [first, end] = [Math.max(0, from - 1), Math.min(DEPTH, from + slices + 2)];
    const voxels = all.voxels.slice(first * COLUMNS * ROWS, end * COLUMNS * ROWS);
    const to = from + slices >= DEPTH ? DEPTH - 0.5 : from + slices;
    parts.push({ ...all, voxels, first, depth: end - first, from: from === 0 ? -0.5 : from, to });
  }
  return parts;
}

const SAME: Affine = {
  columns: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  origin: [0, 0, 0],
};

/** 31 × 31 pixels of 1 mm; the middle pixel looks at [15, 10, 13]. */
function camera(right: Vector3, down: Vector3, forward: Vector3): Camera {
  return { width: 31, height: 31, scale: 1, step: 0.5, focus: [15, 10, 13], right, down, forward };
}

const FROM_FEET = camera([1, 0, 0], [0, 1, 0], [0, 0, 1]);
const FROM_FRONT = camera([1, 0, 0], [0, 0, -1], [0, 1, 0]);
const FROM_RIGHT = camera([0, -1, 0], [0, 0, -1], [1, 0, 0]);

function scene(view: Camera, more: Partial<Scene> = {}): Scene {
  return { camera: view, toGrid: SAME, cuts: [], transfer: null, ...more };
}

function highest(parts: readonly Part[], at: Scene): Float32Array {
  const values = new Float32Array(31 * 31).fill(Number.NEGATIVE_INFINITY);
  for (const part of parts) castHighest(part, blocksOf(part), at, values);
  return values;
}

function where(values: Float32Array, value: number): [number, number][] {
  return [...values].flatMap((found, at) =>
    Math.abs(found - value) < 1e-3 ? [[at % 31, Math.floor(at / 31)]] : [],
  ) as [number, number][];
}

describe("the highest value along rays", () => {
  const volume = whole([20, 4, 6, 900], [20, 4, 20, 300]);

  it("stands where the bright voxel is, from below, from the front and from the right", () => {
    // From the feet: 5 mm to the left of the middle (the picture's right), 6 mm in front of it (up).
    expect(where(highest([volume], scene(FROM_FEET)), 900)).toEqual([[20, 9]]);
    // From the front: 7 mm below the middle; the lesser one 7 mm above.
    expect(where(highest([volume], scene(FROM_FRONT)), 900)).toEqual([[20, 22]]);
    expect(where(highest([volume], scene(FROM_FRONT)), 300)).toEqual([[20, 8]]);
    // From the right, the front of the patient is on the picture's right.
    expect(where(highest([volume], scene(FROM_RIGHT)), 900)).toEqual([[21, 22]]);
  });

  it("is not the sum and not the mean: what lies before and behind does not change it", () => {
    const values = highest([volume], scene(FROM_FEET));
    expect(values[9 * 31 + 20]).toBeCloseTo(900, 3);
    expect(values[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(values[15 * 31 + 3]).toBe(-1000);
  });

  it("is the same however the volume is cut into parts", () => {
    const noisy = whole();
    for (let at = 0; at < noisy.voxels.length; at += 1)
      noisy.voxels[at] = Math.round(800 * Math.sin(at * 1.7));
    const slanted = camera([0.8, 0.6, 0], [0, 0, -1], [-0.6, 0.8, 0]);
    for (const view of [FROM_FEET, FROM_FRONT, slanted]) {
      const together = highest([noisy], scene(view));
      for (const slices of [5, 8, 13]) {
        const apart = highest(split(noisy, slices), scene(view));
        together.forEach((value, at) => {
          if (value !== Number.NEGATIVE_INFINITY)
            expect(Math.abs((apart[at] ?? 0) - value)).toBeLessThan(1e-2);
        });
      }
    }
  });

  it("leaves out what is cut away", () => {
    // Keep z <= 10: the voxel at 20 is gone. Keep z >= 10 (−z <= −10): the one at 6.
    const below = highest([volume], scene(FROM_FRONT, { cuts: [{ normal: [0, 0, 1], distance: 10 }] }));
    expect(where(below, 300)).toEqual([]);
    expect(where(below, 900)).toHaveLength(1);
    const above = highest([volume], scene(FROM_FRONT, { cuts: [{ normal: [0, 0, -1], distance: -10 }] }));
    expect(where(above, 900)).toEqual([]);
    expect(where(above, 300)).toHaveLength(1);
  });
});

describe("colour and opacity along rays", () => {
  /** Values around 100 are red, around 500 green; everything else is clear. */
  const transfer: Transfer = (() => {
    const rgba = new Float32Array(1001 * 4);
    for (let entry = 80; entry <= 120; entry += 1) rgba.set([1, 0, 0, 0.9], entry * 4);
    for (let entry = 480; entry <= 520; entry += 1) rgba.set([0, 1, 0, 0.9], entry * 4);
    return { lower: 0, upper: 1000, rgba };
  })();

  /** A red sheet in front (low y) of a green one, both across the whole grid. */
  const sheets = whole();
  for (let z = 0; z < DEPTH; z += 1) {
    for (let x = 0; x < COLUMNS; x += 1) {
      for (const y of [4, 5, 6]) sheets.voxels[(z * ROWS + y) * COLUMNS + x] = 100;
      for (const y of [13, 14, 15]) sheets.voxels[(z * ROWS + y) * COLUMNS + x] = 500;
    }
  }

  function colours(parts: readonly Part[], at: Scene): Float32Array {
    const picture = new Float32Array(31 * 31 * 4);
    for (const part of parts) castOpacity(part, blocksOf(part), at, picture);
    return picture;
  }

  const middle = (picture: Float32Array) => [...picture.subarray((15 * 31 + 15) * 4, (15 * 31 + 15) * 4 + 4)];

  it("shows what is in front and hides what is behind", () => {
    const [red, green, , covered] = middle(colours([sheets], scene(FROM_FRONT, { transfer }))) as [
      number,
      number,
      number,
      number,
    ];
    expect(red).toBeGreaterThan(0.8);
    expect(green).toBeLessThan(0.2);
    expect(covered).toBeGreaterThan(0.95);
    const fromBack = camera([-1, 0, 0], [0, 0, -1], [0, -1, 0]);
    const [behindRed, behindGreen] = middle(colours([sheets], scene(fromBack, { transfer }))) as [
      number,
      number,
    ];
    expect(behindGreen).toBeGreaterThan(0.8);
    expect(behindRed).toBeLessThan(0.2);
  });

  it("shows what is behind once the front is cut away", () => {
    const cut = scene(FROM_FRONT, { transfer, cuts: [{ normal: [0, -1, 0], distance: -9 }] });
    const [red, green] = middle(colours([sheets], cut)) as [number, number];
    // Between clear and green lie, for a moment, the values that are red; and surfaces mirror some white.
    expect(red).toBeLessThan(0.2);
    expect(green).toBeGreaterThan(0.8);
  });

  it("is the same in parts, going on from front to back or laid over each other", () => {
    const slanted = camera([0, 1, 0], [-0.6, 0, -0.8], [0.8, 0, -0.6]);
    const at = scene(slanted, { transfer });
    const together = colours([sheets], at);
    const parts = split(sheets, 9).reverse();
    const goingOn = colours(parts, at);
    const [front, ...others] = parts.map((part) => colours([part], at)) as [Float32Array, ...Float32Array[]];
    for (const behind of others) layOver(front, behind);
    together.forEach((value, index) => {
      expect(Math.abs((goingOn[index] ?? 0) - value)).toBeLessThan(0.03);
      expect(Math.abs((front[index] ?? 0) - value)).toBeLessThan(0.03);
    });
  });

  it("gives a longer way the same opacity whatever the sampling", () => {
    const thin: Transfer = {
      ...transfer,
      rgba: transfer.rgba.map((value, at) => (at % 4 === 3 ? value / 20 : value)),
    };
    const fine = middle(colours([sheets], scene({ ...FROM_FRONT, step: 0.1 }, { transfer: thin })));
    const coarse = middle(colours([sheets], scene({ ...FROM_FRONT, step: 0.5 }, { transfer: thin })));
    expect(Math.abs((fine[3] ?? 0) - (coarse[3] ?? 0))).toBeLessThan(0.03);
  });
});
