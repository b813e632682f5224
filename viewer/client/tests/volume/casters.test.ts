/** Tests that a picture cast by several workers is the one that a single cast gives. */
import { describe, expect, it } from "vitest";
import type { Vector3 } from "../../src/dicom/geometry.ts";
import { EYES, lettersOf, rolledBy, turnedBy } from "../../src/volume/camera.ts";
import { blocksOf, type Scene } from "../../src/volume/cast.ts";
import { Casters, type Hand, type Share } from "../../src/volume/casters.ts";
import { CastingBench, type Done, type Order } from "../../src/volume/castjobs.ts";
import { describeVolume, type Geometry, middle } from "../../src/volume/geometry.ts";
import { gridOf, lightGrid, partOf, shares } from "../../src/volume/grid.ts";
import { looksFor, transferOf } from "../../src/volume/looks.ts";
import { castHighest } from "../../src/volume/mip.ts";
import { castOpacity } from "../../src/volume/opacity.ts";
import { mapped } from "../../src/volume/space.ts";
import { HOLE, type Loaded, loaded } from "../../src/volume/voxels.ts";
import { AXIAL, frames, pixels, type Shape } from "./phantom.ts";

/** A worker that lives here. */
class Desk implements Hand {
  onmessage: Hand["onmessage"] = null;
  onerror: Hand["onerror"] = null;
  private readonly bench = new CastingBench();

  postMessage(order: Order): void {
    const done: Done | null = this.bench.take(order);
    if (done) queueMicrotask(() => this.onmessage?.({ data: done } as MessageEvent<Done>));
  }

  terminate(): void {}
}

const SHAPE: Shape = {
  ...AXIAL,
  columns: 24,
  rows: 24,
  slices: 30,
  spacing: [1, 1, 1],
  origin: [-12, -12, 5],
};

function volumeOf(
  value: (place: Vector3) => number,
  keep: (slice: number) => boolean = () => true,
): { geometry: Geometry; volume: Loaded } {
  const described = describeVolume(frames(SHAPE).filter((_, slice) => keep(slice)));
  if ("refusal" in described) throw new Error(described.refusal);
  const { geometry } = described;
  const kept = Array.from({ length: SHAPE.slices }, (_, slice) => slice).filter(keep);
  const slices = kept.map((slice, at) => ({
    place: geometry.places[at] ?? 0,
    pixels: pixels(SHAPE, slice, value),
  }));
  const volume = loaded(geometry, slices, geometry.step, (from, to) => to - from > HOLE * geometry.step);
  if (!volume) throw new Error("nothing is loaded");
  return { geometry, volume };
}

const ball = ([x, y, z]: Vector3) => (Math.hypot(x + 3, y - 2, z - 18) < 5 ? 700 : -900);

function sceneOf(geometry: Geometry, eye: (typeof EYES)["front"], isMip: boolean): Scene {
  const camera = { width: 40, height: 40, scale: 1, step: 0.5, focus: middle(geometry), ...eye };
  const bone = looksFor("CT").find(({ id }) => id === "bone");
  const transfer = bone && !isMip ? transferOf(bone, { center: 40, width: 400 }) : null;
  return { camera, toGrid: gridOf(geometry, 1).toGrid, cuts: [], transfer };
}

describe("grids of a volume", () => {
  it("have each voxel at its place in the patient", () => {
    const { geometry, volume } = volumeOf(ball);
    const grid = gridOf(geometry, 1);
    expect(mapped(grid.toGrid, [-12, -12, 5])).toEqual([0, 0, 0]);
    expect(mapped(grid.toGrid, [-9, -8, 10])).toEqual([3, 4, 5]);
    const part = partOf(volume, grid, 10, 20, -900);
    expect([part.first, part.depth, part.from, part.to]).toEqual([9, 13, 10, 20]);
    // Slice 13 lies at z 18, the ball's middle at column 9, row 14.
    expect(part.voxels[(13 - 9) * 24 * 24 + 14 * 24 + 9]).toBe(700);
    expect(part.voxels[(13 - 9) * 24 * 24 + 14 * 24 + 3]).toBe(-900);
  });

  it("take every n-th voxel at its place", () => {
    const { geometry, volume } = volumeOf(([x, y, z]) => x * 100 + y * 10 + z);
    const grid = gridOf(geometry, 2);
    expect([grid.columns, grid.rows, grid.slices]).toEqual([12, 12, 16]);
    const part = partOf(volume, grid, 0, 16, 0);
    for (const [column, row, slice] of [
      [0, 0, 0],
      [3, 4, 5],
      [11, 11, 15],
    ] as const) {
      const z = 5 + slice * grid.perSlice;
      const value = (-12 + 2 * column) * 100 + (-12 + 2 * row) * 10 + z;
      expect(part.voxels[(slice * 12 + row) * 12 + column]).toBeCloseTo(value, 2);
      const at = mapped(grid.toGrid, [-12 + 2 * column, -12 + 2 * row, z]);
      expect(at.map((index) => Number(index.toFixed(6)))).toEqual([column, row, slice]);
    }
  });

  it("are light enough to be turned", () => {
    const [first] = frames({ ...SHAPE, columns: 512, rows: 512, slices: 555, spacing: [0.7, 0.7, 0.7] });
    expect(first).toBeDefined();
    const described = describeVolume(
      frames({ ...SHAPE, columns: 512, rows: 512, slices: 555, spacing: [0.7, 0.7, 0.7] }),
    );
    if ("refusal" in described) throw new Error(described.refusal);
    const grid = lightGrid(described.geometry);
    expect(grid.nth).toBe(3);
    expect(grid.columns * grid.rows * grid.slices).toBeLessThan(7e6);
  });

  it("are empty where a slice is missing", () => {
    const { geometry, volume } = volumeOf(
      () => 100,
      (slice) => slice !== 12,
    );
    const part = partOf(volume, gridOf(geometry, 1), 0, 30, -1000);
    const slices = Array.from({ length: 30 }, (_, slice) => part.voxels[slice * 24 * 24]);
    expect(slices.filter((value) => value === -1000)).toHaveLength(1);
    expect(slices[12]).toBe(-1000);
  });

  it("are shared out without a gap", () => {
    expect(shares(30, 3)).toEqual([
      [0, 10],
      [10, 20],
      [20, 30],
    ]);
    expect(shares(3, 8)).toEqual([[0, 3]]);
  });
});

