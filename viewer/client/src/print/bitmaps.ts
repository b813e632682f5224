/** Renders the parts of pages, one page after the other, so that hundreds of images never lie in memory at once. */
import { _ } from "../words/say.ts";
import { getPictures } from "./getting.ts";
import { contextOf } from "./image.ts";
import type { Choice, Item, Subject } from "./job.ts";
import { type Part, pagesFor, partsOf } from "./paper.ts";
import { type Box, pixelsFor } from "./plan.ts";

export interface Job {
  readonly subject: Subject;
  readonly choice: Choice;
  readonly items: readonly Item[];
  readonly now: Date;
}

/** A part as a picture, and where it stands on the page (mm). */
export interface Bitmap {
  readonly box: Box;
  readonly jpeg: Blob;
}

/** Dots an inch: of images as good printers resolve greys, of letters finer. */
const IMAGE_DOTS = 200;
const WORD_DOTS = 300;

const QUALITY = 0.93;

async function bitmapOf(part: Part): Promise<Bitmap> {
  const dots = part.kind === "image" ? IMAGE_DOTS : WORD_DOTS;
  const size = { width: pixelsFor(part.box.width, dots), height: pixelsFor(part.box.height, dots) };
  const canvas = new OffscreenCanvas(size.width, size.height);
  part.draw(contextOf(canvas), size);
  const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  return { box: part.box, jpeg };
}

export interface Progress {
  /** Says how far it is. */
  say(words: string): void;
}

/** Renders each page and hands it on; `failed` counts images that are missing on paper. */
export async function eachPage(
  { subject, choice, items, now }: Job,
  signal: AbortSignal,
  progress: Progress,
  take: (bitmaps: readonly Bitmap[], page: number) => Promise<void> | void,
): Promise<{ failed: number }> {
  const pages = pagesFor(items, choice);
  let failed = 0;
  for (const [index, onPage] of pages.entries()) {
    const page = index + 1;
    progress.say(_("Page {page} of {pages}", { page, pages: pages.length }));
    const pictures = await getPictures(subject.study, onPage, signal);
    failed += [...pictures.values()].filter((picture) => picture instanceof Error).length;
    const parts = partsOf({ subject, choice, items: onPage, page, pages: pages.length, now }, pictures);
    const bitmaps: Bitmap[] = [];
    for (const part of parts) {
      signal.throwIfAborted();
      bitmaps.push(await bitmapOf(part));
    }
    await take(bitmaps, page);
  }
  return { failed };
}
