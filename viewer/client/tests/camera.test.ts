import { describe, expect, it } from "vitest";
import {
  affineOf,
  apply,
  FITTED,
  type ImageShape,
  inverse,
  type Point,
  zoomedAt,
} from "../src/engine/camera.ts";

const image: ImageShape = { columns: 100, rows: 50, aspect: 1 };
const viewport = { width: 400, height: 400 };
const corner: Point = [-0.5, -0.5];

function near([x, y]: Point, [toX, toY]: Point): void {
  expect(x).toBeCloseTo(toX, 9);
  expect(y).toBeCloseTo(toY, 9);
}

describe("an image on the screen", () => {
  it("fits, in the middle", () => {
    const affine = affineOf(image, viewport, FITTED);
    near(apply(affine, corner), [0, 100]);
    near(apply(affine, [99.5, 49.5]), [400, 300]);
  });

  it("has tall pixels where the spacing says so", () => {
    const affine = affineOf({ ...image, aspect: 2 }, viewport, FITTED);
    near(apply(affine, corner), [0, 0]);
    near(apply(affine, [99.5, 49.5]), [400, 400]);
  });

  it("turns clockwise: the first pixel goes to the top right", () => {
    const affine = affineOf(image, viewport, { ...FITTED, rotation: 90 });
    near(apply(affine, corner), [300, 0]);
    near(apply(affine, [99.5, -0.5]), [300, 400]);
  });

  it("is mirrored left to right", () => {
    near(apply(affineOf(image, viewport, { ...FITTED, flipped: true }), corner), [400, 100]);
  });

  it("is mapped back exactly", () => {
    const affine = affineOf(image, viewport, { zoom: 1.7, pan: [3, -8], rotation: 90, flipped: true });
    near(apply(inverse(affine), apply(affine, [12.25, 33.5])), [12.25, 33.5]);
  });

  it("zooms about a point, which keeps its place", () => {
    const before = affineOf(image, viewport, FITTED);
    const placement = zoomedAt(image, viewport, FITTED, 2.5, [120, 260]);
    const pixel = apply(inverse(before), [120, 260]);
    near(apply(affineOf(image, viewport, placement), pixel), [120, 260]);
    expect(placement.zoom).toBe(2.5);
  });
});
