/** What kind of object a series holds, by the SOP classes of its instances (PS3.4 B.5). */
import { type DataSet, number, text, texts } from "./dataset.ts";
import { Tag } from "./tags.ts";

export type Kind =
  | "images"
  | "document"
  | "report"
  | "key objects"
  | "presentation states"
  | "segmentation"
  | "structures"
  | "waveform"
  | "video"
  | "other";

const PREFIX = "1.2.840.10008.5.1.4.1.1.";
const KEY_OBJECTS = `${PREFIX}88.59`;
const SEGMENTATIONS = new Set([`${PREFIX}66.4`, `${PREFIX}66.7`]);
const STRUCTURES = `${PREFIX}481.3`;
const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-8](\.1)?$/;

/** The kind of one instance. */
export function kindOf(ds: DataSet): Kind {
  const sopClass = text(ds, Tag.SOPClassUID);
  if (sopClass.startsWith(`${PREFIX}104.`)) return "document";
  if (sopClass === KEY_OBJECTS) return "key objects";
  if (sopClass.startsWith(`${PREFIX}88.`)) return "report";
  if (sopClass.startsWith(`${PREFIX}11.`)) return "presentation states";
  if (SEGMENTATIONS.has(sopClass)) return "segmentation";
  if (sopClass === STRUCTURES) return "structures";
  if (sopClass.startsWith(`${PREFIX}9.`)) return "waveform";
  if (isVideo(ds)) return "video";
  return hasPixels(ds) ? "images" : "other";
}

const PIXELS = ["7FE00010", "7FE00008", "7FE00009"];

/** Some objects say how large their image is, and hold none. */
function hasPixels(ds: DataSet): boolean {
  const hasSize = (number(ds, Tag.Rows) ?? 0) > 0 && (number(ds, Tag.Columns) ?? 0) > 0;
  return hasSize && PIXELS.some((tag) => ds[tag] !== undefined);
}

/** True for MPEG-2, MPEG-4, HEVC streams, by the transfer syntax in which the server keeps them. */
export function isVideo(ds: DataSet): boolean {
  return texts(ds, Tag.AvailableTransferSyntaxUID).some((syntax) => VIDEO.test(syntax));
}

/** The kind of a series: images where there is one, else the kind of the first instance. */
export function kindOfSeries(instances: readonly DataSet[]): Kind {
  const kinds = instances.map(kindOf);
  return kinds.includes("images") ? "images" : (kinds[0] ?? "other");
}
