/** From the bytes of a frame to a picture's pixels, by its transfer syntax. */
import type { Values } from "../picture.ts";
import { type Held, rgbFrom422, rgbFromPalette, toRgb } from "./color.ts";
import { unpackedRle } from "./rle.ts";
import { nativeSamples } from "./samples.ts";
import { type Decoded, type DecodeTask, Flawed, type PixelDescription } from "./task.ts";

/** What a decoder of compressed frames gives back. */
export interface Decompressed {
  readonly pixelData: Values;
  readonly rows?: number;
  readonly columns?: number;
  /** JPEG-LS: 0 where each colour is a scan of its own. */
  readonly interleaveMode?: number;
}

export type Decompress = (
  description: PixelDescription,
  transferSyntax: string,
  bytes: Uint8Array,
) => Promise<Decompressed>;

/** Explicit and implicit little endian, deflated: the server has turned and inflated what it keeps. */
const NATIVE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"]);

export function isNative(transferSyntax: string): boolean {
  return NATIVE.has(transferSyntax);
}

const RLE = "1.2.840.10008.1.2.5";
const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";
const JPEG_EXTENDED = "1.2.840.10008.1.2.4.51";

/** Decoders of these give RGB, whatever the stream holds. */
const TO_RGB = new Set([JPEG_BASELINE, JPEG_EXTENDED]);
/** Decoders of these undo the transform that belongs to the compression (PS3.5 8.2.4). */
const JPEG_2000 = /^1\.2\.840\.10008\.1\.2\.4\.(9[0-3]|20[1-3])$/;

/** The application segment by which a JPEG stream says that its three components are RGB. */
const ADOBE_RGB = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];

/** A JPEG stream of RGB that does not say so would be taken for YBR. */
export function withItsColors(
  bytes: Uint8Array,
  { photometricInterpretation }: PixelDescription,
): Uint8Array {
  if (photometricInterpretation !== "RGB") return bytes;
  const head = String.fromCharCode(...bytes.subarray(0, 512));
  if (head.slice(0, 32).includes("JFIF") || head.includes("Adobe")) return bytes;
  const told = new Uint8Array(bytes.length + ADOBE_RGB.length);
  told.set(bytes.subarray(0, 2));
  told.set(ADOBE_RGB, 2);
  told.set(bytes.subarray(2), 2 + ADOBE_RGB.length);
  return told;
}

/** The kind of a JPEG stream by its first frame header (ISO 10918-1 B.2.2), 0 where there is none. */
function frameMarker(bytes: Uint8Array): number {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return 0;
  for (let at = 2; at + 4 < bytes.length; ) {
    if (bytes[at] !== 0xff) return 0;
    const marker = bytes[at + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame || marker === 0xf7) return marker;
    at += marker === 0xff ? 1 : 2 + ((bytes[at + 2] as number) << 8) + (bytes[at + 3] as number);
  }
  return 0;
}

const SYNTAX_BY_MARKER: Readonly<Record<number, string>> = {
  192: JPEG_BASELINE,
  195: "1.2.840.10008.1.2.4.57",
  247: "1.2.840.10008.1.2.4.80",
};

/** The transfer syntax that a stream is in: some writers name another JPEG than they write. */
export function trueSyntax(bytes: Uint8Array, named: string): string {
  if (!/^1\.2\.840\.10008\.1\.2\.4\.(5|6|7|8)\d$/.test(named)) return named;
  const found = SYNTAX_BY_MARKER[frameMarker(bytes)];
  const isLossless = found === "1.2.840.10008.1.2.4.57" && named === "1.2.840.10008.1.2.4.70";
  const isJpegLs = found === "1.2.840.10008.1.2.4.80" && named === "1.2.840.10008.1.2.4.81";
  return found === undefined || isLossless || isJpegLs ? named : found;
}

/** Decoders give the words of signed values without their sign. */
function withTheirSign(values: Values, { pixelRepresentation }: PixelDescription): Values {
  if (pixelRepresentation !== 1) return values;
  const { buffer, byteOffset, length } = values;
  return values instanceof Uint16Array ? new Int16Array(buffer, byteOffset, length) : values;
}

function colorsOf(photometric: string, transferSyntax: string): string {
  if (TO_RGB.has(transferSyntax)) return "RGB";
  const isTransformed = photometric === "YBR_RCT" || photometric === "YBR_ICT";
  return isTransformed && JPEG_2000.test(transferSyntax) ? "RGB" : photometric;
}

function native(bytes: Uint8Array, description: PixelDescription): Held & { samples: Values } {
  const { photometricInterpretation: photometric, rows, columns, bitsAllocated } = description;
  const pixels = rows * columns;
  const isHalved = photometric === "YBR_FULL_422" || photometric === "YBR_PARTIAL_422";
  // Writers that leave no chrominance out, although they say so, have three bytes a pixel.
  if (isHalved && bitsAllocated === 8 && bytes.length < pixels * 3) {
    if (bytes.length < pixels * 2) throw new Flawed({ why: "missing" });
    return { samples: rgbFrom422(bytes, pixels), photometric: "RGB", planar: false };
  }
  const planar = description.planarConfiguration === 1;
  return { samples: nativeSamples(bytes, description), photometric, planar };
}

async function compressed(
  { bytes, transferSyntax: named, description }: DecodeTask,
  decompress: Decompress,
): Promise<Held & { samples: Values }> {
  const transferSyntax = trueSyntax(bytes, named);
  const { samplesPerPixel, rows, columns, bitsAllocated } = description;
  const isColor = samplesPerPixel > 1;
  const isJpeg = isColor && bitsAllocated === 8 && TO_RGB.has(transferSyntax);
  const found = await decompress(
    { ...description, planarConfiguration: 0 },
    isJpeg ? JPEG_BASELINE : transferSyntax,
    isJpeg ? withItsColors(bytes, description) : bytes,
  );
  const [height, width] = [found.rows ?? rows, found.columns ?? columns];
  if (height === 0 || width === 0) throw new Error("the decoder found no image");
  if (height !== rows || width !== columns) throw new Flawed({ why: "size", columns: width, rows: height });
  if (found.pixelData.length !== rows * columns * samplesPerPixel) throw new Flawed({ why: "missing" });
  return {
    samples: isColor ? found.pixelData : withTheirSign(found.pixelData, description),
    photometric: colorsOf(description.photometricInterpretation, transferSyntax),
    planar: isColor && found.interleaveMode === 0,
  };
}

async function held(task: DecodeTask, decompress: Decompress): Promise<Held & { samples: Values }> {
  const { bytes, transferSyntax, description } = task;
  if (isNative(transferSyntax)) return native(bytes, description);
  if (transferSyntax !== RLE) return compressed(task, decompress);
  return native(unpackedRle(bytes, description), { ...description, planarConfiguration: 1 });
}

function extent(values: Values): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? { min, max } : { min: 0, max: 0 };
}

/** The pixels of a frame. Throws Flawed where they make no picture, anything else where none could be decoded. */
export async function decodedFrame(task: DecodeTask, decompress: Decompress): Promise<Decoded> {
  const { description, palette } = task;
  const found = await held(task, decompress);
  if (palette) return { kind: "color", rgb: rgbFromPalette(found.samples, palette) };
  if (description.samplesPerPixel > 1) return { kind: "color", rgb: toRgb(found, description) };
  return { kind: "grey", values: found.samples, ...extent(found.samples) };
}
