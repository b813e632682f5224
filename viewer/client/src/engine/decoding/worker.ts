/** A worker that decodes frames, with the decoders of Cornerstone's image loader. */
import { decodeImageFrame } from "decode-image-frame";
import type { Values } from "../picture.ts";
import { rgbFrom422, rgbFromPalette, toRgb } from "./color.ts";
import type { Answer, Decoded, DecodeTask, PixelDescription, Question } from "./task.ts";

/** Explicit and implicit little endian, deflated: native pixels. */
const NATIVE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"]);

/** Decoders of these turn YBR into RGB themselves, in the colour space that the stream names. */
const CONVERTED = new Set(["1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"]);

/** A native frame may be followed by one byte that makes the data even (PS3.5 8.1.1). */
function withoutPadding(bytes: Uint8Array, { rows, columns, ...of }: PixelDescription): Uint8Array {
  const length = (rows * columns * of.samplesPerPixel * of.bitsAllocated) / 8;
  return bytes.length === length + 1 ? bytes.subarray(0, length) : bytes;
}

function floats(bytes: Uint8Array, bits: number): Values {
  const copy = bytes.slice();
  return bits === 64 ? new Float64Array(copy.buffer) : new Float32Array(copy.buffer);
}

function extent(values: Values): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

interface Samples {
  readonly values: Values;
  readonly isRgb: boolean;
}

async function samplesOf({ bytes, transferSyntax, description }: DecodeTask): Promise<Samples> {
  if (description.isFloat) return { values: floats(bytes, description.bitsAllocated), isRgb: false };
  const frame = { ...description, smallestPixelValue: undefined, largestPixelValue: undefined };
  const encoded = NATIVE.has(transferSyntax) ? withoutPadding(bytes, description) : bytes;
  const decoded = await decodeImageFrame(
    frame,
    transferSyntax,
    encoded,
    {},
    { preScale: { enabled: false } },
  );
  return { values: decoded.pixelData, isRgb: CONVERTED.has(transferSyntax) };
}

async function decode(task: DecodeTask): Promise<Decoded> {
  const { bytes, transferSyntax, description, palette } = task;
  const pixels = description.rows * description.columns;
  if (NATIVE.has(transferSyntax) && description.photometricInterpretation === "YBR_FULL_422") {
    if (bytes.length < pixels * 2) throw new Error("some of its pixels are missing");
    return { kind: "color", rgb: rgbFrom422(bytes, pixels) };
  }
  const { values, isRgb } = await samplesOf(task);
  if (values.length !== pixels * description.samplesPerPixel) {
    throw new Error("the image's size is not what its description says");
  }
  if (palette) return { kind: "color", rgb: rgbFromPalette(values, palette) };
  if (description.samplesPerPixel > 1) return { kind: "color", rgb: toRgb(values, description, isRgb) };
  return { kind: "grey", values, ...extent(values) };
}

// The loader's own worker, imported above, listens too (Comlink): it takes no notice of messages without its `type`.
self.addEventListener("message", async ({ data: { id, task } }: MessageEvent<Question>) => {
  if (!task) return;
  let answer: Answer;
  try {
    answer = { id, decoded: await decode(task) };
  } catch (error) {
    answer = { id, trouble: error instanceof Error ? error.message : String(error) };
  }
  const { decoded } = answer;
  const buffers = decoded ? [decoded.kind === "grey" ? decoded.values.buffer : decoded.rgb.buffer] : [];
  self.postMessage(answer, { transfer: buffers as ArrayBuffer[] });
});
