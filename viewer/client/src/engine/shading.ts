/** Chooses the shading of an image: the reader's window, or what the data set asks for. */
import { text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { ownWindow, statedWindow, voiFunction, type Window, windowFromPixels } from "../dicom/windows.ts";
import type { GreyPicture, Picture } from "./picture.ts";
import { negative, type Shading, tableShading, windowShading } from "./rendering.ts";
import type { LookupTable } from "./tables.ts";

/** Greys that something else than the image's own data set asks for; the same object as long as they are the same. */
export interface GivenGreys {
  readonly plain: Shading;
  readonly negative: Shading;
  /** The window that they stand for, or null where a table makes them. */
  readonly window: Window | null;
}

/** The last shading made, so that an unchanged image is not shaded again. */
const kept = new WeakMap<Frame, { key: string; shading: Shading }>();

/** True where high values are dark (PS3.3 C.7.6.3.1.2). */
export function isMonochrome1({ dataSet }: Frame): boolean {
  return text(dataSet, Tag.PhotometricInterpretation) === "MONOCHROME1";
}

/** The table of greys of an image that brings no window, or null. */
function ownTable(frame: Frame, picture: Picture): LookupTable | null {
  return picture.kind === "grey" && picture.voi && !statedWindow(frame.dataSet) ? picture.voi : null;
}

/** The shading of a frame; `isChosen` where the reader set the window. */
export function shadingOf(
  frame: Frame,
  picture: Picture,
  window: Window | null,
  isChosen: boolean,
  inverted: boolean,
): Shading {
  const own = ownWindow(frame.dataSet);
  const table = isChosen ? null : ownTable(frame, picture);
  const by = isChosen || !own ? "LINEAR" : voiFunction(frame.dataSet);
  const { center, width } = window ?? { center: 128, width: 256 };
  const dark = isMonochrome1(frame) !== inverted;
  const key = `${table ? "table" : `${center} ${width} ${by}`} ${dark}`;
  const known = kept.get(frame);
  if (known?.key === key) return known.shading;
  const plain = table ? tableShading(table) : windowShading({ center, width }, by);
  const shading = dark ? negative(plain) : plain;
  kept.set(frame, { key, shading });
  return shading;
}

/** A window for images that bring none: from what the first one holds. */
export function pixelWindow({ stored, rescale, padding }: GreyPicture): Window {
  const window = windowFromPixels(stored, padding);
  const slope = Math.abs(rescale.slope) || 1;
  return { center: window.center * rescale.slope + rescale.intercept, width: window.width * slope };
}
