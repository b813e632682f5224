/** Chooses the shading of an image: the reader's window, or what the data set asks for. */
import { text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { ownWindow, voiFunction, type Window } from "../dicom/windows.ts";
import { negative, type Shading, windowShading } from "./rendering.ts";

/** The last shading made, so that an unchanged image is not shaded again. */
const kept = new WeakMap<Frame, { key: string; shading: Shading }>();

/** True where high values are dark (PS3.3 C.7.6.3.1.2). */
export function isMonochrome1({ dataSet }: Frame): boolean {
  return text(dataSet, Tag.PhotometricInterpretation) === "MONOCHROME1";
}

/** The shading of a frame; `isChosen` where the reader set the window. */
export function shadingOf(
  frame: Frame,
  window: Window | null,
  isChosen: boolean,
  inverted: boolean,
): Shading {
  const own = ownWindow(frame.dataSet);
  const by = isChosen || !own ? "LINEAR" : voiFunction(frame.dataSet);
  const { center, width } = window ?? { center: 128, width: 256 };
  const dark = isMonochrome1(frame) !== inverted;
  const key = `${center} ${width} ${by} ${dark}`;
  const known = kept.get(frame);
  if (known?.key === key) return known.shading;
  const plain = windowShading({ center, width }, by);
  const shading = dark ? negative(plain) : plain;
  kept.set(frame, { key, shading });
  return shading;
}
