/** Says how a mark compares with the one of the same name on an earlier study. */
import { plainNumber } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import { isMeasured, type Kind, type Mark } from "./marks.ts";
import type { Measured } from "./values.ts";

export interface Earlier {
  readonly mark: Mark;
  readonly measured: Measured;
  /** Date of its study as the page writes it. */
  readonly date: string;
}

export interface Comparison {
  readonly words: string;
  readonly change: "grown" | "shrunk" | "same";
}

/** A change of less than this is within what two hands differ by (mm, mm², degrees). */
const SAME = 0.05;

function plainText(text: string): string {
  return text.trim().replace(/\s+/g, " ").toLocaleLowerCase();
}

/** The value by which marks are compared, and its unit. */
export function comparable(measured: Measured): { value: number; unit: string } | null {
  switch (measured.kind) {
    case "length":
      return measured.length;
    case "diameter":
      return measured.long;
    case "area":
      return measured.area;
    case "angle":
      return { value: measured.degrees, unit: "°" };
    default:
      return null;
  }
}

function isAlike(a: Kind, b: Kind): boolean {
  const isLength = (kind: Kind) => kind === "line" || kind === "diameter";
  return a === b || (isLength(a) && isLength(b));
}

/** The newest earlier mark of the same label, kind and unit; pixels of two machines are not comparable. */
export function earlierOf(mark: Mark, measured: Measured, priors: readonly Earlier[]): Comparison | null {
  const now = comparable(measured);
  const label = plainText(mark.text);
  if (!now || label === "" || now.unit.startsWith("px") || !isMeasured(mark.kind)) return null;
  for (const { mark: other, measured: then, date } of priors) {
    const value = comparable(then);
    if (!value || value.unit !== now.unit || !isAlike(mark.kind, other.kind)) continue;
    if (plainText(other.text) !== label) continue;
    const apart = now.value - value.value;
    const shown = { value: plainNumber(value.value, 1), unit: value.unit, date };
    return {
      words:
        value.unit === "°" ? _("was {value}° on {date}", shown) : _("was {value} {unit} on {date}", shown),
      change: Math.abs(apart) < SAME ? "same" : apart > 0 ? "grown" : "shrunk",
    };
  }
  return null;
}
