/** Statistics over pixels, and what their values are worth: HU, SUV, or the unit that the data set names. */
import { type DataSet, number, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { type GreyPicture, isPadding, type Picture, valueStep } from "../engine/picture.ts";
import type { Spans } from "./shapes.ts";
import { suvFactor } from "./suv.ts";

/** Why there are no statistics. */
export type NoStatistics = "colour" | "no-pixels";

export interface Statistics {
  readonly mean: number;
  /** Over all pixels inside: divided by their number. */
  readonly deviation: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** What one step of a pixel's value means. */
export interface ValueUnit {
  /** "HU", "SUVbw", "Bq/ml"; "" where the data set does not say. */
  readonly unit: string;
  readonly factor: number;
  readonly digits: number;
}

/** PS3.3 C.8.9.1.1.3, as people write them. */
const PET_UNITS: Readonly<Record<string, string>> = {
  CNTS: "counts",
  CM2: "cm²",
  PCNT: "%",
  CPS: "counts/s",
  BQML: "Bq/ml",
  MGMINML: "mg/min/ml",
  UMOLMINML: "µmol/min/ml",
  MLMING: "ml/min/g",
  MLG: "ml/g",
  "1CM": "1/cm",
  UMOLML: "µmol/ml",
  MLMINML: "ml/min/ml",
  MLML: "ml/ml",
  GML: "g/ml",
  STDDEV: "SD",
};

function petUnit(ds: DataSet): ValueUnit {
  const suv = suvFactor(ds);
  if (suv !== null) return { unit: "SUVbw", factor: suv, digits: 2 };
  return { unit: PET_UNITS[text(ds, Tag.Units)] ?? "", factor: 1, digits: 1 };
}

/** Rescale types (PS3.3 C.11.1.1.2) that name a unit. */
const RESCALE_UNITS: Readonly<Record<string, string>> = {
  HU: "HU",
  HU_MOD: "HU",
  PCT: "%",
  MGML: "mg/ml",
  Z_EFF: "Z",
  ED: "10²³ e/ml",
  OD: "10⁻³ OD",
};

export function valueUnit(ds: DataSet, picture: Picture | null = null): ValueUnit {
  const modality = text(ds, Tag.Modality);
  if (modality === "PT") return petUnit(ds);
  const rescaleType = text(ds, Tag.RescaleType);
  // Stored values that nothing rescales are in no unit, whatever machine they come from.
  const isRescaled = number(ds, Tag.RescaleSlope) !== null;
  const isHounsfield = modality === "CT" && rescaleType === "" && isRescaled;
  const unit = RESCALE_UNITS[rescaleType] ?? (isHounsfield ? "HU" : "");
  const step = picture?.kind === "grey" ? valueStep(picture) : Math.abs(number(ds, Tag.RescaleSlope) ?? 1);
  return { unit, factor: 1, digits: unit === "HU" ? 0 : digitsOf(step) };
}

/** Digits after the point that show a step between two values. */
function digitsOf(step: number): number {
  if (!(step > 0) || step >= 1) return 0;
  return step >= 0.1 ? 1 : Math.min(12, Math.max(3, Math.ceil(-Math.log10(step))));
}

/** Statistics of the pixels inside, padding left out; null where none is inside. */
export function statistics(
  picture: GreyPicture,
  spans: Spans,
  [top, bottom]: readonly [number, number],
  factor = 1,
): Statistics | null {
  const { stored, columns, rows } = picture;
  const { slope, intercept } = picture.rescale;
  let [count, mean, squares] = [0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const add = (pixel: number) => {
    if (!Number.isFinite(pixel) || isPadding(picture, pixel)) return;
    const value = (pixel * slope + intercept) * factor;
    count += 1;
    // Welford: no digit is lost where values are large and alike.
    const apart = value - mean;
    mean += apart / count;
    squares += apart * (value - mean);
    min = Math.min(min, value);
    max = Math.max(max, value);
  };
  for (let row = Math.max(0, top); row <= Math.min(rows - 1, bottom); row += 1) {
    for (const [from, to] of spans(row)) {
      const last = Math.min(columns - 1, to);
      for (let column = Math.max(0, from); column <= last; column += 1) {
        add(stored[row * columns + column] ?? Number.NaN);
      }
    }
  }
  return count === 0 ? null : { mean, deviation: Math.sqrt(squares / count), min, max, count };
}
