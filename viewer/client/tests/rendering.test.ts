import { describe, expect, it } from "vitest";
import type { GreyPicture, Values } from "../src/engine/picture.ts";
import { draw, negative, windowShading } from "../src/engine/rendering.ts";

function grey(stored: Values, more: Partial<GreyPicture> = {}): GreyPicture {
  const values = [...stored];
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const rescale = { slope: 1, intercept: 0 };
  return { kind: "grey", rows: 1, columns: stored.length, stored, rescale, min, max, padding: null, ...more };
}

function shades(
  picture: Parameters<typeof draw>[0],
  shading = windowShading({ center: 50, width: 101 }, "LINEAR"),
) {
  const out = new Uint32Array(picture.columns * picture.rows);
  draw(picture, shading, false, out);
  return [...new Uint8Array(out.buffer)].filter((_, index) => index % 4 === 0);
}

describe("shades", () => {
  it("go from black to white through the window (PS3.3 C.11.2.1.2.1)", () => {
    // Centre 50 and width 101 put black at -0.5 and white at 99.5.
    const values = Int16Array.of(-10, 0, 50, 100);
    expect(shades(grey(values))).toEqual([0, 1, 129, 255]);
  });

  it("follow LINEAR_EXACT and SIGMOID", () => {
    expect(windowShading({ center: 50, width: 100 }, "LINEAR_EXACT")(50)).toBeCloseTo(127.5, 9);
    expect(windowShading({ center: 50, width: 100 }, "SIGMOID")(50)).toBe(127.5);
    expect(windowShading({ center: 50, width: 100 }, "SIGMOID")(100)).toBeCloseTo(
      255 / (1 + Math.exp(-2)),
      9,
    );
  });

  it("are those of the modality's values, not of the stored ones", () => {
    const rescale = { slope: 1, intercept: -1024 };
    expect(shades(grey(Uint16Array.of(1024, 1124), { rescale }))).toEqual([1, 255]);
  });

  it("are black in padding, also of a negative", () => {
    const picture = grey(Int16Array.of(-2000, 40), { padding: [-2000, -1500] });
    const inverted = negative(windowShading({ center: 50, width: 101 }, "LINEAR"));
    expect(shades(picture, inverted)).toEqual([0, 152]);
  });

  it("give way to colours from the first value of a supplemental palette on", () => {
    const colors = { first: 60, rgb: new Uint8Array([1, 2, 3, 4, 5, 6]) };
    const out = new Uint32Array(3);
    draw(
      grey(Int16Array.of(50, 60, 99), { colors }),
      windowShading({ center: 50, width: 101 }, "LINEAR"),
      false,
      out,
    );
    expect([...new Uint8Array(out.buffer)]).toEqual([129, 129, 129, 255, 1, 2, 3, 255, 4, 5, 6, 255]);
  });

  it("exist for fractions and for what is no number", () => {
    expect(shades(grey(Float32Array.of(49.75, Number.NaN, 1e9), { min: 0, max: 1e9 }))).toEqual([
      128, 0, 255,
    ]);
  });

  it("of colours are the colours", () => {
    const out = new Uint32Array(2);
    draw({ kind: "color", rows: 1, columns: 2, rgb: Uint8Array.of(1, 2, 3, 250, 0, 9) }, () => 0, false, out);
    expect([...new Uint8Array(out.buffer)]).toEqual([1, 2, 3, 255, 250, 0, 9, 255]);
    draw({ kind: "color", rows: 1, columns: 2, rgb: Uint8Array.of(1, 2, 3, 250, 0, 9) }, () => 0, true, out);
    expect([...new Uint8Array(out.buffer)].slice(0, 4)).toEqual([254, 253, 252, 255]);
  });
});
