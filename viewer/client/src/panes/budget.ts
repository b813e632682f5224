/** How many frames fit into memory. */
import { number, text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";

/** Frames like this one that fit into so many bytes, decoded; at least one. */
export function framesWithin(bytes: number, { dataSet }: Frame): number {
  const pixels = (number(dataSet, Tag.Rows) ?? 1) * (number(dataSet, Tag.Columns) ?? 1);
  const isGrey = text(dataSet, Tag.PhotometricInterpretation).startsWith("MONOCHROME");
  return Math.max(1, Math.floor(bytes / (pixels * (isGrey ? 2 : 3))));
}
