import { describe, expect, it } from "vitest";
import { Tag } from "../src/dicom/tags.ts";
import { modalityLut, needsPalette, tableEntries, throughLut, withPalette } from "../src/engine/tables.ts";
import { rgbFrom422 } from "../src/engine/ybr.ts";
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
    const full = await withPalette(palette, async (uri) => {
      asked.push(uri);
      return new Uint8Array([7, 9]);
    });
    expect(full["00281201"]?.Value).toEqual([0, 0x4000, 0x8000, 0xff00]);
    expect(full["00281202"]?.Value).toEqual([0, 1, 2, 3]);
    expect(full["00281203"]?.Value).toEqual([7, 9]);
    expect(asked).toEqual(["bulk/1"]);
  });

  it("are looked for in colour-table images only, and their absence is said", async () => {
    expect(needsPalette(palette)).toBe(true);
    expect(needsPalette(dataSet({ [Tag.PhotometricInterpretation]: ["RGB"] }))).toBe(false);
    await expect(withPalette(dataSet({}), none)).rejects.toThrow("missing");
  });

  it("of packed bytes have one byte an entry", () => {
    expect(tableEntries(new Uint8Array([1, 2, 3, 4]), 4)).toEqual([1, 2, 3, 4]);
    expect(tableEntries(new Uint8Array([1, 2, 3, 4]), 2)).toEqual([0x0201, 0x0403]);
  });
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
    expect([...throughLut([0, 10, 11, 12, 99], lut)]).toEqual([100, 100, 200, 300, 300]);
    expect(throughLut([10], lut)).toBeInstanceOf(Uint16Array);
  });

  it("may give negative values", async () => {
    const lut = await modalityLut(withLut([-1000, 0, 1000]), none);
    expect(lut && [...throughLut([10, 12], lut)]).toEqual([-1000, 1000]);
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
