/** Reads attributes out of DICOM JSON (PS3.18 Annex F) without trusting what it holds. */

export interface Attribute {
  readonly vr?: string;
  readonly Value?: readonly unknown[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}

/** One data set: eight hexadecimal digits of the tag, upper case, to attribute. */
export type DataSet = Readonly<Record<string, Attribute | undefined>>;

function isDataSet(value: unknown): value is DataSet {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** All values of a text attribute; what is no text or number is left out. */
export function texts(ds: DataSet, tag: string): string[] {
  return (ds[tag]?.Value ?? [])
    .filter((value) => typeof value === "string" || typeof value === "number")
    .map((value) => String(value).trim());
}

/** First value of a text attribute, or "". */
export function text(ds: DataSet, tag: string): string {
  return texts(ds, tag)[0] ?? "";
}

/** All values of a numeric attribute; "NaN" stands where one is not a finite number. */
export function numbers(ds: DataSet, tag: string): number[] {
  return (ds[tag]?.Value ?? []).map((value) => {
    if (typeof value === "number") return value;
    return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
  });
}

/** First value of a numeric attribute, or null where it is absent or not finite. */
export function number(ds: DataSet, tag: string): number | null {
  const value = numbers(ds, tag)[0];
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Exactly `length` finite values, or null. */
export function vector(ds: DataSet, tag: string, length: number): number[] | null {
  const values = numbers(ds, tag);
  return values.length === length && values.every(Number.isFinite) ? values : null;
}

/** Items of a sequence. */
export function items(ds: DataSet, tag: string): DataSet[] {
  return (ds[tag]?.Value ?? []).filter(isDataSet);
}

/** The alphabetic group of a person's name, else the ideographic one, as sent. */
export function personName(ds: DataSet, tag: string): string {
  const value = ds[tag]?.Value?.[0];
  if (typeof value === "string") return value;
  if (!isDataSet(value)) return "";
  const groups = value as Readonly<Record<string, unknown>>;
  for (const group of ["Alphabetic", "Ideographic", "Phonetic"]) {
    const name = groups[group];
    if (typeof name === "string" && name.trim() !== "") return name;
  }
  return "";
}

/** The answer of a metadata request as data sets. */
export function dataSets(json: unknown): DataSet[] {
  return Array.isArray(json) ? json.filter(isDataSet) : [];
}
