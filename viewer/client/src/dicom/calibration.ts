/** What a distance on an image is worth: millimetres, the units of an ultrasound region, or pixels, and why. */
import { type DataSet, items, number, text, vector } from "./dataset.ts";
import { pixelAspect } from "./geometry.ts";
import { Tag } from "./tags.ts";

/** A place on an image: column and row; the centre of the first pixel is [0, 0]. */
export type Point = readonly [number, number];

/** Why a distance is given in pixels. */
export type Uncalibrated =
  | "no-spacing"
  | "unknown-plane"
  | "outside-regions"
  | "different-regions"
  | "different-units";

/** Millimetres for one column and one row; of an X-ray as they are at the detector, not in the patient. */
export interface Metric {
  readonly kind: "metric";
  readonly x: number;
  readonly y: number;
  readonly plane: "patient" | "detector";
}

/** One direction of an ultrasound region: its unit, "" where it has none, and the value of column or row 0. */
export interface Axis {
  readonly delta: number;
  readonly unit: string;
  readonly atZero: number;
}

/** Doppler, M-mode, curves: each direction has its own unit. */
export interface Axes {
  readonly kind: "axes";
  readonly x: Axis;
  readonly y: Axis;
}

/** Pixels; where they are known not to be square, counted in widths of a column. */
export interface Pixels {
  readonly kind: "pixels";
  readonly x: 1;
  readonly y: number;
  readonly why: Uncalibrated;
}

export type Scale = Metric | Axes | Pixels;

/** Projection X-ray: its spacing is that of the detector, unless somebody calibrated it. */
const PROJECTION = new Set(["CR", "DX", "MG", "XA", "RF", "PX", "IO", "RG"]);

/** A spacing is two positive numbers (between rows, between columns); anything else says nothing. */
function spacing(ds: DataSet, tag: string): readonly [number, number] | null {
  const [row, column] = vector(ds, tag, 2) ?? [];
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : null;
}

function metric([row, column]: readonly [number, number], plane: Metric["plane"] = "patient"): Metric {
  return { kind: "metric", x: column, y: row, plane };
}

/** As the image is drawn: angles and round figures are those that one sees. */
function pixels(ds: DataSet, why: Uncalibrated): Pixels {
  return { kind: "pixels", x: 1, y: pixelAspect(ds), why };
}

/** PS3.3 10.7.1.3: spacing of a projection is in the patient only if it was calibrated. */
function projectionScale(ds: DataSet): Scale {
  const inPatient = spacing(ds, Tag.PixelSpacing);
  const atDetector = spacing(ds, Tag.ImagerPixelSpacing) ?? spacing(ds, Tag.NominalScannedPixelSpacing);
  if (inPatient && text(ds, Tag.PixelSpacingCalibrationType) !== "") return metric(inPatient);
  if (inPatient && atDetector) {
    const same = inPatient[0] === atDetector[0] && inPatient[1] === atDetector[1];
    return same ? metric(atDetector, "detector") : metric(inPatient);
  }
  if (atDetector) return metric(atDetector, "detector");
  return pixels(ds, inPatient ? "unknown-plane" : "no-spacing");
}

/** PS3.3 C.8.5.5.1.15; centimetres become millimetres. */
const UNITS: Readonly<Record<number, string>> = {
  1: "%",
  2: "dB",
  3: "mm",
  4: "s",
  5: "Hz",
  6: "dB/s",
  7: "cm/s",
  8: "cm²",
  9: "cm²/s",
  10: "cm³",
  11: "cm³/s",
  12: "°",
};

const CENTIMETRES = 3;
const TISSUE_2D = 1;

interface Region {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly is2D: boolean;
  readonly x: Axis;
  readonly y: Axis;
}

interface AxisTags {
  readonly units: string;
  readonly delta: string;
  readonly reference: string;
  readonly value: string;
}

const ACROSS: AxisTags = {
  units: Tag.PhysicalUnitsXDirection,
  delta: Tag.PhysicalDeltaX,
  reference: Tag.ReferencePixelX0,
  value: Tag.ReferencePixelPhysicalValueX,
};

const DOWN: AxisTags = {
  units: Tag.PhysicalUnitsYDirection,
  delta: Tag.PhysicalDeltaY,
  reference: Tag.ReferencePixelY0,
  value: Tag.ReferencePixelPhysicalValueY,
};

/** The reference pixel counts from the region's own corner (PS3.3 C.8.5.5.1.5). */
function axis(region: DataSet, tags: AxisTags, corner: number): Axis {
  const units = number(region, tags.units) ?? 0;
  const factor = units === CENTIMETRES ? 10 : 1;
  const delta = (number(region, tags.delta) ?? 0) * factor;
  const unit = delta === 0 ? "" : (UNITS[units] ?? "");
  const reference = corner + (number(region, tags.reference) ?? 0);
  const value = (number(region, tags.value) ?? 0) * factor;
  return { delta, unit, atZero: value - reference * delta };
}

