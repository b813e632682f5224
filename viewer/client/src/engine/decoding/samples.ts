/** Uncompressed pixels as numbers (PS3.5 8.1, PS3.3 C.7.6.3). */
import type { Values } from "../picture.ts";
import { Flawed, type PixelDescription } from "./task.ts";

/** Bits of single pixels, the lowest first, as bytes of 0 and 1 (PS3.5 8.1.1). */
export function singleBits(bytes: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    pixels[index] = ((bytes[index >> 3] as number) >> (index & 7)) & 1;
  }
  return pixels;
}

const WORDS = {
  "1 unsigned": Uint8Array,
  "1 signed": Int8Array,
  "2 unsigned": Uint16Array,
  "2 signed": Int16Array,
  "4 unsigned": Uint32Array,
  "4 signed": Int32Array,
  "4 float": Float32Array,
  "8 float": Float64Array,
} as const;

/** Float and Double Float Pixel Data say neither how many bits are stored nor a sign (PS3.3 C.7.6.24). */
function sortOf({ isFloat, pixelRepresentation }: PixelDescription): "float" | "signed" | "unsigned" {
  if (isFloat) return "float";
  return pixelRepresentation === 1 ? "signed" : "unsigned";
}

/** Little endian pixels; what lies beside the stored bits is still in them. */
function rawSamples(bytes: Uint8Array, description: PixelDescription): Values {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const count = rows * columns * samplesPerPixel;
  const size = bitsAllocated / 8;
  const Kind = WORDS[`${size} ${sortOf(description)}` as keyof typeof WORDS];
  if (bitsAllocated !== 1 && !Kind) throw new Flawed({ why: "bits", bits: bitsAllocated });
  if (bytes.length < Math.ceil((count * bitsAllocated) / 8)) throw new Flawed({ why: "missing" });
  if (bitsAllocated === 1) return singleBits(bytes, count);
  // Typed arrays begin at multiples of their size, and what is handed over fills its buffer.
  const isOwn = bytes.byteLength === count * size && bytes.buffer.byteLength === count * size;
  const own = isOwn ? bytes : bytes.slice(0, count * size);
  return new Kind(own.buffer as ArrayBuffer, 0, count);
}

/** Only the stored bits count: those beside them may hold overlays or nothing. Changes the samples. */
export function onlyStoredBits(samples: Values, description: PixelDescription): Values {
  const { bitsAllocated, bitsStored, highBit, pixelRepresentation, isFloat } = description;
  if (isFloat || bitsStored >= bitsAllocated || bitsAllocated > 32 || bitsStored < 1) return samples;
  const top = highBit >= bitsStored - 1 && highBit < bitsAllocated ? highBit : bitsStored - 1;
  const left = 31 - top;
  const right = 32 - bitsStored;
  const isSigned = pixelRepresentation === 1;
  for (let index = 0; index < samples.length; index += 1) {
    const raised = (samples[index] as number) << left;
    samples[index] = isSigned ? raised >> right : raised >>> right;
  }
  return samples;
}

export function nativeSamples(bytes: Uint8Array, description: PixelDescription): Values {
  return onlyStoredBits(rawSamples(bytes, description), description);
}
