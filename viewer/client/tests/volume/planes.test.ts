/** Tests the three planes: what is left and right on them, how they turn, what they say. */
import { describe, expect, it } from "vitest";
import { cross, dot } from "../../src/dicom/geometry.ts";
import {
  lettersOf,
  lineOf,
  moved,
  nameOf,
  offsetOf,
  PATIENT_PLANES,
  PLANES,
  planesThrough,
  pointAt,
  positionOf,
  rotated,
} from "../../src/volume/planes.ts";

const AT = planesThrough([1, 2, 3]);

function rounded(values: readonly number[]): number[] {
  return values.map((value) => Number(value.toFixed(9)) + 0);
}

describe("the patient's own planes", () => {
  it("show the patient's right on the left, front on top and head on top", () => {
    expect(lettersOf(PATIENT_PLANES.axial)).toEqual({ top: "A", right: "L", bottom: "P", left: "R" });
    expect(lettersOf(PATIENT_PLANES.coronal)).toEqual({ top: "H", right: "L", bottom: "F", left: "R" });
    expect(lettersOf(PATIENT_PLANES.sagittal)).toEqual({ top: "H", right: "P", bottom: "F", left: "A" });
  });

  it("say their name and the one coordinate that they have", () => {
    expect(PLANES.map((name) => nameOf(AT, name))).toEqual(["Axial", "Coronal", "Sagittal"]);
    expect(PLANES.map((name) => positionOf(AT, name))).toEqual(["z 3.0 mm", "y 2.0 mm", "x 1.0 mm"]);
    const below = moved(AT, [0, 0, -520.84]);
    expect(positionOf(below, "axial")).toBe("z \u2212520.8 mm");
  });

  it("turn a place on the screen into a place in the patient and back", () => {
    expect(pointAt(AT, "coronal", 10, 20)).toEqual([11, 2, -17]);
    expect(offsetOf(AT, "coronal", [11, 2, -17])).toEqual([10, 20]);
    expect(pointAt(AT, "sagittal", 10, 20)).toEqual([1, 12, -17]);
  });

  it("cut each other in horizontal and vertical lines", () => {
    const level = (line: readonly [number, number]) => rounded(line.map(Math.abs));
    expect(level(lineOf(AT, "axial", "coronal"))).toEqual([1, 0]);
    expect(level(lineOf(AT, "axial", "sagittal"))).toEqual([0, 1]);
    expect(level(lineOf(AT, "coronal", "axial"))).toEqual([1, 0]);
    expect(level(lineOf(AT, "coronal", "sagittal"))).toEqual([0, 1]);
    expect(level(lineOf(AT, "sagittal", "axial"))).toEqual([1, 0]);
    expect(level(lineOf(AT, "sagittal", "coronal"))).toEqual([0, 1]);
  });
});

describe("planes that are turned", () => {
  const turned = rotated(AT, "axial", Math.PI / 6);

  it("leave the plane in which one turns, and its letters", () => {
    expect(turned.directions.axial).toEqual(AT.directions.axial);
    expect(nameOf(turned, "axial")).toBe("Axial");
  });

  it("turn the lines of the others clockwise on that plane", () => {
    // The coronal line ran to the right; after 30 degrees it runs to the right and down.
    const [x, y] = lineOf(turned, "axial", "coronal");
    expect(rounded([Math.abs(x), Math.abs(y)])).toEqual(rounded([Math.cos(Math.PI / 6), 0.5]));
    expect(x * y).toBeGreaterThan(0);
    // To the right on the coronal plane is now left and back: 30 degrees from L to P.
    expect(rounded(turned.directions.coronal.right)).toEqual(rounded([Math.cos(Math.PI / 6), 0.5, 0]));
    expect(rounded(turned.directions.coronal.down)).toEqual([0, 0, -1]);
    expect(lettersOf(turned.directions.coronal)).toEqual({ top: "H", right: "LP", bottom: "F", left: "RA" });
  });

  it("say that they are oblique and by how much", () => {
    expect(nameOf(turned, "coronal")).toBe("Coronal, oblique");
    expect(positionOf(turned, "coronal")).toBe("turned 30.0°");
    expect(positionOf(turned, "sagittal")).toBe("turned 30.0°");
  });

  it("stay perpendicular to each other however often they are turned", () => {
    let planes = AT;
    for (let time = 0; time < 300; time += 1) {
      planes = rotated(planes, PLANES[time % 3] ?? "axial", 0.37);
    }
    const { axial, coronal, sagittal } = planes.directions;
    for (const { right, down, normal } of [axial, coronal, sagittal]) {
      expect(dot(right, right)).toBeCloseTo(1, 9);
      expect(dot(right, down)).toBeCloseTo(0, 9);
      expect(dot(cross(right, down), normal)).toBeCloseTo(1, 9);
    }
    expect(dot(axial.normal, coronal.normal)).toBeCloseTo(0, 9);
    expect(dot(axial.normal, sagittal.normal)).toBeCloseTo(0, 9);
    expect(dot(coronal.normal, sagittal.normal)).toBeCloseTo(0, 9);
  });
});
