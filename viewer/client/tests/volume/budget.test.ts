/** Tests what fits into memory, and what is said of what does not. */
import { describe, expect, it } from "vitest";
import {
  allowedOn,
  budgetOf,
  bytesInWords,
  bytesOf,
  bytesPerPixel,
  tooBig,
} from "../../src/volume/budget.ts";
import { AXIAL, frame, frames } from "./phantom.ts";

const DESK = { deviceMemory: 8, isHandheld: false };
const SLICE = { ...AXIAL, columns: 512, rows: 512 };

describe("the memory of a volume", () => {
  it("is one copy of the voxels: 555 slices of a CT are 291 MB", () => {
    const all = frames({ ...SLICE, slices: 555 });
    expect(budgetOf(all, DESK)).toEqual({ needed: 290_979_840, allowed: 1.2e9, reduction: 1 });
    expect(bytesInWords(290_979_840)).toBe("291 MB");
  });

  it("counts the bytes of a pixel, and numbers of 4 bytes where images are rescaled differently", () => {
    const bits = (value: number) => frame(AXIAL, [0, 0, 0], { "00280100": { vr: "US", Value: [value] } });
    expect([8, 16, 32].map((value) => bytesPerPixel(bits(value)))).toEqual([1, 2, 4]);
    const slope = (value: number) => frame(AXIAL, [0, 0, 0], { "00281053": { vr: "DS", Value: [value] } });
    expect(bytesOf([slope(0.25), slope(0.25)])).toBe(2 * 20 * 16 * 2);
    expect(bytesOf([slope(0.25), slope(0.5)])).toBe(2 * 20 * 16 * 6);
  });

  it("is less on small machines and on phones, and a sane cap where the browser says nothing", () => {
    expect(allowedOn(DESK)).toBe(1.2e9);
    expect(allowedOn({ deviceMemory: 2, isHandheld: false })).toBe(0.5e9);
    expect(allowedOn({ isHandheld: false })).toBe(1.2e9);
    expect(allowedOn({ deviceMemory: 8, isHandheld: true })).toBe(0.4e9);
  });

  it("is reduced to the finest part that fits, with the numbers in words", () => {
    const all = frames({ ...SLICE, slices: 3000 });
    const budget = budgetOf(all, DESK);
    expect(budget.reduction).toBe(2);
    expect(tooBig(all, budget)).toBe(
      "3000 images of 512 × 512 pixels need 1.6 GB of memory; this browser can give about 1.2 GB. " +
        "With 1 of 2 pixels they need 393 MB.",
    );
  });

  it("is refused where even the coarsest does not fit", () => {
    const all = frames({ ...AXIAL, columns: 4096, rows: 4096, slices: 900 });
    const budget = budgetOf(all, DESK);
    expect(budget.reduction).toBeNull();
    expect(tooBig(all, budget)).toContain("can be read one by one");
  });
});
