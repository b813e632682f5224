/** Tests what of the crosshair lies under the pointer. */
import { describe, expect, it } from "vitest";
import { angleOf, type Cross, gripAt, handleDistance, handlesOf } from "../../src/volume/crosshair.ts";

const CROSS: Cross = {
  center: [200, 150],
  lines: [
    { plane: "coronal", way: [1, 0] },
    { plane: "sagittal", way: [0, 1] },
  ],
};

describe("the crosshair", () => {
  it("has its handles on both sides of the centre, within the viewport", () => {
    expect(handleDistance(600, 400)).toBe(144);
    expect(handleDistance(80, 60)).toBe(40);
    expect(handlesOf(CROSS, CROSS.lines[0] ?? { plane: "axial", way: [0, 0] }, 100)).toEqual([
      [300, 150],
      [100, 150],
    ]);
  });

  it("is taken by its centre, by its handles, and nowhere else", () => {
    expect(gripAt(CROSS, [205, 148], 100, 10)).toEqual({ kind: "center" });
    expect(gripAt(CROSS, [200, 252], 100, 10)).toEqual({ kind: "turn", from: Math.PI / 2 });
    expect(gripAt(CROSS, [95, 150], 100, 10)).toEqual({ kind: "turn", from: Math.PI });
    expect(gripAt(CROSS, [250, 150], 100, 10)).toBeNull();
    expect(gripAt(CROSS, [270, 220], 100, 10)).toBeNull();
  });

  it("counts angles clockwise on the screen", () => {
    expect(angleOf(CROSS, [210, 150])).toBe(0);
    expect(angleOf(CROSS, [200, 160])).toBe(Math.PI / 2);
  });
});
