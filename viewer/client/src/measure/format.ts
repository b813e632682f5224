/** Writes the numbers of marks as people read them: the large value, what stands under it, and why. */
import type { Uncalibrated } from "../dicom/calibration.ts";
import { plainNumber } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import type { Kind, Values } from "./marks.ts";
import type { Extent, Measured, Numbers, Step } from "./values.ts";

/** "19.5 mm", "19.5 mm, detector plane", "300.0 px". */
export function extentWords({ value, unit, plane }: Extent): string {
  const words = { value: plainNumber(value, 1), unit };
  return plane === "detector" ? _("{value} {unit}, detector plane", words) : _("{value} {unit}", words);
}

/** Seconds and centimetres a second have finer steps than a tenth. */
function stepWords({ value, unit }: Step): string {
  const digits = unit === "s" ? 3 : unit === "mm" ? 1 : 2;
  return _("{value} {unit}", { value: plainNumber(value, digits), unit });
}

/** "74 HU", "2.41 SUVbw", "812" where there is no unit. */
export function valueWords(value: number, unit: string, digits: number): string {
  const shown = plainNumber(value, digits);
  return unit === "" ? shown : _("{value} {unit}", { value: shown, unit });
}

/** Why a length is in pixels. */
export function whyWords(why: Uncalibrated): string {
  switch (why) {
    case "no-spacing":
      return _("Not calibrated: the image does not say how large its pixels are");
    case "unknown-plane":
      return _("Not calibrated: the image does not say whether its spacing is that of the detector");
    case "outside-regions":
      return _("In pixels: a part of it lies outside the calibrated regions of the ultrasound");
    case "different-regions":
      return _("In pixels: it reaches over two regions of the ultrasound");
    case "different-units":
      return _("In pixels: across and down have different units here");
  }
}

function stepsWords(steps: readonly (Step | null)[]): string {
  return steps
    .filter((step) => step !== null)
    .map(stepWords)
    .join(" × ");
}

/** The large value; "" for a mark without numbers. */
export function mainWords({ measured, valueUnit }: Pick<Numbers, "measured" | "valueUnit">): string {
  switch (measured.kind) {
    case "length":
      return extentWords(measured.length);
    case "steps":
      return stepsWords([measured.across, measured.down]);
    case "diameter":
      return diameterWords(measured.long, measured.short);
    case "angle":
      return `${plainNumber(measured.degrees, 1)}°`;
    case "area":
      return extentWords(measured.area);
    case "value": {
      const place = stepsWords([measured.across, measured.down]);
      // In a trace the place is the value; the pixel's shade is none.
      if (place !== "") return place;
      if (measured.value === null) return _("No value");
      return valueWords(measured.value, valueUnit.unit, valueUnit.digits);
    }
    case "nothing":
      return "";
  }
}

/** "19.5 × 12.1 mm". */
function diameterWords(long: Extent, short: Extent | null): string {
  if (!short) return extentWords(long);
  const words = { long: plainNumber(long.value, 1), short: plainNumber(short.value, 1), unit: long.unit };
  return long.plane === "detector"
    ? _("{long} × {short} {unit}, detector plane", words)
    : _("{long} × {short} {unit}", words);
}

/** "Mean 74 HU, SD 23"; "" where there are no statistics. */
export function meanWords({ statistics, valueUnit }: Pick<Numbers, "statistics" | "valueUnit">): string {
  if (!statistics) return "";
  const { unit, digits } = valueUnit;
  return _("Mean {mean}, SD {deviation}", {
    mean: valueWords(statistics.mean, unit, digits),
    deviation: plainNumber(statistics.deviation, digits),
  });
}

/** "74 ± 23 HU", as it stands on the image. */
export function shortMeanWords({ statistics, valueUnit }: Pick<Numbers, "statistics" | "valueUnit">): string {
  if (!statistics) return "";
  const { unit, digits } = valueUnit;
  const value = `${plainNumber(statistics.mean, digits)} ± ${plainNumber(statistics.deviation, digits)}`;
  return unit === "" ? value : _("{value} {unit}", { value, unit });
}

