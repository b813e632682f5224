/** Tests that the pixels of planes are the voxels themselves where they can be, and lie where they say. */
import { describe, expect, it } from "vitest";
import { describeVolume, type Geometry, middle } from "../../src/volume/geometry.ts";
import { pictureFrom } from "../../src/volume/picture.ts";
import { indexAt, pixelOf, planeGrid, pointOf, positionOf, samplesOf } from "../../src/volume/plane_grid.ts";
import { PATIENT_PLANES, planesThrough, rotated } from "../../src/volume/planes.ts";
import { mapped } from "../../src/volume/space.ts";
import { AXIAL, frames, type Shape } from "./phantom.ts";

function geometryOf(shape: Shape): Geometry {
  const described = describeVolume(frames(shape));
  if ("refusal" in described) throw new Error(described.refusal);
  return described.geometry;
}

const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(6)) + 0);

/** Square pixels of 0.5 mm, 2 mm apart. */
const SQUARE: Shape = { ...AXIAL, spacing: [0.5, 0.5, 2] };

describe("planeGrid", () => {
  const geometry = geometryOf(SQUARE);
  /** Column 8, row 6, slice 5. */
  const center = mapped(geometry.toPatient, [8, 6, 10]);

  it("is the stack itself in the plane of acquisition", () => {
    const grid = planeGrid(geometry, PATIENT_PLANES.axial, center);
    expect([grid.columns, grid.rows, grid.count, grid.pitch, grid.step]).toEqual([20, 16, 12, 0.5, 2]);
    // In reading order: from head to feet.
    expect(rounded(positionOf(grid, 0))).toEqual([-10, -20, 52]);
    expect(rounded(positionOf(grid, 6))).toEqual([-10, -20, 40]);
    expect(indexAt(grid, center)).toBe(6);
    expect(rounded(pixelOf(grid, center))).toEqual([8, 6]);
    const { origin, perColumn, perRow } = samplesOf(geometry, grid, 6);
    expect(rounded([...origin, ...perColumn, ...perRow])).toEqual([0, 0, 10, 1, 0, 0, 0, 1, 0]);
  });

  it("runs from head to feet in the coronal plane, one cut a row of voxels", () => {
    const grid = planeGrid(geometry, PATIENT_PLANES.coronal, center);
    // 24 mm in pixels of 0.5 mm; the first row is the uppermost one.
    expect([grid.columns, grid.rows, grid.count, grid.pitch, grid.step]).toEqual([20, 47, 16, 0.5, 0.5]);
    const [x, , z] = positionOf(grid, indexAt(grid, center));
    expect(rounded([x])).toEqual([-10]);
    expect(z).toBeGreaterThan(52);
    expect(rounded(pointOf(grid, indexAt(grid, center), pixelOf(grid, center)))).toEqual(rounded(center));
  });

  it("keeps the crosshair's centre on a pixel and on a cut, however it is turned", () => {
    const planes = rotated(rotated(planesThrough(center), "axial", 0.4), "sagittal", -0.7);
    for (const name of ["axial", "coronal", "sagittal"] as const) {
      const grid = planeGrid(geometry, planes.directions[name], center);
      const pixel = pixelOf(grid, center);
      expect(rounded(pixel)).toEqual(pixel.map(Math.round).map((value) => value + 0));
      const index = indexAt(grid, center);
      expect(rounded(pointOf(grid, index, pixel))).toEqual(rounded(center));
    }
  });

  it("covers the whole volume", () => {
    const grid = planeGrid(geometry, PATIENT_PLANES.sagittal, middle(geometry));
    expect(grid.count).toBeGreaterThanOrEqual(19);
    expect(grid.columns * grid.pitch).toBeGreaterThanOrEqual(15 * 0.5);
    expect(grid.rows * grid.pitch).toBeGreaterThanOrEqual(22);
  });
});

describe("pictureFrom", () => {
  const rescale = { slope: 1, intercept: -1024 };

  it("rounds whole values and keeps what is empty out of the picture", () => {
    const picture = pictureFrom(Float32Array.of(3.2, Number.NaN, 7.9, 5), 2, 2, rescale, true);
    expect([...picture.stored]).toEqual([3, -0x80000000, 8, 5]);
    expect([picture.min, picture.max]).toEqual([3, 8]);
    expect(picture.padding).toEqual([-0x80000000, -0x80000000]);
  });

  it("keeps fractions where the series has them", () => {
    const picture = pictureFrom(Float32Array.of(0.25, Number.NaN), 2, 1, rescale, false);
    expect(picture.stored[0]).toBe(0.25);
    expect(picture.stored[1]).toBeNaN();
  });
});
