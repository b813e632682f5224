import { describe, expect, it } from "vitest";
import { flagsOf } from "../src/dicom/flags.ts";
import { framesFrom, slice } from "./object_samples.ts";

const at = (...places: number[]) => framesFrom(...places.map((z, index) => slice(`1.${index}`, z)));

describe("a stack of slices", () => {
  it("without oddities has no flags", () => {
    expect(flagsOf(at(0, 1, 2, 3, 4))).toEqual([]);
    expect(flagsOf(at(0, 1.0005, 2, 3.0009, 4))).toEqual([]);
    expect(flagsOf(at(7))).toEqual([]);
  });

  it("tells how many slices are missing and after which image", () => {
    // Read from the head down: 9, 8, 7, 5, 4, ...
    expect(flagsOf(at(0, 1, 2, 3, 4, 5, 7, 8, 9))).toEqual([{ kind: "missing", count: 1, after: 3 }]);
    expect(flagsOf(at(0, 2.5, 5, 7.5, 15, 17.5))).toEqual([{ kind: "missing", count: 2, after: 2 }]);
  });

  it("of uneven distances says the least and the greatest", () => {
    expect(flagsOf(at(0, 1, 2, 3.3, 4.3))).toEqual([
      { kind: "uneven", least: expect.closeTo(1, 9), greatest: expect.closeTo(1.3, 9) },
    ]);
  });

  it("that is sheared is tilted by the angle between its way and its normal", () => {
    const sheared = [0, 1, 2, 3].map((z, index) =>
      slice(`1.${index}`, z, { "00200032": [0, z * 0.2125566, z] }),
    );
    expect(flagsOf(framesFrom(...sheared))).toEqual([{ kind: "tilted", degrees: expect.closeTo(12, 4) }]);
  });

  it("with two images at one place says so, unless all places are taken several times", () => {
    expect(flagsOf(at(0, 1, 2, 3, 3, 4, 5))).toEqual([{ kind: "doubles", count: 1 }]);
    expect(flagsOf(at(0, 0, 0, 1, 1, 1, 2, 2, 2))).toEqual([]);
  });

  it("of several sizes, directions or without some places says so", () => {
    const big = slice("1.9", 2, { "00280010": [8] });
    const turned = slice("1.8", 3, { "00200037": [0, 1, 0, 0, 0, -1] });
    const nowhere = slice("1.7", 3, { "00200032": [] });
    expect(flagsOf([...at(0, 1), ...framesFrom(big)])).toEqual([{ kind: "sizes", count: 2 }]);
    expect(flagsOf([...at(0, 1), ...framesFrom(turned)])).toEqual([{ kind: "directions", count: 2 }]);
    expect(flagsOf([...at(0, 1), ...framesFrom(nowhere)])).toEqual([{ kind: "unplaced", count: 1 }]);
  });
});
