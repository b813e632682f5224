import { describe, expect, it } from "vitest";
import { handlesOf, moved, simplified, squared, withHandle } from "../src/measure/edit.ts";
import { hitAt, MOUSE_REACH, type OnScreen } from "../src/measure/hit.ts";
import { boxAround, overlap, placePlate } from "../src/measure/label.ts";
import type { Mark, Point } from "../src/measure/marks.ts";
import { comparable, earlierOf } from "../src/measure/prior.ts";
import { distance } from "../src/measure/shapes.ts";

const SQUARE = { x: 1, y: 1 };
const TALL = { x: 0.25, y: 0.5 };

describe("a handle that is moved", () => {
  it("moves its end of a line alone", () => {
    const line: Point[] = [
      [0, 0],
      [10, 0],
    ];
    expect(withHandle("line", line, 1, [10, 5], SQUARE)).toEqual([
      [0, 0],
      [10, 5],
    ]);
    expect(moved(line, 1, 2)).toEqual([
      [1, 2],
      [11, 2],
    ]);
  });

  it("keeps the opposite corner of a rectangle", () => {
    const rectangle: Point[] = [
      [0, 0],
      [10, 6],
    ];
    expect(handlesOf("rectangle", rectangle)).toEqual([
      [0, 0],
      [10, 0],
      [10, 6],
      [0, 6],
    ]);
    expect(withHandle("rectangle", rectangle, 1, [12, -1], SQUARE)).toEqual([
      [0, 6],
      [12, -1],
    ]);
  });

  it("moves a circle by its centre, and sizes it by its edge", () => {
    const circle: Point[] = [
      [5, 5],
      [8, 5],
    ];
    expect(withHandle("circle", circle, 0, [6, 7], SQUARE)).toEqual([
      [6, 7],
      [9, 7],
    ]);
    expect(withHandle("circle", circle, 1, [5, 9], SQUARE)).toEqual([
      [5, 5],
      [5, 9],
    ]);
  });

  it("keeps a closed curve closed", () => {
    const curve: Point[] = [
      [0, 0],
      [10, 0],
      [10, 10],
      [0, 0],
    ];
    expect(handlesOf("curve", curve)).toHaveLength(3);
    const changed = withHandle("curve", curve, 0, [1, 1], SQUARE);
    expect(changed[0]).toEqual([1, 1]);
    expect(changed.at(-1)).toEqual([1, 1]);
  });

  it("turns the short axis of a diameter with the long one, at its length", () => {
    const diameter: Point[] = [
      [0, 0],
      [10, 0],
      [5, -2],
      [5, 3],
    ];
    const turned = withHandle("diameter", diameter, 1, [0, 10], SQUARE);
    expect(turned[2]?.[0]).toBeCloseTo(2, 12);
    expect(turned[2]?.[1]).toBeCloseTo(5, 12);
    expect(turned[3]?.[0]).toBeCloseTo(-3, 12);
    const [, , c, d] = withHandle("diameter", diameter, 1, [40, 40], TALL);
    expect(distance(c ?? [0, 0], d ?? [0, 0], TALL)).toBeCloseTo(2.5, 12);
  });

  it("keeps the short axis at a right angle to the long one", () => {
    const diameter: Point[] = [
      [0, 0],
      [10, 0],
      [5, -2],
      [5, 3],
    ];
    expect(withHandle("diameter", diameter, 3, [7, 4], SQUARE)).toEqual([
      [0, 0],
      [10, 0],
      [7, -2],
      [7, 4],
    ]);
    const long: [Point, Point] = [
      [0, 0],
      [10, 10],
    ];
    const [x, y] = squared(long, [5, 5], [8, 0], SQUARE);
    expect(x).toBeCloseTo(9, 12);
    expect(y).toBeCloseTo(1, 12);
  });
});

