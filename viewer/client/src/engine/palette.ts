/** Brings the colour tables of PALETTE COLOR images (PS3.3 C.7.6.3.1.5) into numbers. */
import { type Attribute, type DataSet, numbers, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { Unusable } from "../http/failures.ts";

const TABLES = [
  ["00281101", "00281201"],
  ["00281102", "00281202"],
  ["00281103", "00281203"],
] as const;

export type FetchBulkData = (url: string) => Promise<Uint8Array<ArrayBuffer>>;

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

async function valuesOf(attribute: Attribute, entries: number, fetchBulk: FetchBulkData): Promise<number[]> {
  if (attribute.InlineBinary) return tableEntries(fromBase64(attribute.InlineBinary), entries);
  if (attribute.BulkDataURI) return tableEntries(await fetchBulk(attribute.BulkDataURI), entries);
  return (attribute.Value ?? []).filter((value) => typeof value === "number");
}

/** True for a data set whose colour tables are still to be read. */
export function needsPalette(ds: DataSet): boolean {
  return text(ds, Tag.PhotometricInterpretation) === "PALETTE COLOR";
}

/** The same data set with its colour tables as numbers. */
export async function withPalette(ds: DataSet, fetchBulk: FetchBulkData): Promise<DataSet> {
  const tables = await Promise.all(
    TABLES.map(async ([descriptorTag, dataTag]) => {
      const descriptor = numbers(ds, descriptorTag);
      const attribute = ds[dataTag];
      if (descriptor.length !== 3 || !attribute) throw new Unusable("the image's colour table is missing");
      // PS3.3 C.7.6.3.1.5: 0 stands for 65 536 entries.
      const values = await valuesOf(attribute, descriptor[0] || 65_536, fetchBulk);
      if (values.length === 0) throw new Unusable("the image's colour table is empty");
      return [dataTag, { vr: "US", Value: values }] as const;
    }),
  );
  return { ...ds, ...Object.fromEntries(tables) };
}
