/** Tests the greys of values through a window. */
import { describe, expect, it } from "vitest";
import { shade } from "../../src/volume/shade.ts";

function greys(values: number[], more: Partial<Parameters<typeof shade>[1]> = {}): number[] {
  const picture = new Uint32Array(values.length);
  shade(
    Float32Array.from(values),
    { window: { center: 40, width: 401 }, voi: "LINEAR", isInverted: false, ...more },
    picture,
  );
  return [...new Uint8Array(picture.buffer)].filter((_, index) => index % 4 === 0);
}

describe("shade", () => {
  it("maps the window as PS3.3 C.11.2.1.2.1 says: (x − (c − 0.5)) / (w − 1) + 0.5", () => {
    // −160.5 is black, 239.5 white, 39.5 in the middle.
    expect(greys([-1000, -160.5, 39.5, 239.5, 3000])).toEqual([0, 0, 128, 255, 255]);
    const expected = Math.round(((100 - 39.5) / 400 + 0.5) * 255);
    expect(Math.abs((greys([100])[0] ?? 0) - expected)).toBeLessThanOrEqual(1);
  });

  it("exchanges black and white of negatives, but not of what lies outside", () => {
    expect(greys([-1000, 3000, Number.NaN], { isInverted: true })).toEqual([255, 0, 0]);
  });

  it("follows a sigmoid where the data set asks for it", () => {
    const window = { center: 0, width: 200 };
    const [low, middle, high] = greys([-50, -0.5, 50], { window, voi: "SIGMOID" });
    expect(middle).toBe(128);
    expect(low).toBeCloseTo(255 / (1 + Math.exp(1)), -1);
    expect(high).toBeCloseTo(255 / (1 + Math.exp(-1)), -1);
  });
});
