/** Tests places and planes in the patient against values computed by hand. */
import { describe, expect, it } from "vitest";
import { cut, nearestTo, type Plane, pixelAt, planeOf, pointAt, stackOf } from "../../src/layout/space.ts";
import { AXIAL, axial, CORONAL, film, series } from "./slices.ts";

function only(frames: ReturnType<typeof series>): Plane {
  const [frame] = frames;
  const plane = frame && planeOf(frame);
  if (!plane) throw new Error("no plane");
  return plane;
}

/** x from −100 to 99.5 in steps of 0.5; y from −120 to 119.2 in steps of 0.8; z is 50. */
const SLICE = only(
  series({ orientation: AXIAL, positions: [[-100, -120, 50]], spacing: [0.8, 0.5], rows: 300, columns: 400 }),
);

/** x from −90 to 90 in steps of 1; z from 100 down to −100 in steps of 2; y is 0. */
const FRONT = only(
  series({ orientation: CORONAL, positions: [[-90, 0, 100]], spacing: [2, 1], rows: 101, columns: 181 }),
);

function expectLine(line: ReturnType<typeof cut>, expected: readonly (readonly [number, number])[]): void {
  const ends = [...(line ?? [])].sort(([a], [b]) => a - b);
  expect(ends).toHaveLength(2);
  ends.forEach(([x, y], at) => {
    expect(x).toBeCloseTo(expected[at]?.[0] ?? Number.NaN, 3);
    expect(y).toBeCloseTo(expected[at]?.[1] ?? Number.NaN, 3);
  });
}

describe("places in the patient", () => {
  it("are those of pixels, by spacing and direction", () => {
    expect(pointAt(SLICE, [10, 20])).toEqual([-95, -104, 50]);
    expect(pointAt(FRONT, [10, 20])).toEqual([-80, 0, 60]);
    expect(pixelAt(SLICE, [-95, -104, 12])).toEqual([10, 20]);
  });

  it("are not known of images without frame of reference, spacing or position", () => {
    expect(film(2).map(planeOf)).toEqual([null, null]);
    expect(axial([0], { frameOfReference: "" }).map(planeOf)).toEqual([null]);
    expect(axial([0], { spacing: [0, 0] }).map(planeOf)).toEqual([null]);
  });

  it("are never shared by two patients, whatever their frames of reference claim", () => {
    expect(only(axial([0], { patient: "P2" })).space).not.toBe(only(axial([0])).space);
  });
});

describe("reference lines", () => {
  it("lie where the slice at z 50 cuts the front: row 25 of it, across its whole width", () => {
    expectLine(cut(SLICE, FRONT), [
      [-0.5, 25],
      [180.5, 25],
    ]);
  });

  it("end where the other image ends: the front reaches from x −90.5 to 90.5", () => {
    expectLine(cut(FRONT, SLICE), [
      [19, 150],
      [381, 150],
    ]);
  });

  it("run obliquely where the plane is oblique", () => {
    const half = Math.SQRT1_2;
    const oblique = only(
      series({ orientation: [half, half, 0, 0, 0, -1], positions: [[0, 0, 60]], rows: 21, columns: 101 }),
    );
    // From −0.5 to 100.5 mm along the diagonal: x and y from −0.35355 to 71.06423.
    expectLine(cut(oblique, SLICE), [
      [199.2929, 149.5581],
      [342.1285, 238.8303],
    ]);
  });

  it("are absent between parallel planes, other spaces, and images that do not meet", () => {
    expect(cut(SLICE, only(axial([0])))).toBeNull();
    const elsewhere = series({
      orientation: CORONAL,
      positions: [[-90, 0, 100]],
      frameOfReference: "2.25.2",
    });
    expect(cut(SLICE, only(elsewhere))).toBeNull();
    const below = series({ orientation: CORONAL, positions: [[-90, 0, 49]], spacing: [1, 1], rows: 50 });
    expect(cut(SLICE, only(below))).toBeNull();
    expect(cut(SLICE, only(series({ orientation: CORONAL, positions: [[-90, 300, 100]] })))).toBeNull();
  });
});

describe("the image of a stack nearest to a place", () => {
  const stack = stackOf(axial([-20, -10, -5, 0]));

  it("counts from head to feet, with the usual step", () => {
    expect(stack?.places.map((place) => place + 0)).toEqual([0, 5, 10, 20]);
    expect(stack?.step).toBe(5);
  });

  it("is there within half a step, and not beyond", () => {
    if (!stack) throw new Error("no stack");
    expect(nearestTo(stack, 12.5, 0)).toEqual({ index: 2, here: true });
    expect(nearestTo(stack, 12.6, 0)).toEqual({ index: 2, here: false });
    expect(nearestTo(stack, 15.1, 0)).toEqual({ index: 3, here: false });
    expect(nearestTo(stack, -2.5, 3)).toEqual({ index: 0, here: true });
    expect(nearestTo(stack, 22.6, 0)).toEqual({ index: 3, here: false });
  });

  it("is, of several at one place, the one next to what is shown", () => {
    const phases = stackOf(axial([0, 0, 0, -5, -5, -5]));
    if (!phases) throw new Error("no stack");
    expect(nearestTo(phases, 5, 5)).toEqual({ index: 5, here: true });
    expect(nearestTo(phases, 5, 0)).toEqual({ index: 3, here: true });
  });
});
