import { describe, expect, it } from "vitest";
import { nearest, Pace } from "../src/engine/chunks.ts";

const all = () => true;

describe("which frames come next", () => {
  it("are the nearest, of two as near the one ahead", () => {
    expect(nearest(4, 9, 4, all)).toEqual([4, 5, 3, 6]);
  });

  it("are none but those that are wanted", () => {
    expect(nearest(4, 9, 3, (index) => index !== 4 && index !== 3)).toEqual([5, 6, 2]);
  });

  it("end with the series", () => {
    expect(nearest(0, 3, 10, all)).toEqual([0, 1, 2]);
    expect(nearest(2, 3, 10, all)).toEqual([2, 1, 0]);
    expect(nearest(0, 3, 0, all)).toEqual([]);
  });
});

describe("the size of bundles", () => {
  it("grows while frames come quickly, to sixteen at most", () => {
    const pace = new Pace();
    const sizes = [pace.size];
    for (let bundle = 0; bundle < 4; bundle += 1) {
      pace.note(pace.size, pace.size * 5);
      sizes.push(pace.size);
    }
    expect(sizes).toEqual([4, 8, 16, 16, 16]);
    expect(pace.atOnce).toBe(4);
  });

  it("is one frame at a time over a slow line", () => {
    const pace = new Pace();
    pace.note(4, 22_000);
    expect([pace.size, pace.atOnce]).toEqual([1, 1]);
  });

  it("aims at less than half a second", () => {
    const pace = new Pace();
    pace.note(4, 400);
    expect([pace.size, pace.atOnce]).toEqual([4, 3]);
    pace.note(4, 800);
    expect([pace.size, pace.atOnce]).toEqual([2, 2]);
  });

  it("learns nothing from a bundle that gave way at once", () => {
    const pace = new Pace();
    pace.note(0, 5);
    expect(pace.size).toBe(4);
  });
});
