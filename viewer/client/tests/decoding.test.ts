import { describe, expect, it } from "vitest";
import { type Decompress, decodedFrame, trueSyntax, withItsColors } from "../src/engine/decoding/frame.ts";
import { unpackedRle } from "../src/engine/decoding/rle.ts";
import { nativeSamples } from "../src/engine/decoding/samples.ts";
import type { DecodeTask, PixelDescription } from "../src/engine/decoding/task.ts";
import { descriptionOf, flawWords, paddingOf, rescaleOf } from "../src/engine/describing.ts";
import { negative, tableShading } from "../src/engine/rendering.ts";
import { dataSet } from "./samples.ts";

const LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
const JPEG_2000 = "1.2.840.10008.1.2.4.90";

const grey = (more: Partial<PixelDescription> = {}): PixelDescription => ({
  rows: 1,
  columns: 2,
  samplesPerPixel: 1,
  photometricInterpretation: "MONOCHROME2",
  planarConfiguration: 0,
  bitsAllocated: 16,
  bitsStored: 16,
  highBit: 15,
  pixelRepresentation: 0,
  isFloat: false,
  ...more,
});

const color = (more: Partial<PixelDescription> = {}) =>
  grey({
    samplesPerPixel: 3,
    photometricInterpretation: "RGB",
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    ...more,
  });

const never: Decompress = () => Promise.reject(new Error("no decoder expected"));

function task(
  description: PixelDescription,
  bytes: ArrayLike<number>,
  transferSyntax = LITTLE_ENDIAN,
): DecodeTask {
  return { description, bytes: Uint8Array.from(bytes), transferSyntax, palette: null };
}

async function rgb(description: PixelDescription, bytes: ArrayLike<number>): Promise<number[]> {
  const decoded = await decodedFrame(task(description, bytes), never);
  return decoded.kind === "color" ? [...decoded.rgb] : [];
}

describe("uncompressed samples", () => {
  it("have 1, 8, 16 or 32 bits, with or without a sign, or are floats", () => {
    const of = (more: Partial<PixelDescription>, bytes: number[]) => [
      ...nativeSamples(Uint8Array.from(bytes), grey(more)),
    ];
    const bit = { bitsAllocated: 1, bitsStored: 1, highBit: 0, columns: 10 };
    expect(of(bit, [0b1000_0101, 0b10])).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 0, 1]);
    expect(of({ bitsAllocated: 8, bitsStored: 8, highBit: 7, pixelRepresentation: 1 }, [255, 1])).toEqual([
      -1, 1,
    ]);
    expect(of({}, [1, 2, 255, 255])).toEqual([513, 65_535]);
    expect(of({ bitsAllocated: 32, bitsStored: 32, highBit: 31 }, [0, 0, 0, 128, 1, 0, 0, 0])).toEqual([
      2_147_483_648, 1,
    ]);
    const floats = [...new Uint8Array(Float32Array.of(1.5, -2).buffer)];
    expect(of({ bitsAllocated: 32, isFloat: true }, floats)).toEqual([1.5, -2]);
  });

  it("leave out the bits beside the stored ones and extend the sign", () => {
    const twelve = { bitsStored: 12, highBit: 11 };
    // 0xF123: an overlay in the upper bits; 0x0FFF: minus one of 12 bits.
    expect([...nativeSamples(Uint8Array.of(0x23, 0xf1, 0xff, 0x0f), grey(twelve))]).toEqual([0x123, 0xfff]);
    const signed = grey({ ...twelve, pixelRepresentation: 1 });
    expect([...nativeSamples(Uint8Array.of(0x23, 0xf1, 0xff, 0x0f), signed)]).toEqual([0x123, -1]);
    const raised = grey({ bitsStored: 12, highBit: 15 });
    expect([...nativeSamples(Uint8Array.of(0x3f, 0x12, 0, 0), raised)]).toEqual([0x123, 0]);
  });

  it("that are too few, or of a strange number of bits, are no picture", async () => {
    await expect(decodedFrame(task(grey(), [1, 2, 3]), never)).rejects.toMatchObject({
      flaw: { why: "missing" },
    });
    const packed = grey({ bitsAllocated: 12, bitsStored: 12, highBit: 11 });
    await expect(decodedFrame(task(packed, [1, 2, 3]), never)).rejects.toMatchObject({
      flaw: { why: "bits", bits: 12 },
    });
  });

  it("may be followed by a byte that makes them even, and say their extent", async () => {
    const odd = grey({ columns: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7 });
    const decoded = await decodedFrame(task(odd, [7, 3, 5, 0]), never);
    expect(decoded).toMatchObject({ kind: "grey", min: 3, max: 7 });
  });
});

