import { describe, expect, it } from "vitest";
import { wheelRest } from "../src/tools/wheel.ts";

describe("the wheel", () => {
  const turned = (deltas: number[], deltaMode = 0) => {
    let rest = 0;
    return deltas.map((deltaY) => {
      rest = wheelRest(rest, { deltaY, deltaMode });
      const images = Math.trunc(rest);
      rest -= images;
      return images + 0;
    });
  };

  it("is one image a notch, however far a browser says the notch is", () => {
    expect(turned([120, 100, -53, -120])).toEqual([1, 1, -1, -1]);
    expect(turned([3, -3], 1)).toEqual([1, -1]);
  });

  it("is one image for 40 px of a touchpad", () => {
    expect(turned([10, 10, 10, 10, 10])).toEqual([0, 0, 0, 1, 0]);
  });

  it("turns at once, without first taking back what was turned before", () => {
    expect(turned([30, -20, -20])).toEqual([0, 0, -1]);
  });
});
