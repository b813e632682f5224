import { describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import { rgbFrom422, rgbFromPalette } from "../src/engine/decoding/color.ts";
import { paletteOf, writtenOut } from "../src/engine/palette.ts";
import type { GreyPicture } from "../src/engine/picture.ts";
import { modalityLut, tableEntries, throughLut, voiLut } from "../src/engine/tables.ts";
import { dataSet } from "./samples.ts";

const none = () => Promise.reject(new Error("no bulk data expected"));

describe("colour tables", () => {
  const palette = {
    ...dataSet({
      [Tag.PhotometricInterpretation]: ["PALETTE COLOR"],
      "00281101": [4, 0, 16],
      "00281102": [4, 0, 16],
      "00281103": [2, 0, 8],
      "00281202": [0, 1, 2, 3],
    }),
    "00281201": { vr: "OW", InlineBinary: btoa("\x00\x00\x00\x40\x00\x80\x00\xff") },
    "00281203": { vr: "OW", BulkDataURI: "bulk/1" },
  };

  it("come inline, as numbers, and as bulk data", async () => {
    const asked: string[] = [];
    const full = await paletteOf(palette, async (uri) => {
      asked.push(uri);
      return new Uint8Array([7, 9]);
    });
    // Red has 16 bits, green 8 in 16, blue is shorter: its last entry goes on.
    expect([...(full?.rgb ?? [])]).toEqual([0, 0, 7, 0x40, 1, 9, 0x80, 2, 9, 0xff, 3, 9]);
    expect(full?.first).toBe(0);
    expect(asked).toEqual(["bulk/1"]);
  });

  it("are looked for in colour-table images only, and their absence is said", async () => {
    expect(await paletteOf(dataSet({ [Tag.PhotometricInterpretation]: ["RGB"] }), none)).toBeNull();
    const without = dataSet({ [Tag.PhotometricInterpretation]: ["PALETTE COLOR"] });
    await expect(paletteOf(without, none)).rejects.toThrow("missing");
  });

  it("turn stored values into their colours, those outside into the ends", () => {
    const rgb = rgbFromPalette([5, 6, 9, 1], { first: 5, rgb: new Uint8Array([1, 2, 3, 4, 5, 6]) });
    expect([...rgb]).toEqual([1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3]);
  });

  it("in segments are written out: runs, lines, repetitions (PS3.3 C.7.9.2)", () => {
    // A run of 2 and 4, a line of 3 steps to 10, then the first segment again.
    expect(writtenOut([0, 2, 2, 4, 1, 3, 10, 2, 1, 0, 0], 100)).toEqual([2, 4, 6, 8, 10, 2, 4]);
    expect(writtenOut([0, 2, 2, 4, 1, 3, 10], 4)).toEqual([2, 4, 6, 8]);
    expect(() => writtenOut([1, 3, 10], 100)).toThrow("damaged");
    // A repetition that repeats itself would never end.
    expect(() => writtenOut([0, 1, 5, 2, 1, 3, 0], 100)).toThrow("damaged");
  });

  it("of packed bytes have one byte an entry", () => {
    expect(tableEntries(new Uint8Array([1, 2, 3, 4]), 4)).toEqual([1, 2, 3, 4]);
    expect(tableEntries(new Uint8Array([1, 2, 3, 4]), 2)).toEqual([0x0201, 0x0403]);
  });
});

const grey = (values: number[]): GreyPicture => ({
  kind: "grey",
  rows: 1,
  columns: values.length,
  stored: Int16Array.from(values),
  rescale: { slope: 2, intercept: 3 },
  min: 0,
  max: 0,
  padding: [0, 0],
});

describe("a modality LUT", () => {
  const withLut = (values: number[], more = {}) =>
    dataSet({
      ...more,
      [Tag.ModalityLUTSequence]: [
        dataSet({ [Tag.LUTDescriptor]: [values.length, 10, 16], [Tag.LUTData]: values }),
      ],
    });

  it("maps stored values, those outside to its ends", async () => {
    const lut = await modalityLut(withLut([100, 200, 300]), none);
    if (!lut) throw new Error("no LUT");
    const mapped = throughLut(grey([0, 10, 11, 12, 99]), lut);
    expect([...mapped.stored]).toEqual([100, 100, 200, 300, 300]);
    expect(mapped).toMatchObject({ min: 100, max: 300, padding: null, rescale: { slope: 1, intercept: 0 } });
  });

  it("may give negative values", async () => {
    const lut = await modalityLut(withLut([-1000, 0, 1000]), none);
    expect(lut && [...throughLut(grey([10, 12]), lut).stored]).toEqual([-1000, 1000]);
  });

  it("of an angiogram is not for display", async () => {
    const angiogram = withLut([1, 2], { [Tag.SOPClassUID]: ["1.2.840.10008.5.1.4.1.1.12.1"] });
    expect(await modalityLut(angiogram, none)).toBeNull();
    expect(await modalityLut(dataSet({}), none)).toBeNull();
  });
});

describe("a VOI LUT", () => {
  it("begins below zero where the values do", async () => {
    const lut = dataSet({ [Tag.LUTDescriptor]: [2, 65_436, 8], [Tag.LUTData]: [0, 255] });
    const of = (more: Record<string, readonly unknown[]>) =>
      voiLut(dataSet({ [Tag.VOILUTSequence]: [lut], ...more }), none);
    expect(await of({ [Tag.RescaleIntercept]: [-1024] })).toEqual({
      first: -100,
      entries: [0, 255],
      bits: 8,
    });
    expect((await of({}))?.first).toBe(65_436);
    expect(await voiLut(dataSet({}), none)).toBeNull();
  });
});

describe("native YBR_FULL_422", () => {
  it("unfolds two pixels from Y1 Y2 Cb Cr", () => {
    expect([...rgbFrom422(new Uint8Array([0, 255, 128, 128]), 2)]).toEqual([0, 0, 0, 255, 255, 255]);
    expect([...rgbFrom422(new Uint8Array([76, 76, 85, 255]), 2)]).toEqual([254, 0, 0, 254, 0, 0]);
  });
});
