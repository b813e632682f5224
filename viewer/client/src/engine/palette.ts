/** Colour tables of PALETTE COLOR images (PS3.3 C.7.9). */
import { type DataSet, number, numbers, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import type { Palette } from "./decoding/task.ts";
import { entriesOf, type FetchBulkData, tableValues } from "./tables.ts";

/** Descriptor, data and segmented data of red, green, blue. */
const TABLES = [
  ["00281101", "00281201", "00281221"],
  ["00281102", "00281202", "00281222"],
  ["00281103", "00281203", "00281223"],
] as const;

const DISCRETE = 0;
const LINEAR = 1;
const INDIRECT = 2;

/** No table is longer (PS3.3 C.7.6.3.1.5). */
const MAX_ENTRIES = 65_536;

function damaged(): Unusable {
  return new Unusable(_("its colour table is damaged"));
}

/** From the last value to `end` in `length` even steps. */
function line(out: number[], end: number, length: number): void {
  const start = out.at(-1);
  if (start === undefined) throw damaged();
  for (let step = 1; step <= Math.min(length, MAX_ENTRIES); step += 1) {
    out.push(Math.round(start + ((end - start) * step) / length));
  }
}

/**
 * A segmented table (PS3.3 C.7.9.2) written out: runs of values, straight lines to a value, and repetitions of
 * earlier segments.
 */
export function writtenOut(segmented: readonly number[], entries: number): number[] {
  const out: number[] = [];
  const limit = Math.min(entries, MAX_ENTRIES);
  const take = (from: number, count: number, mayRefer: boolean): void => {
    let at = from;
    for (let taken = 0; taken < count && at + 1 < segmented.length && out.length < limit; taken += 1) {
      const kind = segmented[at];
      const length = segmented[at + 1] as number;
      if (kind === DISCRETE) {
        out.push(...segmented.slice(at + 2, at + 2 + length));
        at += 2 + length;
      } else if (kind === LINEAR) {
        line(out, segmented[at + 2] ?? 0, length);
        at += 3;
      } else if (kind === INDIRECT && mayRefer) {
        // The place is counted in words, its lower half first.
        take((segmented[at + 2] ?? 0) + 65_536 * (segmented[at + 3] ?? 0), length, false);
        at += 4;
      } else throw damaged();
    }
  };
  take(0, Number.POSITIVE_INFINITY, true);
  return out.slice(0, limit);
}

/** Entries of 16 bits by their upper byte; some writers put values of 8 bits into 16. */
function upperBytes(values: readonly number[], bits: number): number[] {
  const deep = bits > 8 && values.some((value) => value > 255);
  return values.map((value) => (deep ? value >> 8 : value) & 255);
}

async function columnOf(
  ds: DataSet,
  [descriptorTag, dataTag, segmentedTag]: (typeof TABLES)[number],
  fetchBulk: FetchBulkData,
): Promise<number[]> {
  const descriptor = numbers(ds, descriptorTag);
  const bits = descriptor[2] ?? 16;
  const entries = entriesOf(descriptor);
  const isSegmented = ds[dataTag] === undefined && ds[segmentedTag] !== undefined;
  if (!isSegmented) return upperBytes(await tableValues(ds[dataTag], entries, fetchBulk), bits);
  return upperBytes(writtenOut(await tableValues(ds[segmentedTag], null, fetchBulk), entries), bits);
}

/** The colours of a PALETTE COLOR image, or null of any other. Throws Unusable where they are damaged. */
export async function paletteOf(ds: DataSet, fetchBulk: FetchBulkData): Promise<Palette | null> {
  return text(ds, Tag.PhotometricInterpretation) === "PALETTE COLOR" ? tablesOf(ds, fetchBulk) : null;
}

/** The colours that a grey image has for its upper values (PS3.3 C.7.6.19), or null where it has none. */
export async function supplementalPaletteOf(ds: DataSet, fetchBulk: FetchBulkData): Promise<Palette | null> {
  const isColored = /^(COLOR|MIXED)$/.test(text(ds, Tag.PixelPresentation));
  const hasTables = ds[TABLES[0][0]] !== undefined;
  if (!isColored || !hasTables || text(ds, Tag.PhotometricInterpretation) === "PALETTE COLOR") return null;
  return tablesOf(ds, fetchBulk);
}

async function tablesOf(ds: DataSet, fetchBulk: FetchBulkData): Promise<Palette> {
  const columns = await Promise.all(TABLES.map((tags) => columnOf(ds, tags, fetchBulk)));
  const length = Math.max(...columns.map((column) => column.length));
  const rgb = new Uint8Array(length * 3);
  columns.forEach((column, color) => {
    for (let entry = 0; entry < length; entry += 1) {
      rgb[entry * 3 + color] = column[Math.min(entry, column.length - 1)] as number;
    }
  });
  const stated = numbers(ds, TABLES[0][0])[1] ?? 0;
  const signed = number(ds, Tag.PixelRepresentation) === 1;
  return { first: signed && stated > 32_767 ? stated - 65_536 : stated, rgb };
}