function region(item: DataSet): Region | null {
  const minX = number(item, Tag.RegionLocationMinX0);
  const minY = number(item, Tag.RegionLocationMinY0);
  const maxX = number(item, Tag.RegionLocationMaxX1);
  const maxY = number(item, Tag.RegionLocationMaxY1);
  if (minX === null || minY === null || maxX === null || maxY === null) return null;
  const x = axis(item, ACROSS, minX);
  const y = axis(item, DOWN, minY);
  // A region without any unit is a frame around others; it calibrates nothing and hides nothing.
  if (x.unit === "" && y.unit === "") return null;
  return { minX, minY, maxX, maxY, is2D: number(item, Tag.RegionSpatialFormat) === TISSUE_2D, x, y };
}

/** A pixel reaches half its size beyond its centre. */
function holds({ minX, minY, maxX, maxY }: Region, [x, y]: Point): boolean {
  return x >= minX - 0.5 && x <= maxX + 0.5 && y >= minY - 0.5 && y <= maxY + 0.5;
}

function area({ minX, minY, maxX, maxY }: Region): number {
  return (maxX - minX) * (maxY - minY);
}

function sameAxis(a: Axis, b: Axis): boolean {
  return a.unit === b.unit && Math.abs(a.delta) === Math.abs(b.delta);
}

function sameTissue(a: Region, b: Region): boolean {
  return a.is2D && b.is2D && sameAxis(a.x, b.x) && sameAxis(a.y, b.y);
}

function regionScale(ds: DataSet, { x, y }: Region): Scale {
  if (x.unit === "mm" && y.unit === "mm") return metric([Math.abs(y.delta), Math.abs(x.delta)]);
  return x.unit === "" && y.unit === "" ? pixels(ds, "outside-regions") : { kind: "axes", x, y };
}

/**
 * The scale between points of an ultrasound image. Where regions overlap, the smaller lies on top: a Doppler trace
 * over the picture. A colour box inside the picture of the same scale is the same tissue.
 */
function ultrasoundScale(ds: DataSet, regions: readonly Region[], points: readonly Point[]): Scale {
  const bySize = [...regions].sort((a, b) => area(a) - area(b));
  const tops = points.map((point) => bySize.find((candidate) => holds(candidate, point)));
  const [first] = tops;
  if (!first || tops.includes(undefined)) return pixels(ds, "outside-regions");
  if (tops.every((top) => top === first)) return regionScale(ds, first);
  const around = bySize.find((candidate) => points.every((point) => holds(candidate, point)));
  const same = around && tops.every((top) => top && sameTissue(top, around));
  return around && same ? regionScale(ds, around) : pixels(ds, "different-regions");
}

function regionsOf(ds: DataSet): Region[] {
  return items(ds, Tag.SequenceOfUltrasoundRegions)
    .map(region)
    .filter((found) => found !== null);
}

/** What is to be said of lengths on an image as a whole. */
export type Calibration = "patient" | "detector" | "by-region" | "none";

export function calibrationOf(ds: DataSet): Calibration {
  if (items(ds, Tag.SequenceOfUltrasoundRegions).length > 0) {
    const [first, ...others] = pictureRegions(ds);
    if (!first) return "none";
    return first.is2D && others.every((other) => sameTissue(first, other)) ? "patient" : "by-region";
  }
  const scale = scaleBetween(ds, []);
  return scale.kind === "metric" ? scale.plane : "none";
}

function pictureRegions(ds: DataSet): Region[] {
  return regionsOf(ds).filter(({ x, y }) => x.unit === "mm" && y.unit === "mm");
}

/**
 * Millimetres between rows and between columns in the patient, for the scale bar, paper and space; null where no one
 * length holds all over the image. The same as what a line is measured by.
 */
export function patientSpacing(ds: DataSet): readonly [number, number] | null {
  if (calibrationOf(ds) !== "patient") return null;
  const [region] = pictureRegions(ds);
  const scale = region ? regionScale(ds, region) : scaleBetween(ds, []);
  return scale.kind === "metric" ? [scale.y, scale.x] : null;
}

/** The scale that holds between points of one frame; regions of an ultrasound image come before all else. */
export function scaleBetween(ds: DataSet, points: readonly Point[]): Scale {
  if (items(ds, Tag.SequenceOfUltrasoundRegions).length > 0) {
    return ultrasoundScale(ds, regionsOf(ds), points);
  }
  // A slice through the patient has a place there, whatever machine it comes from.
  const isSlice = vector(ds, Tag.ImageOrientationPatient, 6) !== null;
  if (PROJECTION.has(text(ds, Tag.Modality)) && !isSlice) return projectionScale(ds);
  const inPatient = spacing(ds, Tag.PixelSpacing);
  return inPatient ? metric(inPatient) : pixels(ds, "no-spacing");
}
