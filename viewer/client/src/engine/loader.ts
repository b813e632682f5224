/** Loads frames for Cornerstone: fetched by our own client (token, retries), decoded by its workers. */
import { cache, init as initCore, metaData, type Types, utilities } from "@cornerstonejs/core";
import { createImage, init as initDecoders, wadors } from "@cornerstonejs/dicom-image-loader";
import { type DataSet, number, text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { ownWindow, voiFunction } from "../dicom/windows.ts";
import type { DicomWeb, EncodedFrame } from "../http/dicomweb.ts";
import { Undecodable, Unusable } from "../http/failures.ts";
import { modalityLut, needsPalette, throughLut, withPalette } from "./tables.ts";
import { rgbFrom422 } from "./ybr.ts";

const framesById = new Map<string, Frame>();

/** Makes frames known to Cornerstone: their metadata and where they are. */
export function registerFrames(frames: readonly Frame[]): void {
  for (const frame of frames) {
    if (framesById.has(frame.imageId)) continue;
    framesById.set(frame.imageId, frame);
    addMetadata(frame.imageId, frame.dataSet);
  }
}

function addMetadata(imageId: string, dataSet: DataSet): void {
  wadors.metaDataManager.add(imageId, dataSet as Parameters<typeof wadors.metaDataManager.add>[1]);
}

/**
 * Cornerstone's own provider takes the first letter of a text VOI LUT Function for the function, and passes
 * widths of 0 or NaN on.
 */
function windowProvider(type: string, imageId: string): unknown {
  if (type !== "voiLutModule") return undefined;
  const frame = framesById.get(imageId);
  if (!frame) return undefined;
  const window = ownWindow(frame.dataSet);
  if (!window) return {};
  const wanted = voiFunction(frame.dataSet);
  return {
    windowCenter: [window.center],
    windowWidth: [window.width],
    voiLUTFunction: [wanted === "SIGMOID" ? "SAMPLED_SIGMOID" : wanted],
  };
}

function checkSize(image: Types.IImage): void {
  const expected = image.rows * image.columns * (image.numberOfComponents ?? 1);
  if (image.getPixelData().length !== expected) {
    throw new Unusable("the image's size is not what its description says");
  }
}

const PHOTOMETRIC = new Set([
  "MONOCHROME1",
  "MONOCHROME2",
  "PALETTE COLOR",
  "RGB",
  "YBR_FULL",
  "YBR_FULL_422",
  "YBR_ICT",
  "YBR_PARTIAL_420",
  "YBR_RCT",
]);

/** Decoding takes milliseconds; a decoder that says nothing for this long never will. */
const DECODE_TIMEOUT = 30_000;

function timeout(milliseconds: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the decoder gave no answer")), milliseconds);
  });
}

async function decode(
  imageId: string,
  encoded: EncodedFrame,
  options: Record<string, unknown>,
): Promise<Types.IImage> {
  const bytes = encoded.bytes as never;
  try {
    const image = createImage(imageId, bytes, encoded.transferSyntax, options);
    return (await Promise.race([image, timeout(DECODE_TIMEOUT)])) as Types.IImage;
  } catch (error) {
    throw new Undecodable(encoded.transferSyntax, error);
  }
}

/** Explicit and implicit little endian: native pixels. */
const NATIVE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"]);

/** A native frame may be followed by one byte that makes the data even (PS3.5 8.1.1). */
function withoutPadding({ dataSet }: Frame, encoded: EncodedFrame): EncodedFrame {
  const value = (tag: string) => number(dataSet, tag) ?? 1;
  const bits = value(Tag.Rows) * value(Tag.Columns) * value(Tag.SamplesPerPixel) * value(Tag.BitsAllocated);
  const { bytes } = encoded;
  return bytes.length === bits / 8 + 1 ? { ...encoded, bytes: bytes.subarray(0, bits / 8) } : encoded;
}

