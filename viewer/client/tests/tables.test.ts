import { describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import { rgbFrom422, rgbFromPalette, toRgb } from "../src/engine/decoding/color.ts";
import type { GreyPicture } from "../src/engine/picture.ts";
import { modalityLut, paletteOf, tableEntries, throughLut } from "../src/engine/tables.ts";
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
    expect(full?.tables).toEqual([
      [0, 0x4000, 0x8000, 0xff00],
      [0, 1, 2, 3],
      [7, 9],
    ]);
    expect(full).toMatchObject({ first: 0, bits: 16 });
    expect(asked).toEqual(["bulk/1"]);
  });

  it("are looked for in colour-table images only, and their absence is said", async () => {
    expect(await paletteOf(dataSet({ [Tag.PhotometricInterpretation]: ["RGB"] }), none)).toBeNull();
    const without = dataSet({ [Tag.PhotometricInterpretation]: ["PALETTE COLOR"] });
    await expect(paletteOf(without, none)).rejects.toThrow("missing");
  });

  it("turn stored values into the upper bytes of their entries, those outside into their ends", () => {
    const tables = [
      [0x1000, 0x2000],
      [0, 0],
      [0xff00, 0x8000],
    ] as const;
    const rgb = rgbFromPalette([5, 6, 9, 1], { first: 5, bits: 16, tables });
    expect([...rgb]).toEqual([0x10, 0, 0xff, 0x20, 0, 0x80, 0x20, 0, 0x80, 0x10, 0, 0xff]);
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

describe("native YBR_FULL_422", () => {
  it("unfolds two pixels from Y1 Y2 Cb Cr", () => {
    expect([...rgbFrom422(new Uint8Array([0, 255, 128, 128]), 2)]).toEqual([0, 0, 0, 255, 255, 255]);
    expect([...rgbFrom422(new Uint8Array([76, 76, 85, 255]), 2)]).toEqual([254, 0, 0, 254, 0, 0]);
  });
});

describe("samples of colours", () => {
  const description = {
    rows: 1,
    columns: 2,
    samplesPerPixel: 3,
    photometricInterpretation: "RGB",
    planarConfiguration: 0,
    bitsAllocated: 8,
    bitsStored: 8,
    pixelRepresentation: 0,
    isFloat: false,
  };

  it("of three planes are put together", () => {
    const planes = new Uint8Array([1, 2, 3, 4, 5, 6]);
    expect([...toRgb(planes, { ...description, planarConfiguration: 1 }, false)]).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it("of 16 bits keep their upper ones", () => {
    const wide = new Uint16Array([0x1234, 0xff00, 0, 0, 0, 0x8000]);
    const deep = { ...description, bitsAllocated: 16, bitsStored: 16 };
    expect([...toRgb(wide, deep, false)]).toEqual([0x12, 0xff, 0, 0, 0, 0x80]);
  });

  it("in YBR become RGB, unless the decoder has done it", () => {
    const ybr = new Uint8Array([76, 85, 255, 255, 128, 128]);
    const full = { ...description, photometricInterpretation: "YBR_FULL" };
    expect([...toRgb(ybr, full, false)]).toEqual([254, 0, 0, 255, 255, 255]);
    expect([...toRgb(ybr, full, true)]).toEqual([...ybr]);
  });
});
