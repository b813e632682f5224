import { describe, expect, it } from "vitest";
import {
  pageSize,
  pagesOf,
  pixelsFor,
  planPage,
  range,
  trueSize,
  trueSizeBox,
  wholeNumber,
} from "../../src/print/plan.ts";

describe("which images", () => {
  it("takes every 5th of 180: 36 images that begin with the first", () => {
    const chosen = range(180, 1, 180, 5);
    expect(chosen).toHaveLength(36);
    expect(chosen.slice(0, 3)).toEqual([0, 5, 10]);
    expect(chosen.at(-1)).toBe(175);
  });

  it("takes all of a range, both ends included", () => {
    expect(range(10, 3, 6, 1)).toEqual([2, 3, 4, 5]);
  });

  it("takes a range that was written backwards, in reading order", () => {
    expect(range(10, 6, 3, 1)).toEqual([2, 3, 4, 5]);
  });

  it("takes nothing that is not there", () => {
    expect(range(5, 4, 90, 1)).toEqual([3, 4]);
    expect(range(5, 8, 90, 1)).toEqual([]);
    expect(range(0, 1, 1, 1)).toEqual([]);
  });

  it("reads numbers of fields as they are meant", () => {
    expect(wholeNumber("4", 1, 10, 1)).toBe(4);
    expect(wholeNumber("400", 1, 10, 1)).toBe(10);
    expect(wholeNumber("-3", 1, 10, 2)).toBe(1);
    expect(wholeNumber("", 1, 10, 2)).toBe(2);
    expect(wholeNumber("four", 1, 10, 2)).toBe(2);
  });
});

describe("pages", () => {
  it("puts 36 images of 4 × 5 on 2 pages, the second with 16", () => {
    const pages = pagesOf(range(180, 1, 180, 5), 20);
    expect(pages.map((page) => page.length)).toEqual([20, 16]);
  });

  it("has no page for no image", () => {
    expect(pagesOf([], 20)).toEqual([]);
  });

  it("knows paper upright and wide", () => {
    expect(pageSize({ paper: "A4", wide: false })).toEqual({ width: 210, height: 297 });
    expect(pageSize({ paper: "A4", wide: true })).toEqual({ width: 297, height: 210 });
    expect(pageSize({ paper: "A3", wide: false })).toEqual({ width: 297, height: 420 });
  });

  it("keeps images between head and foot, inside the margins", () => {
    const { cells, head, foot, width } = planPage({ paper: "A4", wide: false }, 4, 5, 20);
    expect(cells).toHaveLength(20);
    const [first, second] = cells;
    // (190 − 3 × 1.5) / 4 across; (279 − 30 − 4 × 1.5) / 5 down.
    expect(first).toEqual({ x: 10, y: 30, width: 46.375, height: 48.6 });
    expect(second?.x).toBeCloseTo(10 + 46.375 + 1.5, 9);
    const last = cells.at(-1);
    expect((last?.x ?? 0) + (last?.width ?? 0)).toBeCloseTo(width - 10, 9);
    expect((last?.y ?? 0) + (last?.height ?? 0)).toBeCloseTo(foot.y, 9);
    expect(head.y + head.height).toBe(30);
  });
});

describe("true size", () => {
  it("is columns and rows times their spacing", () => {
    const { width, height } = trueSize(512, 256, [0.9, 0.661468], 0);
    expect(width).toBeCloseTo(338.671616, 9);
    expect(height).toBeCloseTo(230.4, 9);
  });

  it("turns with the image", () => {
    expect(trueSize(100, 50, [1, 0.5], 90)).toEqual({ width: 50, height: 50 });
    expect(trueSize(100, 60, [1, 0.5], 270)).toEqual({ width: 60, height: 50 });
    expect(trueSize(100, 60, [1, 0.5], 180)).toEqual({ width: 50, height: 60 });
  });

  it("stands in the middle of its cell", () => {
    const cell = { x: 10, y: 30, width: 190, height: 240 };
    expect(trueSizeBox(cell, { width: 100, height: 80 })).toEqual({
      box: { x: 55, y: 110, width: 100, height: 80 },
      cut: false,
    });
  });

  it("is cut at the edges of a cell that is too small, and says so", () => {
    const cell = { x: 10, y: 30, width: 190, height: 240 };
    expect(trueSizeBox(cell, { width: 350, height: 200 })).toEqual({
      box: { x: 10, y: 50, width: 190, height: 200 },
      cut: true,
    });
  });

  it("counts dots: an inch at 200 is 200", () => {
    expect(pixelsFor(25.4, 200)).toBe(200);
    expect(pixelsFor(0, 200)).toBe(1);
  });
});