describe("pictures by several workers", () => {
  it.each(["front", "back", "left", "feet"] as const)("are those of one, seen from the %s", async (name) => {
    const { geometry, volume } = volumeOf(ball);
    const grid = gridOf(geometry, 1);
    for (const isMip of [true, false]) {
      const scene = sceneOf(geometry, turnedBy(EYES[name], 0.3, 0.2), isMip);
      const whole = partOf(volume, grid, 0, grid.slices, -900);
      const expected = new Float32Array(40 * 40 * (isMip ? 1 : 4)).fill(isMip ? Number.NEGATIVE_INFINITY : 0);
      (isMip ? castHighest : castOpacity)(whole, blocksOf(whole), scene, expected);
      const casters = new Casters(() => new Desk(), 2);
      const groups = shares(grid.slices, 2).map(([from, to]) =>
        shares(to - from, 3).map(([a, b]): Share => {
          const make = () => partOf(volume, grid, from + a, from + b, -900);
          return { name: `${from + a}`, make };
        }),
      );
      const steps: number[] = [];
      const signal = new AbortController().signal;
      const picture = await casters.cast({
        scene,
        shares: groups,
        signal,
        onProgress: (share) => steps.push(share),
      });
      expect(steps.map((share) => Math.round(share * 6))).toEqual([1, 2, 3, 4, 5, 6]);
      expected.forEach((value, at) => {
        if (value !== Number.NEGATIVE_INFINITY)
          expect(Math.abs((picture?.[at] ?? 0) - value)).toBeLessThan(isMip ? 1e-2 : 0.05);
      });
      expect(expected.some((value) => value > 0.5)).toBe(true);
    }
  });

  it("are nothing once they were stopped", async () => {
    const { geometry, volume } = volumeOf(ball);
    const grid = gridOf(geometry, 1);
    const casters = new Casters(() => new Desk(), 1);
    const stop = new AbortController();
    const groups = [
      shares(30, 5).map(([a, b]): Share => ({ name: `${a}`, make: () => partOf(volume, grid, a, b, -900) })),
    ];
    const picture = casters.cast({
      scene: sceneOf(geometry, EYES.front, true),
      shares: groups,
      signal: stop.signal,
    });
    stop.abort();
    expect(await picture).toBeNull();
  });
});

describe("the eye", () => {
  const letters = (eye: (typeof EYES)["front"]) => {
    const { top, right, bottom, left } = lettersOf(eye);
    return `${top} ${right} ${bottom} ${left}`;
  };

  it("sees the patient's left on the right from the front and from below, on the left from behind and above", () => {
    expect(letters(EYES.front)).toBe("H L F R");
    expect(letters(EYES.back)).toBe("H R F L");
    expect(letters(EYES.right)).toBe("H A F P");
    expect(letters(EYES.left)).toBe("H P F A");
    expect(letters(EYES.feet)).toBe("A L P R");
    expect(letters(EYES.head)).toBe("A R P L");
  });

  it("follows the hand: to the right shows the patient's right side, down shows the head", () => {
    const quarter = Math.PI / 2;
    expect(letters(turnedBy(EYES.front, quarter, 0))).toBe(letters(EYES.right));
    expect(letters(turnedBy(EYES.front, 2 * quarter, 0))).toBe(letters(EYES.back));
    expect(turnedBy(EYES.front, 0, quarter).forward.map((value) => Math.round(value) + 0)).toEqual([
      0, 0, -1,
    ]);
    expect(letters(rolledBy(EYES.front, quarter))).toBe("R H L F");
  });
});

describe("looks", () => {
  it("in HU are for CT only, the highest value for all", () => {
    expect(looksFor("CT").map(({ id }) => id)).toEqual(["mip", "bone", "soft", "lung", "vessels"]);
    expect(looksFor("MR").map(({ id }) => id)).toEqual(["mip", "mr"]);
  });

  it("give bone opacity and air none, moved and spread by a drag", () => {
    const bone = looksFor("CT").find(({ id }) => id === "bone");
    if (!bone) throw new Error("no bone");
    const opacityAt = (hu: number, shift = { by: 0, factor: 1 }) => {
      const table = transferOf(bone, { center: 40, width: 400 }, shift);
      if (!table) throw new Error("no table");
      const entries = table.rgba.length / 4;
      const entry = Math.round(((hu - table.lower) / (table.upper - table.lower)) * (entries - 1));
      return table.rgba[Math.min(entries - 1, Math.max(0, entry)) * 4 + 3] ?? 0;
    };
    expect(opacityAt(-1000)).toBe(0);
    expect(opacityAt(100)).toBe(0);
    expect(opacityAt(350)).toBeCloseTo(0.45, 2);
    expect(opacityAt(350, { by: 300, factor: 1 })).toBe(0);
    expect(opacityAt(2000)).toBeCloseTo(0.9, 2);
  });
});
