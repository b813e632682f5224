/** The attributes of a data set (PS3.18 Annex F) as rows to be read, whatever their sender put into them. */
import type { Attribute, DataSet } from "../dicom/dataset.ts";
import { _, _n } from "../words/say.ts";
import { attributeName, uidName } from "./names.ts";

export interface Row {
  /** Names the row among all of its data set: tags and places of items, as "00081140 0 00081150". */
  readonly path: string;
  /** "(0010,0010)" */
  readonly tag: string;
  readonly name: string;
  /** Two letters; "" where the data set does not say. */
  readonly vr: string;
  /** As it is shown; "" of an empty one. */
  readonly value: string;
  /** Items of a sequence; null of any other attribute. */
  readonly items: readonly DataSet[] | null;
}

/** Characters and values that are shown of one attribute. */
const LONGEST = 160;
const MOST_VALUES = 64;

/** Nobody nests so deep to say something. */
const DEEPEST = 32;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Control characters would vanish, or move what follows. */
function visible(words: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return words.replace(/\r?\n/g, " ⏎ ").replace(/[\u0000-\u001F\u007F-\u009F]/g, "�");
}

function one(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (!isRecord(value)) return String(value);
  // A person's name, in up to three scripts (PS3.18 F.2.2).
  const groups = ["Alphabetic", "Ideographic", "Phonetic"].map((name) => value[name]);
  return groups.filter((group) => typeof group === "string" && group !== "").join(" = ");
}

/** Bytes that base 64 stands for. */
function bytesOf(base64: string): number {
  return Math.max(0, Math.floor((base64.length * 3) / 4) - (/=*$/.exec(base64)?.[0].length ?? 0));
}

/** The whole of a value, as it is searched. */
function whole({ vr, Value, InlineBinary, BulkDataURI }: Attribute): string {
  if (typeof BulkDataURI === "string") return _("Large value, left on the DICOM Server");
  if (typeof InlineBinary === "string") {
    const n = bytesOf(InlineBinary);
    return _n("{n} byte", "{n} bytes", n);
  }
  if (!Array.isArray(Value)) return "";
  const words = visible(Value.map(one).join(" \\ "));
  const name = vr === "UI" && Value.length === 1 ? uidName(words.trim()) : "";
  return name === "" ? words : `${words} (${name})`;
}

function shortened(attribute: Attribute): string {
  const { Value } = attribute;
  const count = Array.isArray(Value) ? Value.length : 0;
  const words = whole(
    count > MOST_VALUES ? { ...attribute, Value: Value?.slice(0, MOST_VALUES) ?? [] } : attribute,
  );
  const some = words.length > LONGEST ? words.slice(0, LONGEST) : words;
  if (count > MOST_VALUES) return _("{some} … {count} values", { some, count });
  if (some === words) return words;
  return _("{some} … {count} characters", { some, count: words.length });
}

function itemsOf({ vr, Value }: Attribute): readonly DataSet[] | null {
  const values = Array.isArray(Value) ? Value : [];
  if (vr !== "SQ") return null;
  return values.filter(isRecord) as DataSet[];
}

function rowOf(tag: string, attribute: Attribute, ds: DataSet, under: string): Row {
  const items = itemsOf(attribute);
  return {
    path: under === "" ? tag : `${under} ${tag}`,
    tag: `(${tag.slice(0, 4)},${tag.slice(4)})`,
    name: visible(attributeName(tag, ds)),
    vr: typeof attribute.vr === "string" ? visible(attribute.vr).slice(0, 2) : "",
    value: items ? _n("{n} item", "{n} items", items.length) : shortened(attribute),
    items,
  };
}

/** The rows of one data set, by tag; what is no attribute is left out. */
export function rowsOf(ds: DataSet, under = ""): Row[] {
  return Object.keys(ds)
    .filter((tag) => /^[0-9A-F]{8}$/.test(tag) && isRecord(ds[tag]))
    .sort()
    .map((tag) => rowOf(tag, ds[tag] ?? {}, ds, under));
}

/** A row that was found, and in which sequences it lies. */
export interface Found {
  readonly row: Row;
  /** "Referenced Image Sequence, item 2" from the outside in. */
  readonly within: readonly string[];
}

/** Letters and digits alone: "PatientName" finds "Patient's Name", "00100010" finds "(0010,0010)". */
function letters(words: string): string {
  return words
    .toLowerCase()
    .replace(/'s\b/g, "")
    .replace(/[^\p{L}\p{N}]/gu, "");
}

function fits(row: Row, attribute: Attribute, words: string, plain: string): boolean {
  if (plain !== "" && (letters(row.name).includes(plain) || letters(row.tag).includes(plain))) return true;
  if (row.vr.toLowerCase() === words) return true;
  return (row.items ? "" : whole(attribute)).toLowerCase().includes(words);
}

/**
 * Looks for a text in tags, names and values, sequences included.
 *
 * `most` rows are kept; `count` says how many there are.
 */
export function find(ds: DataSet, query: string, most: number): { found: readonly Found[]; count: number } {
  const words = query.trim().toLowerCase();
  const plain = letters(words);
  const found: Found[] = [];
  let count = 0;
  const look = (level: DataSet, under: string, within: readonly string[]) => {
    for (const row of rowsOf(level, under)) {
      const attribute = level[row.path.slice(-8)] ?? {};
      if (fits(row, attribute, words, plain)) {
        count += 1;
        if (found.length < most) found.push({ row, within });
      }
      if (within.length >= DEEPEST) continue;
      row.items?.forEach((item, at) => {
        const place = _("{name}, item {n}", { name: row.name, n: at + 1 });
        look(item, `${row.path} ${at}`, [...within, place]);
      });
    }
  };
  look(ds, "", []);
  return { found, count };
}
