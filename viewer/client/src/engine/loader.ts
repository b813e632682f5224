/** Loads frames: fetched from their DICOM Server, decoded by workers, kept in memory. */
import { text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import type { DicomWeb } from "../http/dicomweb.ts";
import { Undecodable, Unusable } from "../http/failures.ts";
import { decode } from "./decoding/pool.ts";
import { type Decoded, type DecodeTask, Flawed } from "./decoding/task.ts";
import { descriptionOf, flawWords, paddingOf, rescaleOf } from "./describing.ts";
import { isMade } from "./made.ts";
import { PictureMemory } from "./memory.ts";
import { paletteOf } from "./palette.ts";
import type { GreyPicture, Picture } from "./picture.ts";
import { modalityLut, throughLut, voiLut } from "./tables.ts";

export type Purpose = "interaction" | "prefetch";

interface Loading {
  readonly promise: Promise<Picture>;
  readonly abort: AbortController;
}

/** Decoded pixels that the page keeps at most, of all series (bytes). */
export const MEMORY = 1_500_000_000;

const sources = new Map<string, DicomWeb>();
const running = new Map<string, Loading>();
const memory = new PictureMemory(MEMORY);

/** Says from which DICOM Server frames come. */
export function registerFrames(frames: readonly Frame[], dicomweb: DicomWeb): void {
  for (const { imageId } of frames) sources.set(imageId, dicomweb);
}

async function decoded(task: DecodeTask, purpose: Purpose): Promise<Decoded> {
  try {
    return await decode(task, purpose === "interaction");
  } catch (error) {
    if (error instanceof Flawed)
      throw new Unusable(flawWords(error.flaw, task.description), { cause: error });
    throw new Undecodable(task.transferSyntax, error);
  }
}

async function fetchPicture(frame: Frame, purpose: Purpose, signal: AbortSignal): Promise<Picture> {
  const { dataSet, url, imageId } = frame;
  const source = sources.get(imageId);
  if (!source) throw new Unusable(`nothing is known of ${imageId}`);
  const description = descriptionOf(dataSet);
  const fetchBulk = (uri: string) => source.bulkData(url, uri, signal);
  const [palette, lut, voi, encoded] = await Promise.all([
    paletteOf(dataSet, fetchBulk),
    modalityLut(dataSet, fetchBulk),
    voiLut(dataSet, fetchBulk),
    source.frame(url, signal, purpose === "interaction" ? "high" : "low"),
  ]);
  const { bytes, transferSyntax } = encoded;
  const found = await decoded({ bytes, transferSyntax, description, palette }, purpose);
  const { rows, columns } = description;
  if (found.kind === "color") return { kind: "color", rows, columns, rgb: found.rgb };
  const grey: GreyPicture = {
    kind: "grey",
    rows,
    columns,
    stored: found.values,
    min: found.min,
    max: found.max,
    padding: paddingOf(dataSet, description),
    rescale: rescaleOf(dataSet),
    voi,
  };
  return lut ? throughLut(grey, lut) : grey;
}

/** The picture of a frame, if it is in memory or made here. */
export function pictureOf(frame: Frame): Picture | null {
  return isMade(frame) ? frame.make() : memory.get(frame.imageId);
}

export function isLoaded(frame: Frame): boolean {
  return isMade(frame) || memory.has(frame.imageId);
}

/** Loads a frame into memory; the same frame asked for twice is fetched once. */
export function load(frame: Frame, purpose: Purpose): Promise<Picture> {
  const known = pictureOf(frame);
  if (known) return Promise.resolve(known);
  const asked = running.get(frame.imageId);
  if (asked) return asked.promise;
  const abort = new AbortController();
  const promise = fetchPicture(frame, purpose, abort.signal)
    .then((picture) => {
      if (!abort.signal.aborted) memory.put(frame.imageId, picture);
      return picture;
    })
    .finally(() => running.delete(frame.imageId));
  running.set(frame.imageId, { promise, abort });
  return promise;
}

/** Lets go of one picture. */
export function forgetPicture({ imageId }: Frame): void {
  memory.delete(imageId);
}

/** Lets go of everything that was loaded, and of what is on its way. */
export function forgetPictures(): void {
  for (const { abort } of running.values()) abort.abort();
  running.clear();
  memory.clear();
}

/** True for a frame whose pixels are colours: windows do not apply to it. */
export function isColor(frame: Frame): boolean {
  return !/^MONOCHROME[12]$/.test(text(frame.dataSet, Tag.PhotometricInterpretation));
}
