/** Tests what stands on planes: values, slabs, how much is loaded. */
import { describe, expect, it } from "vitest";
import { qualityOf, slabInWords, valueInWords } from "../../src/volume/captions.ts";
import type { OpenVolume } from "../../src/volume/open_volume.ts";

function volume(progress: Partial<OpenVolume["progress"]>, reduction = 1): OpenVolume {
  const all = { loaded: 555, failed: [], total: 555, isDone: true, ...progress };
  return { progress: all, reduction } as unknown as OpenVolume;
}

describe("words on planes", () => {
  it("give values in HU for CT alone, without decimals that say nothing", () => {
    expect(valueInWords(-1000, "CT")).toBe("\u22121000 HU");
    expect(valueInWords(54.999_98, "CT")).toBe("55 HU");
    expect(valueInWords(31.46, "CT")).toBe("31.5 HU");
    expect(valueInWords(1082.4, "MR")).toBe("1082");
  });

  it("name the slab and its thickness", () => {
    expect(slabInWords("maximum", 20)).toBe("MIP 20 mm");
    expect(slabInWords("minimum", 5)).toBe("MinIP 5.0 mm");
    expect(slabInWords("average", 12)).toBe("Average 12 mm");
  });

  it("say on the badge what keeps a picture from being the best", () => {
    expect(qualityOf(volume({ loaded: 456, isDone: false }), true)).toEqual({
      words: "Preview, 82 % loaded",
      full: false,
    });
    expect(qualityOf(volume({ loaded: 554, failed: [62] }), true)).toEqual({
      words: "1 of 555 images is missing",
      full: false,
    });
    expect(qualityOf(volume({}), false)).toEqual({ words: "Preview", full: false });
    expect(qualityOf(volume({}, 2), true)).toEqual({ words: "Reduced: 1 of 2 pixels", full: false });
    expect(qualityOf(volume({}), true)).toEqual({ words: "Full quality", full: true });
  });
});
