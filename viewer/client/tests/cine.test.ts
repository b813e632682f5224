import { describe, expect, it } from "vitest";
import { following, loadedRuns, ratesWith } from "../src/page/cine.ts";

describe("cine", () => {
  it("offers the data's own rate among the usual ones", () => {
    expect(ratesWith(12.6)).toContain(13);
    expect(ratesWith(400)).toEqual(ratesWith(null));
    expect(ratesWith(null)).toEqual([...ratesWith(null)].sort((a, b) => a - b));
  });

  it("goes on to the next image, and from the last to the first only in a loop", () => {
    expect(following(3, 10, true)).toBe(4);
    expect(following(9, 10, true)).toBe(0);
    expect(following(9, 10, false)).toBeNull();
    expect(following(0, 1, true)).toBeNull();
  });

  it("shows on the slider which parts are loaded", () => {
    expect(loadedRuns(new Set([4, 5, 6, 0]), 10)).toEqual([
      [0, 0.1],
      [0.4, 0.7],
    ]);
    expect(loadedRuns(new Set(), 10)).toEqual([]);
  });
});