function areaParts(measured: Measured): string[] {
  if (measured.kind !== "area") return [];
  const parts: string[] = [];
  if (measured.diameter) parts.push(_("diameter {value}", { value: extentWords(measured.diameter) }));
  if (measured.length) parts.push(_("outline {value}", { value: extentWords(measured.length) }));
  return parts;
}

/** "min −22, max 137, diameter 10.0 mm". */
export function detailWords(numbers: Pick<Numbers, "measured" | "statistics" | "valueUnit">): string {
  const { statistics, valueUnit, measured } = numbers;
  const range = statistics
    ? [
        _("min {min}, max {max}", {
          min: plainNumber(statistics.min, valueUnit.digits),
          max: plainNumber(statistics.max, valueUnit.digits),
        }),
      ]
    : [];
  return [...range, ...areaParts(measured)].join(", ");
}

/** What stands on the plate beside the mark. */
export function plateLines(numbers: Numbers): readonly string[] {
  return [mainWords(numbers), shortMeanWords(numbers)].filter((line) => line !== "");
}

export function kindWords(kind: Kind): string {
  switch (kind) {
    case "line":
      return _("Line");
    case "diameter":
      return _("Diameter");
    case "angle":
      return _("Angle");
    case "cobb":
      return _("Cobb angle");
    case "circle":
      return _("Circle");
    case "rectangle":
      return _("Rectangle");
    case "curve":
      return _("Curve");
    case "probe":
      return _("Probe");
    case "arrow":
      return _("Arrow");
    case "key_image":
      return _("Key image");
    case "draw_line":
      return _("Drawn line");
    case "draw_circle":
      return _("Drawn circle");
    case "draw_rectangle":
      return _("Drawn rectangle");
    case "draw_curve":
      return _("Drawn curve");
  }
}

type ExtentUnit = Extent["unit"];

const EXTENT_UNITS: readonly ExtentUnit[] = ["mm", "px", "mm²", "px²"];

function keptExtent(values: Values, name: string): Extent | null {
  const value = values[name];
  const unit = EXTENT_UNITS.find((known) => known === values[`${name}_unit`]);
  if (typeof value !== "number" || !unit) return null;
  return {
    value,
    unit,
    plane: values.plane === "detector" ? "detector" : unit.startsWith("mm") ? "patient" : null,
  };
}

function keptStep(values: Values, name: string): Step | null {
  const value = values[name];
  const unit = values[`${name}_unit`];
  return typeof value === "number" && typeof unit === "string" ? { value, unit } : null;
}

function keptMeasured(values: Values): Measured {
  const area = keptExtent(values, "area");
  const length = keptExtent(values, "length");
  const [across, down] = [keptStep(values, "across"), keptStep(values, "down")];
  if (area) return { kind: "area", area, diameter: keptExtent(values, "diameter"), length };
  const short = keptExtent(values, "short");
  if (length && short) return { kind: "diameter", long: length, short };
  if (length) return { kind: "length", length };
  if (typeof values.angle === "number") return { kind: "angle", degrees: values.angle };
  if (typeof values.value === "number") return { kind: "value", value: values.value, across, down };
  return across || down ? { kind: "steps", across, down } : { kind: "nothing" };
}

/** The numbers that were kept with a mark: what is shown until its image is here to measure again. */
export function keptNumbers(values: Values): Numbers {
  const unit = typeof values.value_unit === "string" ? values.value_unit : "";
  const { mean, sd, min, max, pixels } = values;
  const all = [mean, sd, min, max, pixels].filter((value) => typeof value === "number");
  const [m = 0, deviation = 0, least = 0, most = 0, count = 0] = all;
  return {
    measured: keptMeasured(values),
    why: null,
    statistics: all.length === 5 ? { mean: m, deviation, min: least, max: most, count } : null,
    noStatistics: null,
    valueUnit: { unit, factor: 1, digits: typeof values.digits === "number" ? values.digits : 1 },
  };
}
