import { describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import {
  DEFAULT_PRESETS,
  dragged,
  ownWindow,
  plainNumber,
  presetOf,
  rangeOf,
  sameWindow,
  voiFunction,
  windowFromPixels,
  windowLabel,
  windowOf,
} from "../src/dicom/windows.ts";
import { dataSet } from "./samples.ts";

describe("windows", () => {
  it("have the ends that PS3.3 C.11.2.1.2.1 gives them", () => {
    expect(rangeOf({ center: 2048, width: 4096 })).toEqual({ lower: 0, upper: 4095 });
    expect(rangeOf({ center: -400, width: 1600 })).toEqual({ lower: -1200, upper: 399 });
    expect(rangeOf({ center: 40, width: 1 })).toEqual({ lower: 39.5, upper: 39.5 });
  });

  it("have the ends of the exact function where the data set asks for it", () => {
    expect(rangeOf({ center: 50, width: 100 }, "LINEAR_EXACT")).toEqual({ lower: 0, upper: 100 });
    expect(voiFunction(dataSet({ [Tag.VOILUTFunction]: ["LINEAR_EXACT"] }))).toBe("LINEAR_EXACT");
    expect(voiFunction(dataSet({ [Tag.VOILUTFunction]: ["CURVED"] }))).toBe("LINEAR");
  });

  it("come back from their ends", () => {
    for (const { window } of DEFAULT_PRESETS) if (window) expect(windowOf(rangeOf(window))).toEqual(window);
  });

  it("narrower than 1 are those of values that are no whole numbers", () => {
    expect(rangeOf({ center: 0.001, width: 0.002 })).toEqual({ lower: 0, upper: 0.002 });
    expect(windowLabel({ center: 0.001, width: 0.002 })).toBe("C 0.0010 W 0.0020");
    expect(windowLabel({ center: 0.5, width: 1 })).toBe("C 0.5 W 1.0");
    expect(sameWindow({ center: 0.001, width: 0.002 }, { center: 0.002, width: 0.002 })).toBe(false);
    const shares = Array.from({ length: 1001 }, (_, index) => index / 1e6);
    const { center, width } = windowFromPixels(shares, null);
    expect([center, width]).toEqual([expect.closeTo(0.0005, 6), expect.closeTo(0.00098, 6)]);
    const finer = dragged({ center: 0.001, width: 0.002 }, 30, -30, 1e-6);
    expect([finer.center, finer.width]).toEqual([expect.closeTo(0.0008, 8), expect.closeTo(0.0022, 8)]);
  });

  it("are labelled with a true minus", () => {
    expect(windowLabel({ center: -400, width: 1600 })).toBe("C \u2212400 W 1600");
    expect(windowLabel({ center: 2.25, width: 5 })).toBe("C 2.3 W 5.0");
    expect(plainNumber(-0.2)).toBe("0");
  });

  it("of the data are the first that can be used", () => {
    const two = { [Tag.WindowCenter]: [-450, 40], [Tag.WindowWidth]: [2000, 400] };
    expect(ownWindow(dataSet(two))).toEqual({ center: -450, width: 2000 });
    expect(ownWindow(dataSet({ [Tag.WindowCenter]: ["40"], [Tag.WindowWidth]: ["400"] }))).toEqual({
      center: 40,
      width: 400,
    });
  });

  it.each([[[]], [[0]], [[-5]], [["wide"]]])("of the data with a width of %j are none", (width) => {
    expect(ownWindow(dataSet({ [Tag.WindowCenter]: [40], [Tag.WindowWidth]: width }))).toBeNull();
  });

  it("come from the VOI LUT where there is no other", () => {
    const lut = dataSet({ [Tag.LUTDescriptor]: [256, 100, 12] });
    const window = ownWindow(dataSet({ [Tag.VOILUTSequence]: [lut] }));
    expect(window && rangeOf(window)).toEqual({ lower: 100, upper: 355 });
  });

  it("from pixels leave out padding and the outermost hundredths", () => {
    const pixels = [...Array(10).fill(-2000), ...Array.from({ length: 1000 }, (_, index) => index)];
    expect(rangeOf(windowFromPixels(pixels, [-2000, -1900]))).toEqual({ lower: 10, upper: 990 });
  });

  it("from pixels exist for a picture of one value, and for none", () => {
    expect(windowFromPixels([7, 7, 7], null).width).toBe(2);
    expect(windowFromPixels([], null)).toEqual({ center: 128, width: 256 });
  });

  it("grow wider to the right and darker downwards, and are never narrower than 1", () => {
    expect(dragged({ center: 0, width: 300 }, 10, 20)).toEqual({ center: 20, width: 310 });
    expect(dragged({ center: 40, width: 4 }, -100, 0)).toEqual({ center: 40, width: 1 });
  });
});

describe("presets", () => {
  it("are ten, on the keys 1 to 9 and 0", () => {
    expect(DEFAULT_PRESETS.map(({ key, name }) => `${key} ${name}`)).toEqual([
      "1 Skull",
      "2 Lung",
      "3 Abdomen",
      "4 Mediastinum",
      "5 Bone",
      "6 Spine",
      "7 Postmyelo",
      "8 Felsenbein",
      "9 Cerebral",
      "0 Standard",
    ]);
  });

  it("are recognised by their window", () => {
    expect(presetOf({ center: -400, width: 1600 }, DEFAULT_PRESETS)?.name).toBe("Lung");
    expect(presetOf({ center: -390, width: 1600 }, DEFAULT_PRESETS)).toBeNull();
  });
});
