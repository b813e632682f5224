/** Tests how a volume fills: in which order, from what is there, and with what is missing. */
import { describe, expect, it } from "vitest";
import {
  coarseToFine,
  Filling,
  firstPass,
  type Progress,
  type Source,
  thinned,
} from "../../src/volume/filling.ts";
import { describeVolume, type Geometry } from "../../src/volume/geometry.ts";
import { valueAt } from "../../src/volume/reslice.ts";
import type { Pixels } from "../../src/volume/voxels.ts";
import { AXIAL, frames } from "./phantom.ts";

const SHAPE = { ...AXIAL, columns: 2, rows: 2, slices: 40 };

function geometry(): Geometry {
  const described = describeVolume(frames(SHAPE));
  if ("refusal" in described) throw new Error(described.refusal);
  return described.geometry;
}

const flat = (value: number): Pixels => Int16Array.from([value, value, value, value]);

class Images implements Source {
  readonly asked: number[] = [];
  readonly there = new Map<number, Pixels>();
  readonly broken = new Set<number>();
  refusal: unknown = null;
  isStopped = false;

  known(index: number): Pixels | null {
    return this.there.get(index) ?? null;
  }

  make(index: number): Pixels {
    return flat(index * 10);
  }

  bring(
    order: readonly number[],
    settled: (index: number, error?: unknown) => void,
    refused: (error: unknown) => void,
  ): () => void {
    void Promise.resolve().then(() => {
      if (this.refusal) refused(this.refusal);
      for (const index of order) {
        this.asked.push(index);
        if (this.broken.has(index)) settled(index, new Error("broken"));
        else {
          this.there.set(index, this.make(index));
          settled(index);
        }
      }
    });
    return () => {
      this.isStopped = true;
    };
  }
}

const turns = async () => {
  for (let turn = 0; turn < 500; turn += 1) await Promise.resolve();
};

describe("filling a volume", () => {
  it("takes both ends first, then every 16th, every 8th and so on, each once", () => {
    const order = coarseToFine(40);
    expect(order.slice(0, 8)).toEqual([0, 39, 16, 32, 8, 24, 4, 12]);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(firstPass(40)).toBe(4);
    expect(coarseToFine(0)).toEqual([]);
  });

  it("shows what is there early, with what lies between interpolated, and becomes exact", async () => {
    const images = new Images();
    for (const index of [0, 16, 32, 39]) images.there.set(index, flat(index * 10));
    const filling = new Filling(
      geometry(),
      images,
      () => {},
      () => {},
    );
    expect(filling.isPresentable).toBe(true);
    const early = filling.volume;
    // Slice 8 (16 mm) has not come: it is between 0 and 160.
    expect(early && valueAt(early, 0, 0, 16)).toBe(80);
    filling.start();
    await turns();
    expect(filling.progress).toEqual({ loaded: 40, failed: [], total: 40, isDone: true });
    expect(images.asked).not.toContain(16);
    const full = filling.volume;
    expect(full && valueAt(full, 0, 0, 14)).toBe(70);
  });

  it("leaves a hole where an image could not be had, and tells which", async () => {
    const images = new Images();
    images.broken.add(20);
    const seen: Progress[] = [];
    const filling = new Filling(
      geometry(),
      images,
      (progress) => seen.push(progress),
      () => {},
    );
    filling.start();
    await turns();
    expect(seen.at(-1)).toEqual({ loaded: 39, failed: [20], total: 40, isDone: true });
    const volume = filling.volume;
    expect(volume && valueAt(volume, 0, 0, 40)).toBeNaN();
    expect(volume && valueAt(volume, 0, 0, 42)).toBe(210);
  });

  it("ends at a failure after which all others would fail too", async () => {
    const images = new Images();
    images.refusal = new TypeError("refused");
    const ends: unknown[] = [];
    const filling = new Filling(
      geometry(),
      images,
      () => {},
      (error) => ends.push(error),
    );
    filling.start();
    await turns();
    expect(ends).toEqual([images.refusal]);
    expect(images.isStopped).toBe(true);
    expect(filling.volume).toBeNull();
  });

  it("counts an image of another size as failed", async () => {
    const images = new Images();
    images.make = () => new Int16Array(9);
    const filling = new Filling(
      geometry(),
      images,
      () => {},
      () => {},
    );
    filling.start();
    await turns();
    expect(filling.progress.failed).toHaveLength(40);
    expect(filling.volume).toBeNull();
  });
});

describe("a reduced volume", () => {
  it("takes every n-th pixel of rows and columns", () => {
    const pixels = Int16Array.from({ length: 15 }, (_, index) => index);
    expect([...thinned(pixels, 5, 3, 2)]).toEqual([0, 2, 4, 10, 12, 14]);
    expect([...thinned(pixels, 5, 3, 4)]).toEqual([0, 4]);
  });
});