/** Native YBR_FULL_422 becomes RGB, and its description says so. */
function unfolded(frame: Frame, encoded: EncodedFrame): EncodedFrame {
  const { dataSet } = frame;
  if (!NATIVE.has(encoded.transferSyntax)) return encoded;
  if (text(dataSet, Tag.PhotometricInterpretation) !== "YBR_FULL_422") return withoutPadding(frame, encoded);
  const pixels = (number(dataSet, Tag.Rows) ?? 0) * (number(dataSet, Tag.Columns) ?? 0);
  if (encoded.bytes.length < pixels * 2) throw new Unusable("some of its pixels are missing");
  const rgb = { vr: "CS", Value: ["RGB"] };
  addMetadata(frame.imageId, { ...dataSet, [Tag.PhotometricInterpretation]: rgb });
  return { ...encoded, bytes: rgbFrom422(encoded.bytes, pixels) };
}

function replacePixels(image: Types.IImage, pixels: Int16Array | Uint16Array): void {
  const { width, height } = image;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of pixels) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  Object.assign(image, {
    voxelManager: utilities.VoxelManager.createImageVoxelManager({
      scalarData: pixels,
      width,
      height,
      numberOfComponents: 1,
    }),
    getPixelData: () => pixels,
    dataType: pixels.constructor.name,
    minPixelValue: min,
    maxPixelValue: max,
    sizeInBytes: pixels.byteLength,
  });
}

async function fetchFrame(
  dicomweb: DicomWeb,
  imageId: string,
  signal: AbortSignal,
  options: Record<string, unknown>,
): Promise<Types.IImage> {
  const frame = framesById.get(imageId);
  if (!frame) throw new Unusable(`nothing is known of ${imageId}`);
  const { dataSet, url } = frame;
  const photometric = text(dataSet, Tag.PhotometricInterpretation);
  if (!PHOTOMETRIC.has(photometric)) throw new Unusable(`its colours are written as "${photometric}"`);
  const fetchBulk = (uri: string) => dicomweb.bulkData(url, uri, signal);
  if (needsPalette(dataSet)) addMetadata(imageId, await withPalette(dataSet, fetchBulk));
  const lut = await modalityLut(dataSet, fetchBulk);
  const priority = options.requestType === "interaction" ? "high" : "low";
  const encoded = unfolded(frame, await dicomweb.frame(url, signal, priority));
  const image = await decode(imageId, encoded, options);
  checkSize(image);
  if (lut) replacePixels(image, throughLut(image.getPixelData(), lut));
  return image;
}

/** Half of the cores decode, at most four: the rest of the machine keeps drawing. */
function workers(): number {
  return Math.min(4, Math.max(1, Math.floor((navigator.hardwareConcurrency || 2) / 2)));
}

/** Decoded pixels that the page keeps at most, of all series (bytes); the longest unused go first. */
const CACHE = 1_500_000_000;

let server: DicomWeb;

export function startLoader(dicomweb: DicomWeb): void {
  server = dicomweb;
  initCore({ rendering: { webGlContextCount: 1 } } as Parameters<typeof initCore>[0]);
  cache.setMaxCacheSize(CACHE);
  initDecoders({ maxWebWorkers: workers() });
  metaData.addProvider(windowProvider, 10_000);
}

/**
 * Loads a frame into Cornerstone's cache; the same frame asked for twice is fetched once. The viewport is given
 * only images that are there, because Cornerstone keeps silent about those that fail.
 */
export function load({ imageId }: Frame, purpose: "interaction" | "prefetch"): Promise<Types.IImage> {
  const known = cache.getImageLoadObject(imageId);
  if (known) return known.promise;
  const abort = new AbortController();
  const priority = purpose === "interaction" ? -5 : 5;
  const promise = fetchFrame(server, imageId, abort.signal, {
    requestType: purpose,
    priority,
    useRGBA: false,
  });
  // A failure is answered by whoever asked; the cache only forgets the image.
  cache.putImageLoadObject(imageId, { promise, cancelFn: () => abort.abort() }).catch(() => {});
  return promise;
}

/** True for a frame whose pixels are colours: windows do not apply to it. */
export function isColor(frame: Frame): boolean {
  return !/^MONOCHROME[12]$/.test(text(frame.dataSet, Tag.PhotometricInterpretation));
}
