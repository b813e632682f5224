import { describe, expect, it } from "vitest";
import type { Point } from "../src/measure/marks.ts";
import {
  angle,
  cobbAngle,
  distance,
  pathLength,
  paths,
  polygonArea,
  radii,
  rowsOf,
  smooth,
  spansOf,
} from "../src/measure/shapes.ts";

const SQUARE = { x: 1, y: 1 };
/** Rows twice as far apart as columns. */
const TALL = { x: 0.25, y: 0.5 };

describe("lengths", () => {
  it("are those of Pythagoras, by columns and rows", () => {
    expect(distance([10, 20], [13, 24], SQUARE)).toBe(5);
    // 12 columns of 0.25 mm and 8 rows of 0.5 mm: 3 and 4 mm.
    expect(distance([0, 0], [12, 8], TALL)).toBe(5);
  });

  it("of a path are the sum of its pieces", () => {
    const path: Point[] = [
      [0, 0],
      [3, 4],
      [3, 10],
    ];
    expect(pathLength(path, SQUARE)).toBe(11);
    expect(pathLength(path, TALL)).toBeCloseTo(Math.hypot(0.75, 2) + 3, 12);
  });
});

describe("angles", () => {
  it("of three points are taken at the middle one", () => {
    const right: [Point, Point, Point] = [
      [10, 0],
      [0, 0],
      [0, 10],
    ];
    expect(angle(right, SQUARE)).toBeCloseTo(90, 12);
    const wide: [Point, Point, Point] = [
      [-1, 1],
      [0, 0],
      [1, 0],
    ];
    expect(angle(wide, SQUARE)).toBeCloseTo(135, 12);
  });

  it("are those in the patient where pixels are not square", () => {
    // One column of 0.25 mm to one row of 0.5 mm: atan(2) to the row's direction.
    const points: [Point, Point, Point] = [
      [1, 0],
      [0, 0],
      [1, 1],
    ];
    expect(angle(points, TALL)).toBeCloseTo(63.43494882292201, 10);
  });

  it("of Cobb do not depend on the way in which a line was drawn", () => {
    const flat: [Point, Point] = [
      [0, 0],
      [10, 0],
    ];
    // 4 down on 3 across: 53.13 degrees.
    expect(cobbAngle([...flat, [0, 50], [3, 54]], SQUARE)).toBeCloseTo(53.13010235415598, 10);
    expect(cobbAngle([...flat, [3, 54], [0, 50]], SQUARE)).toBeCloseTo(53.13010235415598, 10);
    expect(cobbAngle([...flat, [0, 50], [10, 50]], SQUARE)).toBe(0);
  });
});

describe("areas", () => {
  it("of polygons are those of the shoelace formula", () => {
    const triangle: Point[] = [
      [0, 0],
      [10, 0],
      [0, 6],
    ];
    expect(polygonArea(triangle, SQUARE)).toBe(30);
    expect(polygonArea([...triangle].reverse(), TALL)).toBe(3.75);
  });

  it("of a circle in pixels that are not square: it is round in the patient", () => {
    const circle: [Point, Point] = [
      [50, 50],
      [70, 50],
    ];
    // 20 columns of 0.25 mm: a radius of 5 mm, which are 10 rows.
    expect(radii(circle, TALL)).toEqual([20, 10]);
  });
});

describe("a smooth curve", () => {
  const points: Point[] = [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
  ];

  it("passes through all of its points, and ends at the last", () => {
    const path = smooth(points);
    expect(path[0]).toEqual([0, 0]);
    expect(path[16]).toEqual([10, 0]);
    expect(path[32]).toEqual([10, 10]);
    expect(path.at(-1)).toEqual([0, 10]);
  });

  it("through points of a straight line is that line", () => {
    const path = smooth([
      [0, 0],
      [4, 4],
      [8, 8],
    ]);
    expect(pathLength(path, SQUARE)).toBeCloseTo(8 * Math.SQRT2, 10);
  });

  it("through sixteen points of a circle encloses the circle's area within a thousandth", () => {
    const around = Array.from({ length: 16 }, (_, index): Point => {
      const turn = (index * Math.PI) / 8;
      return [30 * Math.cos(turn), 30 * Math.sin(turn)];
    });
    const [first] = around;
    const path = smooth([...around, first ?? [0, 0]]);
    const share = polygonArea(path.slice(0, -1), SQUARE) / (Math.PI * 900);
    expect(Math.abs(share - 1)).toBeLessThan(0.001);
    const lengths = pathLength(path, SQUARE) / (2 * Math.PI * 30);
    expect(Math.abs(lengths - 1)).toBeLessThan(0.001);
  });
});

describe("pixels inside", () => {
  const inside = (figure: "circle" | "rectangle" | "curve", points: readonly Point[], grid = SQUARE) => {
    const spans = spansOf(figure, points, grid);
    const [top, bottom] = rowsOf(figure, points, grid);
    const found: string[] = [];
    for (let row = top; row <= bottom; row += 1) {
      for (const [from, to] of spans(row)) {
        for (let column = from; column <= to; column += 1) found.push(`${column},${row}`);
      }
    }
    return found;
  };

  it("of a circle are those whose centres lie in it, or on it", () => {
    const found = inside("circle", [
      [2, 2],
      [3, 2],
    ]);
    expect(found).toEqual(["2,1", "1,2", "2,2", "3,2", "2,3"]);
    const wide = inside("circle", [
      [2, 2],
      [3.5, 2],
    ]);
    expect(wide).toHaveLength(9);
  });

  it("of a circle reach over fewer rows where rows are far apart", () => {
    const found = inside(
      "circle",
      [
        [10, 10],
        [14, 10],
      ],
      TALL,
    );
    // Radius 1 mm: rows 8 to 12, of which 10 has columns 6 to 14.
    expect(found.filter((pixel) => pixel.endsWith(",10"))).toHaveLength(9);
    expect(found.filter((pixel) => pixel.endsWith(",8"))).toEqual(["10,8"]);
    expect(found.filter((pixel) => pixel.endsWith(",7"))).toEqual([]);
  });

  it("of a rectangle are those between its corners, whichever was first", () => {
    const found = inside("rectangle", [
      [3.4, 2.2],
      [0.6, 0.8],
    ]);
    expect(found).toEqual(["1,1", "2,1", "3,1", "1,2", "2,2", "3,2"]);
  });

  it("of a closed curve with a notch leave the notch out", () => {
    const u: Point[] = [
      [0, 0],
      [20, 0],
      [20, 20],
      [14, 20],
      [14, 8],
      [6, 8],
      [6, 20],
      [0, 20],
      [0, 0],
    ];
    const found = inside("curve", u);
    expect(found).toContain("3,15");
    expect(found).toContain("17,15");
    expect(found).not.toContain("10,15");
  });
});

describe("the lines of a figure", () => {
  it("are two of a Cobb angle, and as many of a diameter as were drawn", () => {
    const points: Point[] = [
      [0, 0],
      [1, 0],
      [0, 5],
      [1, 5],
    ];
    expect(paths("cobb", points, SQUARE)).toHaveLength(2);
    expect(paths("diameter", points.slice(0, 2), SQUARE)).toHaveLength(1);
  });
});
