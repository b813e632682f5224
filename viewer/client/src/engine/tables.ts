/** Reads look-up tables out of data sets: modality, VOI and presentation LUTs (PS3.3 C.11.1, C.11.2, C.11.6). */
import { type Attribute, type DataSet, items, number, numbers, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import type { GreyPicture } from "./picture.ts";

/** X-Ray angiography and fluoroscopy: their modality LUT is not meant for display (PS3.3 C.8.7.1.1.2). */
const LUT_NOT_FOR_DISPLAY = new Set(["1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2"]);

export type FetchBulkData = (url: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Values from `first` on, each to its entry; entries have `bits` bits. */
export interface LookupTable {
  readonly first: number;
  readonly entries: readonly number[];
  readonly bits: number;
}

function fromBase64(value: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
}

/** Entries of a table stored as bytes: of one byte each where they are packed, else 16 bit little endian. */
export function tableEntries(bytes: Uint8Array<ArrayBuffer>, entries: number): number[] {
  const packed = bytes.length < entries * 2;
  if (packed) return Array.from(bytes.subarray(0, entries));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: entries }, (_entry, index) => view.getUint16(index * 2, true));
}

/** The bytes of a value that came inline or lies elsewhere; null where it came as numbers. */
export async function binaryOf(
  attribute: Attribute,
  fetchBulk: FetchBulkData,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (attribute.InlineBinary) return fromBase64(attribute.InlineBinary);
  return attribute.BulkDataURI ? fetchBulk(attribute.BulkDataURI) : null;
}

/** The entries of a table; as many as there are where nobody counted them. */
export async function tableValues(
  attribute: Attribute | undefined,
  count: number | null,
  fetchBulk: FetchBulkData,
): Promise<number[]> {
  if (!attribute) throw new Unusable(_("one of its look-up tables is missing"));
  const bytes = await binaryOf(attribute, fetchBulk);
  const values = bytes
    ? tableEntries(bytes, count ?? bytes.length >> 1)
    : (attribute.Value ?? []).filter((value) => typeof value === "number");
  if (values.length === 0) throw new Unusable(_("one of its look-up tables is empty"));
  return count === null ? values : values.slice(0, count);
}

/** Entries that a descriptor counts: 0 stands for 65 536 (PS3.3 C.11.1.1.1). */
export function entriesOf(descriptor: readonly number[]): number {
  if (descriptor.length !== 3) throw new Unusable(_("one of its look-up tables is missing"));
  return descriptor[0] || 65_536;
}

/** The table of an item with LUT Descriptor and LUT Data; `signed`: how the values that go in are meant. */
export async function lookupTable(
  item: DataSet,
  signed: boolean,
  fetchBulk: FetchBulkData,
): Promise<LookupTable> {
  const descriptor = numbers(item, Tag.LUTDescriptor);
  const entries = await tableValues(item[Tag.LUTData], entriesOf(descriptor), fetchBulk);
  const [, stated = 0, bits = 16] = descriptor;
  return { first: signed && stated > 32_767 ? stated - 65_536 : stated, entries, bits };
}

/** The modality LUT of an image, or null where it has none for display. */
export async function modalityLut(ds: DataSet, fetchBulk: FetchBulkData): Promise<LookupTable | null> {
  const [item] = items(ds, Tag.ModalityLUTSequence);
  if (!item || LUT_NOT_FOR_DISPLAY.has(text(ds, Tag.SOPClassUID))) return null;
  return lookupTable(item, number(ds, Tag.PixelRepresentation) === 1, fetchBulk);
}

/** The first VOI LUT of an image, or null where it has none. */
export async function voiLut(ds: DataSet, fetchBulk: FetchBulkData): Promise<LookupTable | null> {
  const [item] = items(ds, Tag.VOILUTSequence);
  if (!item) return null;
  // What goes in comes out of the modality transformation, which may make values negative.
  const signed = number(ds, Tag.PixelRepresentation) === 1 || (number(ds, Tag.RescaleIntercept) ?? 0) < 0;
  return lookupTable(item, signed, fetchBulk);
}

/** One value through the table; values outside of it take its first or last entry. */
export function looked(value: number, { first, entries }: LookupTable): number {
  const last = entries.length - 1;
  const at = Math.round(value) - first;
  return entries[at < 0 ? 0 : at > last ? last : at] ?? 0;
}

/** The picture with its stored values through the table. */
export function throughLut(picture: GreyPicture, lut: LookupTable): GreyPicture {
  const { stored } = picture;
  const signed = lut.entries.some((entry) => entry < 0);
  const mapped = signed ? new Int16Array(stored.length) : new Uint16Array(stored.length);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < stored.length; index += 1) {
    const value = looked(stored[index] ?? 0, lut);
    mapped[index] = value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // The table takes the place of the rescale, and padding has gone through it too.
  return { ...picture, stored: mapped, min, max, padding: null, rescale: { slope: 1, intercept: 0 } };
}
