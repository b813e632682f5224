/** Loads frames for Cornerstone: fetched by our own client (token, retries), decoded by its workers. */
import { imageLoader, init as initCore, metaData, type Types } from "@cornerstonejs/core";
import { createImage, init as initDecoders, wadors } from "@cornerstonejs/dicom-image-loader";
import { type DataSet, text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { ownWindow, voiFunction } from "../dicom/windows.ts";
import type { DicomWeb, EncodedFrame } from "../http/dicomweb.ts";
import { Undecodable, Unusable } from "../http/failures.ts";
import { needsPalette, withPalette } from "./palette.ts";

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

async function fetchFrame(
  dicomweb: DicomWeb,
  imageId: string,
  signal: AbortSignal,
  options: Record<string, unknown>,
): Promise<Types.IImage> {
  const frame = framesById.get(imageId);
  if (!frame) throw new Unusable(`nothing is known of ${imageId}`);
  const photometric = text(frame.dataSet, Tag.PhotometricInterpretation);
  if (!PHOTOMETRIC.has(photometric)) throw new Unusable(`its colours are written as "${photometric}"`);
  if (needsPalette(frame.dataSet)) {
    const dataSet = await withPalette(frame.dataSet, (url) => dicomweb.bulkData(frame.url, url, signal));
    addMetadata(imageId, dataSet);
  }
  const priority = options.requestType === "interaction" ? "high" : "low";
  const encoded = await dicomweb.frame(frame.url, signal, priority);
  const image = await decode(imageId, encoded, options);
  checkSize(image);
  return image;
}

function loadFrame(dicomweb: DicomWeb) {
  return (imageId: string, options: Record<string, unknown> = {}) => {
    const abort = new AbortController();
    return {
      promise: fetchFrame(dicomweb, imageId, abort.signal, options),
      cancelFn: () => abort.abort(),
    };
  };
}

/** Half of the cores decode, at most four: the rest of the machine keeps drawing. */
function workers(): number {
  return Math.min(4, Math.max(1, Math.floor((navigator.hardwareConcurrency || 2) / 2)));
}

export function startLoader(dicomweb: DicomWeb): void {
  initCore({ rendering: { webGlContextCount: 1 } } as Parameters<typeof initCore>[0]);
  initDecoders({ maxWebWorkers: workers() });
  imageLoader.registerImageLoader("wadors", loadFrame(dicomweb) as never);
  metaData.addProvider(windowProvider, 10_000);
}

/** Loads a frame into Cornerstone's cache; the same frame asked for twice is fetched once. */
export function load(frame: Frame, purpose: "interaction" | "prefetch"): Promise<Types.IImage> {
  const priority = purpose === "interaction" ? -5 : 5;
  return imageLoader.loadAndCacheImage(frame.imageId, {
    requestType: purpose,
    priority,
    useRGBA: false,
  } as never);
}

/** True for a frame whose pixels are colours: windows do not apply to it. */
export function isColor(frame: Frame): boolean {
  return !/^MONOCHROME[12]$/.test(text(frame.dataSet, Tag.PhotometricInterpretation));
}