describe("colours", () => {
  it("of three planes are put together", async () => {
    expect(await rgb(color({ planarConfiguration: 1 }), [1, 2, 3, 4, 5, 6])).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it("of 16 bits keep their upper ones", async () => {
    const deep = color({ bitsAllocated: 16, bitsStored: 16, highBit: 15 });
    const bytes = new Uint8Array(Uint16Array.of(0x1234, 0xff00, 0, 0, 0, 0x8000).buffer);
    expect(await rgb(deep, bytes)).toEqual([0x12, 0xff, 0, 0, 0, 0x80]);
  });

  it("in YBR become RGB; halved ones too, and those that only say that they are halved", async () => {
    const full = color({ photometricInterpretation: "YBR_FULL" });
    expect(await rgb(full, [76, 85, 255, 255, 128, 128])).toEqual([254, 0, 0, 255, 255, 255]);
    const halved = color({ photometricInterpretation: "YBR_FULL_422" });
    expect(await rgb(halved, [0, 255, 128, 128])).toEqual([0, 0, 0, 255, 255, 255]);
    expect(await rgb(halved, [76, 85, 255, 255, 128, 128])).toEqual([254, 0, 0, 255, 255, 255]);
    const partial = color({ photometricInterpretation: "YBR_PARTIAL_422" });
    expect(await rgb(partial, [16, 235, 128, 128])).toHaveLength(6);
  });

  it("that JPEG 2000 transformed are RGB already", async () => {
    const description = color({ photometricInterpretation: "YBR_RCT" });
    const decompress: Decompress = async () => ({ pixelData: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    const decoded = await decodedFrame(task(description, [0], JPEG_2000), decompress);
    expect(decoded.kind === "color" && [...decoded.rgb]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("of JPEG-LS that come scan by scan are put together", async () => {
    const decompress: Decompress = async () => ({
      pixelData: Uint8Array.of(1, 2, 3, 4, 5, 6),
      interleaveMode: 0,
    });
    const decoded = await decodedFrame(task(color(), [0], "1.2.840.10008.1.2.4.80"), decompress);
    expect(decoded.kind === "color" && [...decoded.rgb]).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it("of a JPEG that does not say that it is RGB are told so", () => {
    const plain = Uint8Array.of(0xff, 0xd8, 0xff, 0xdb, 1);
    const told = withItsColors(plain, color());
    expect([...told.subarray(0, 4)]).toEqual([0xff, 0xd8, 0xff, 0xee]);
    expect([...told.subarray(18)]).toEqual([0xff, 0xdb, 1]);
    expect(withItsColors(told, color())).toBe(told);
    expect(withItsColors(plain, color({ photometricInterpretation: "YBR_FULL" }))).toBe(plain);
  });
});

describe("a JPEG stream of another kind than its transfer syntax says", () => {
  const stream = (marker: number) =>
    Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, marker, 0, 11, 8, 0, 1, 0, 1, 1);

  it("is decoded as what it is", () => {
    const LOSSLESS = "1.2.840.10008.1.2.4.70";
    expect(trueSyntax(stream(0xc0), LOSSLESS)).toBe("1.2.840.10008.1.2.4.50");
    expect(trueSyntax(stream(0xc3), LOSSLESS)).toBe(LOSSLESS);
    expect(trueSyntax(stream(0xc3), "1.2.840.10008.1.2.4.50")).toBe("1.2.840.10008.1.2.4.57");
    expect(trueSyntax(stream(0xf7), LOSSLESS)).toBe("1.2.840.10008.1.2.4.80");
    expect(trueSyntax(Uint8Array.of(1, 2, 3), LOSSLESS)).toBe(LOSSLESS);
    expect(trueSyntax(stream(0xc0), JPEG_2000)).toBe(JPEG_2000);
  });
});

describe("signed values of a decoder that knows no sign", () => {
  it("get it back", async () => {
    const signed = grey({ bitsStored: 13, highBit: 12, pixelRepresentation: 1 });
    const decompress: Decompress = async () => ({ pixelData: Uint16Array.of(63_536, 40) });
    const decoded = await decodedFrame(task(signed, [0], JPEG_2000), decompress);
    expect(decoded).toMatchObject({ kind: "grey", values: Int16Array.of(-2000, 40), min: -2000, max: 40 });
  });
});

describe("a stream of another size than the data set says", () => {
  it("is refused with both sizes in words", async () => {
    const decompress: Decompress = async () => ({ pixelData: new Uint16Array(6), rows: 2, columns: 3 });
    const failed = decodedFrame(task(grey(), [0], JPEG_2000), decompress);
    await expect(failed).rejects.toMatchObject({ flaw: { why: "size", rows: 2, columns: 3 } });
    expect(flawWords({ why: "size", rows: 2, columns: 3 }, grey())).toBe(
      "its description says 2 × 1 pixels, but it holds 3 × 2",
    );
  });
});

describe("RLE", () => {
  const frame = (segments: number[][]) => {
    const header = new Uint32Array(16);
    header[0] = segments.length;
    let at = 64;
    segments.forEach((segment, index) => {
      header[index + 1] = at;
      at += segment.length;
    });
    return Uint8Array.from([...new Uint8Array(header.buffer), ...segments.flat()]);
  };

  it("puts bytes of samples and planes of colours in their places", () => {
    // Literal runs of two bytes, then 16-bit samples whose upper bytes repeat.
    const planes = frame([
      [1, 1, 2],
      [1, 3, 4],
      [255, 5],
    ]);
    expect([...unpackedRle(planes, color())]).toEqual([1, 2, 3, 4, 5, 5]);
    const deep = frame([
      [255, 0x12],
      [1, 0x34, 0x56],
    ]);
    expect([...unpackedRle(deep, grey())]).toEqual([0x34, 0x12, 0x56, 0x12]);
  });

  it("that is cut off or packed otherwise is no picture", () => {
    expect(() => unpackedRle(frame([[1, 1]]), grey({ bitsAllocated: 8 }))).toThrow("missing");
    expect(() => unpackedRle(frame([[1, 1, 2]]), grey())).toThrow("packing");
    expect(() => unpackedRle(Uint8Array.of(1), grey())).toThrow("missing");
  });
});

describe("what a data set says of its pixels", () => {
  it("is read with care for what is missing", () => {
    const floats = dataSet({
      "00280004": ["MONOCHROME2"],
      "00280010": [2],
      "00280011": [2],
      "00280100": [32],
    });
    expect(descriptionOf(floats)).toMatchObject({ isFloat: true, samplesPerPixel: 1 });
    const strange = () => descriptionOf(dataSet({ "00280004": ["ARGB"] }));
    expect(strange).toThrow('its colours are written as "ARGB"');
  });

  it("has a unit: rescaled, dose, or a parametric map's own", () => {
    expect(rescaleOf(dataSet({ "00281053": [2], "00281052": [-1024] }))).toEqual({
      slope: 2,
      intercept: -1024,
    });
    expect(rescaleOf(dataSet({ "00281053": [0], "00281052": [5] }))).toEqual({ slope: 1, intercept: 5 });
    const dose = dataSet({ "00080060": ["RTDOSE"], "3004000E": [0.001], "00281053": [7] });
    expect(rescaleOf(dose)).toEqual({ slope: 0.001, intercept: 0 });
    const map = dataSet({ "00080016": ["1.2.840.10008.5.1.4.1.1.30"], "00409225": [3], "00409224": [1] });
    expect(rescaleOf(map)).toEqual({ slope: 3, intercept: 1 });
  });

  it("has padding as a value or a range, in the sign of the pixels", () => {
    const ds = dataSet({ "00280120": [63_536], "00280121": [64_536] });
    expect(paddingOf(ds, grey({ pixelRepresentation: 1 }))).toEqual([-2000, -1000]);
    expect(paddingOf(ds, grey())).toEqual([63_536, 64_536]);
    expect(paddingOf(dataSet({}), grey())).toBeNull();
  });
});

describe("a table of greys", () => {
  it("is applied as it is, not as a straight line", () => {
    const shading = tableShading({ first: 10, entries: [0, 200, 255], bits: 8 });
    expect([9, 10, 11, 12, 99].map(shading)).toEqual([0, 0, 200, 255, 255]);
    expect(negative(shading)(11)).toBe(55);
    // The descriptor says 8 bits, the entries have 12.
    expect(tableShading({ first: 0, entries: [0, 4095], bits: 8 })(1)).toBe(255);
  });
});
