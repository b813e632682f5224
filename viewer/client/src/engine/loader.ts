/** Loads frames from their DICOM Servers, for a reader who waits or ahead of that, and keeps their pictures. */

import { text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { type BundleEvents, type EncodedFrame, keyOf, seriesPathOf } from "../http/bundles.ts";
import { ComingFrame, takeEarly } from "../http/coming_frame.ts";
import type { DicomWeb } from "../http/dicomweb.ts";
import { Unusable } from "../http/failures.ts";
import { prepareDecoders } from "./decoding/pool.ts";
import { descriptionOf } from "./describing.ts";
import { isMade } from "./made.ts";
import { PictureMemory } from "./memory.ts";
import type { Picture } from "./picture.ts";
import { pictureFrom } from "./pictures.ts";
import { traffic } from "./traffic.ts";

/** Whether a reader waits for it, or may once. */
export type Purpose = "interaction" | "prefetch";

interface Loading {
  readonly promise: Promise<Picture>;
  readonly abort: AbortController;
}

/** Decoded pixels that the page keeps at most, of all series (bytes). */
export const MEMORY = 1_500_000_000;

/** A frame that is on its way in a bundle is asked for again by a reader who has waited for this long (ms). */
const PATIENCE = 150;

const sources = new Map<string, DicomWeb>();
/** What readers wait for. */
const running = new Map<string, Loading>();
/** What is on its way in bundles: called with the picture, or null where it will not come. */
const coming = new Map<string, Set<(picture: Picture | null) => void>>();
const memory = new PictureMemory(MEMORY);
let forgotten = new AbortController();

/** Says from which DICOM Server frames come. */
export function registerFrames(frames: readonly Frame[], dicomweb: DicomWeb): void {
  for (const { imageId } of frames) sources.set(imageId, dicomweb);
}

function sourceOf({ imageId }: Frame): DicomWeb {
  const source = sources.get(imageId);
  if (!source) throw new Unusable(`nothing is known of ${imageId}`);
  return source;
}

async function fetchFrame(
  frame: Frame,
  signal: AbortSignal,
  priority: RequestPriority,
  onShare: (share: number) => void,
): Promise<EncodedFrame> {
  const early = takeEarly(frame);
  const coming = early ?? new ComingFrame(sourceOf(frame), frame, { priority, signal });
  coming.hear({ begins: prepareDecoders, progress: onShare });
  try {
    return await coming.bytes;
  } catch (error) {
    if (!early || signal.aborted) throw error;
    return await fetchFrame(frame, signal, priority, onShare);
  }
}

/** The picture of a frame, if it is in memory or made here. */
export function pictureOf(frame: Frame): Picture | null {
  return isMade(frame) ? frame.make() : memory.get(frame.imageId);
}

export function isLoaded(frame: Frame): boolean {
  return isMade(frame) || memory.has(frame.imageId);
}

/** The picture of a frame that is on its way in a bundle, unless that takes longer than `patience` (ms). */
function fromBundle({ imageId }: Frame, patience: number): Promise<Picture | null> {
  const hearers = coming.get(imageId);
  if (!hearers) return Promise.resolve(null);
  return new Promise((resolve) => {
    const hear = (picture: Picture | null) => {
      clearTimeout(timer);
      hearers.delete(hear);
      resolve(picture);
    };
    const timer = setTimeout(() => hear(null), patience);
    hearers.add(hear);
  });
}

async function fetchPicture(
  frame: Frame,
  purpose: Purpose,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<Picture> {
  // What cannot be shown is not asked for.
  descriptionOf(frame.dataSet);
  const isUrgent = purpose === "interaction";
  const came = await fromBundle(frame, isUrgent ? PATIENCE : 10 * PATIENCE);
  if (came) return came;
  const bytes = fetchFrame(frame, signal, isUrgent ? "high" : "low", onShare);
  const picture = await pictureFrom(frame, sourceOf(frame), bytes, isUrgent, signal);
  if (!signal.aborted) memory.put(frame.imageId, picture);
  return picture;
}

/**
 * Loads a frame; the same frame asked for twice is fetched once. `onShare` hears how much of it has come, from 0 to 1.
 */
export function load(
  frame: Frame,
  purpose: Purpose,
  onShare: (share: number) => void = () => {},
): Promise<Picture> {
  const known = pictureOf(frame);
  if (known) return Promise.resolve(known);
  const asked = running.get(frame.imageId);
  if (asked) return asked.promise;
  const abort = new AbortController();
  const fetched = () => fetchPicture(frame, purpose, abort.signal, onShare);
  const promise = (purpose === "interaction" ? traffic.first(fetched) : fetched()).finally(() => {
    running.delete(frame.imageId);
  });
  running.set(frame.imageId, { promise, abort });
  return promise;
}

/**
 * Loads several frames of one series before anybody waits for them, and tells of each; rejects where the rest will
 * not come.
 */
export async function loadAhead(
  frames: readonly Frame[],
  abandoned: AbortSignal,
  settled: (frame: Frame, error?: unknown) => void,
): Promise<void> {
  const signal = AbortSignal.any([abandoned, forgotten.signal]);
  const wanted = new Map(frames.filter((frame) => !isLoaded(frame)).map((frame) => [keyOf(frame), frame]));
  for (const frame of frames) if (!wanted.has(keyOf(frame))) settled(frame);
  const [first] = wanted.values();
  if (!first) return;
  for (const { imageId } of wanted.values()) coming.set(imageId, new Set());
  const tell = ({ imageId }: Frame, picture: Picture | null) => {
    for (const hear of coming.get(imageId) ?? []) hear(picture);
    coming.delete(imageId);
  };
  const keep = async (frame: Frame, found: EncodedFrame | Error) => {
    try {
      if (found instanceof Error) throw found;
      const picture = await pictureFrom(frame, sourceOf(frame), found, false, signal);
      signal.throwIfAborted();
      memory.put(frame.imageId, picture);
      tell(frame, picture);
      settled(frame);
    } catch (error) {
      tell(frame, null);
      if (!signal.aborted) settled(frame, error);
    }
  };
  const kept: Promise<void>[] = [];
  const events: BundleEvents = {
    came(name, found) {
      const frame = wanted.get(keyOf(name));
      if (frame) kept.push(keep(frame, found));
    },
  };
  try {
    await sourceOf(first).bundle(seriesPathOf(first.url), [...wanted.values()], events, signal, "low");
    await Promise.all(kept);
  } finally {
    for (const frame of wanted.values()) tell(frame, null);
  }
}

/** Lets go of one picture. */
export function forgetPicture({ imageId }: Frame): void {
  memory.delete(imageId);
}

/** Lets go of everything that was loaded, and of what is on its way. */
export function forgetPictures(): void {
  for (const { abort } of running.values()) abort.abort();
  forgotten.abort();
  forgotten = new AbortController();
  running.clear();
  memory.clear();
}

/** True for a frame whose pixels are colours: windows do not apply to it. */
export function isColor(frame: Frame): boolean {
  return !/^MONOCHROME[12]$/.test(text(frame.dataSet, Tag.PhotometricInterpretation));
}
