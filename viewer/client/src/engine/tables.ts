/** Reads the look-up tables that a data set brings: colour tables and the modality LUT. */
import { type Attribute, type DataSet, items, numbers, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { Unusable } from "../http/failures.ts";
import type { Palette } from "./decoding/task.ts";
import type { GreyPicture } from "./picture.ts";

const COLOR_TABLES = [
  ["00281101", "00281201"],
  ["00281102", "00281202"],
  ["00281103", "00281203"],
] as const;

/** X-Ray angiography and fluoroscopy: their modality LUT is not meant for display (PS3.3 C.8.7.1.1.2). */
const LUT_NOT_FOR_DISPLAY = new Set(["1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"]);

export type FetchBulkData = (url: string) => Promise<Uint8Array<ArrayBuffer>>;

/** A modality LUT (PS3.3 C.11.1.1): stored values from `first` on, each to its entry. */
export interface LookupTable {
  readonly first: number;
  readonly entries: readonly number[];
}

function fromBase64(value: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
}

/** Entries of a table stored as bytes: of one byte each where they are packed, else 16 bit little endian. */
export function tableEntries(bytes: Uint8Array<ArrayBuffer>, entries: number): number[] {
  const packed = bytes.length < entries * 2;
  if (packed) return Array.from(bytes.subarray(0, entries));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: entries }, (_, index) => view.getUint16(index * 2, true));
}

async function valuesOf(
  attribute: Attribute | undefined,
  descriptor: readonly number[],
  fetchBulk: FetchBulkData,
): Promise<number[]> {
  // PS3.3 C.7.6.3.1.5 and C.11.1.1.1: 0 stands for 65 536 entries.
  const count = descriptor[0] || 65_536;
  if (!attribute || descriptor.length !== 3) throw new Unusable("one of its look-up tables is missing");
  let values: number[];
  if (attribute.InlineBinary) values = tableEntries(fromBase64(attribute.InlineBinary), count);
  else if (attribute.BulkDataURI) values = tableEntries(await fetchBulk(attribute.BulkDataURI), count);
  else values = (attribute.Value ?? []).filter((value) => typeof value === "number");
  if (values.length === 0) throw new Unusable("one of its look-up tables is empty");
  return values;
}

/** The colour tables of a PALETTE COLOR image, or null of any other. */
export async function paletteOf(ds: DataSet, fetchBulk: FetchBulkData): Promise<Palette | null> {
  if (text(ds, Tag.PhotometricInterpretation) !== "PALETTE COLOR") return null;
  const read = async ([descriptorTag, dataTag]: readonly [string, string]) =>
    valuesOf(ds[dataTag], numbers(ds, descriptorTag), fetchBulk);
  const [red, green, blue] = COLOR_TABLES;
  const tables = await Promise.all([read(red), read(green), read(blue)]);
  const [, first = 0, bits = 16] = numbers(ds, red[0]);
  return { first, bits, tables };
}

/** The modality LUT of an image, or null where it has none for display. */
export async function modalityLut(ds: DataSet, fetchBulk: FetchBulkData): Promise<LookupTable | null> {
  const [item] = items(ds, Tag.ModalityLUTSequence);
  if (!item || LUT_NOT_FOR_DISPLAY.has(text(ds, Tag.SOPClassUID))) return null;
  const descriptor = numbers(item, Tag.LUTDescriptor);
  const entries = await valuesOf(item[Tag.LUTData], descriptor, fetchBulk);
  return { first: descriptor[1] ?? 0, entries };
}

/** The picture with its stored values through the table; values outside of it take its first or last entry. */
export function throughLut(picture: GreyPicture, { first, entries }: LookupTable): GreyPicture {
  const { stored } = picture;
  const signed = entries.some((entry) => entry < 0);
  const mapped = signed ? new Int16Array(stored.length) : new Uint16Array(stored.length);
  const last = entries.length - 1;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < stored.length; index += 1) {
    const at = (stored[index] ?? 0) - first;
    const value = entries[at < 0 ? 0 : at > last ? last : at] ?? 0;
    mapped[index] = value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // The table takes the place of the rescale, and padding has gone through it too.
  return { ...picture, stored: mapped, min, max, padding: null, rescale: { slope: 1, intercept: 0 } };
}