describe("a line drawn by hand", () => {
  it("keeps the points that it needs", () => {
    const drawn = Array.from({ length: 50 }, (_, index): Point => [index, index < 25 ? 0 : index - 25]);
    const few = simplified(drawn, 0.5);
    expect(few.length).toBeLessThan(5);
    expect(few[0]).toEqual([0, 0]);
    expect(few.at(-1)).toEqual([49, 24]);
  });
});

describe("a press", () => {
  const line = (id: string, y: number): OnScreen => ({
    id,
    handles: [
      [0, y],
      [100, y],
    ],
    paths: [
      [
        [0, y],
        [100, y],
      ],
    ],
  });

  it("takes a handle before a line, and nothing out of reach", () => {
    const marks = [line("a", 0)];
    expect(hitAt([97, 3], marks, null, MOUSE_REACH)).toEqual({ id: "a", handle: 1 });
    expect(hitAt([50, 5], marks, null, MOUSE_REACH)).toEqual({ id: "a", handle: null });
    expect(hitAt([50, 12], marks, null, MOUSE_REACH)).toBeNull();
  });

  it("takes the selected mark where two are equally near", () => {
    const marks = [line("a", 0), line("b", 0)];
    expect(hitAt([50, 0], marks, "b", MOUSE_REACH)?.id).toBe("b");
    expect(hitAt([0, 0], marks, null, MOUSE_REACH)?.id).toBe("a");
  });
});

describe("a plate", () => {
  const size = { width: 80, height: 24 };
  const viewport = { width: 600, height: 400 };

  it("stands off the mark, up and to the left", () => {
    const shape = boxAround(
      [
        [300, 200],
        [340, 220],
      ],
      8,
    );
    const plate = placePlate(shape, size, viewport, []);
    expect(overlap(plate, shape)).toBe(0);
    expect(plate).toEqual({ x: 292 - 28 - 80, y: 192 - 28 - 24, ...size });
  });

  it("stays inside the viewport and off other plates, wherever the mark is", () => {
    for (const [x, y] of [
      [5, 5],
      [595, 5],
      [5, 395],
      [595, 395],
      [300, 5],
    ] as const) {
      const shape = boxAround([[x, y]], 10);
      const first = placePlate(shape, size, viewport, []);
      const second = placePlate(shape, size, viewport, [first]);
      for (const plate of [first, second]) {
        expect(plate.x).toBeGreaterThanOrEqual(0);
        expect(plate.y).toBeGreaterThanOrEqual(0);
        expect(plate.x + plate.width).toBeLessThanOrEqual(600);
        expect(plate.y + plate.height).toBeLessThanOrEqual(400);
        expect(overlap(plate, shape)).toBe(0);
      }
      expect(overlap(first, second)).toBe(0);
    }
  });
});

describe("a comparison with an earlier study", () => {
  const mark = (text: string): Mark => ({
    id: text,
    kind: "line",
    seriesUid: "1",
    sopInstanceUid: "1",
    frameNumber: 1,
    points: [],
    text,
    values: {},
    author: { name: "", isMe: true },
    version: 1,
    createdAt: "",
    changedAt: "",
  });
  const length = (value: number, unit: "mm" | "px" = "mm") =>
    ({ kind: "length", length: { value, unit, plane: null } }) as const;
  const priors = [{ mark: mark("Nodule,  RIGHT upper lobe"), measured: length(10.8), date: "3 May 2026" }];

  it("is made with the mark of the same label", () => {
    const found = earlierOf(mark("nodule, right upper lobe"), length(19.5), priors);
    expect(found).toEqual({ words: "was 10.8 mm on 3 May 2026", change: "grown" });
    expect(earlierOf(mark("nodule, right upper lobe"), length(10.82), priors)?.change).toBe("same");
  });

  it("is not made without a label, with another one, or in pixels", () => {
    expect(earlierOf(mark(""), length(19.5), priors)).toBeNull();
    expect(earlierOf(mark("Mass"), length(19.5), priors)).toBeNull();
    expect(earlierOf(mark("nodule, right upper lobe"), length(19.5, "px"), priors)).toBeNull();
    expect(comparable({ kind: "nothing" })).toBeNull();
  });
});
