/** Coded concepts (PS3.3 8.8): their meaning in words. */
import { type DataSet, items, text } from "../dicom/dataset.ts";
import { ObjectTag } from "./tags.ts";

export interface Code {
  readonly value: string;
  readonly scheme: string;
  readonly meaning: string;
}

/** The first code of a sequence, or null. */
export function codeIn(ds: DataSet, sequence: string): Code | null {
  const [item] = items(ds, sequence);
  if (!item) return null;
  return {
    value: text(item, ObjectTag.CodeValue),
    scheme: text(item, ObjectTag.CodingSchemeDesignator),
    meaning: text(item, ObjectTag.CodeMeaning),
  };
}

/** What the first code of a sequence means; its value where it has no meaning; "" where there is none. */
export function meaningIn(ds: DataSet, sequence: string): string {
  const code = codeIn(ds, sequence);
  return code ? code.meaning || code.value : "";
}

/** Units as people write them: UCUM's own signs, without its words for "none" (PS3.16 CID 82 and others). */
export function unitIn(ds: DataSet, sequence: string): string {
  const code = codeIn(ds, sequence);
  if (!code) return "";
  if (code.value === "1" || /^\{.*\}$/.test(code.value))
    return code.value === "1" ? "" : code.value.slice(1, -1);
  return UNITS[code.value] ?? (code.scheme === "UCUM" ? code.value : code.meaning || code.value);
}

const UNITS: Readonly<Record<string, string>> = {
  "[hnsf'U]": "HU",
  mm2: "mm²",
  mm3: "mm³",
  cm2: "cm²",
  cm3: "cm³",
  deg: "°",
  um: "µm",
  um2: "µm²",
  "g/ml{SUVbw}": "SUV",
};
