/** Computes the numbers of a mark from its points, the frame's calibration and the frame's pixels. */
import { type Metric, type Scale, scaleBetween, type Uncalibrated } from "../dicom/calibration.ts";
import type { DataSet } from "../dicom/dataset.ts";
import { type Picture, valueAt } from "../engine/picture.ts";
import { figureOf, isClosed, isMeasured, type Mark, type Point, type Values } from "./marks.ts";
import { type NoStatistics, type Statistics, statistics, type ValueUnit, valueUnit } from "./pixels.ts";
import {
  angle,
  at,
  cobbAngle,
  distance,
  encloses,
  type Grid,
  pathLength,
  paths,
  polygonArea,
  rowsOf,
  smooth,
  spansOf,
} from "./shapes.ts";

/** A length or an area, with the plane in which it holds. */
export interface Extent {
  readonly value: number;
  readonly unit: "mm" | "px" | "mm²" | "px²";
  readonly plane: Metric["plane"] | null;
}

/** Along a direction that has a unit of its own: seconds, centimetres a second. */
export interface Step {
  readonly value: number;
  readonly unit: string;
}

export type Measured =
  | { readonly kind: "length"; readonly length: Extent }
  | { readonly kind: "steps"; readonly across: Step | null; readonly down: Step | null }
  | { readonly kind: "diameter"; readonly long: Extent; readonly short: Extent | null }
  | { readonly kind: "angle"; readonly degrees: number }
  | {
      readonly kind: "area";
      readonly area: Extent;
      readonly diameter: Extent | null;
      readonly length: Extent | null;
    }
  | {
      readonly kind: "value";
      readonly value: number | null;
      readonly across: Step | null;
      readonly down: Step | null;
    }
  | { readonly kind: "nothing" };

export interface Numbers {
  readonly measured: Measured;
  /** Why lengths are in pixels, or null where they are not. */
  readonly why: Uncalibrated | null;
  readonly statistics: Statistics | null;
  /** Why an area has no statistics although one asks for them. */
  readonly noStatistics: NoStatistics | null;
  readonly valueUnit: ValueUnit;
}

const SQUARE: Grid = { x: 1, y: 1 };

/** The sizes of a column and a row by which figures are drawn and angles are taken. */
export function gridOf(scale: Scale): Grid {
  return scale.kind === "axes" ? SQUARE : scale;
}

/** The scale over all of a mark: of an area its whole outline must lie in one region. */
export function scaleOf(mark: Pick<Mark, "kind" | "points">, ds: DataSet): Scale {
  const first = scaleBetween(ds, mark.points);
  const figure = figureOf(mark.kind);
  if (!encloses(figure, mark.points)) return first;
  return scaleBetween(ds, [...mark.points, ...paths(figure, mark.points, gridOf(first)).flat()]);
}

function extent(value: number, scale: Scale, squared = false): Extent {
  const isMetric = scale.kind === "metric";
  const unit = isMetric ? (squared ? "mm²" : "mm") : squared ? "px²" : "px";
  return { value, unit, plane: isMetric ? scale.plane : null };
}

function step(from: number, to: number, { delta, unit }: { delta: number; unit: string }): Step | null {
  return unit === "" ? null : { value: Math.abs((to - from) * delta), unit };
}

function length(points: readonly Point[], scale: Scale): Measured {
  if (scale.kind === "axes") {
    const [a, b] = [at(points, 0), at(points, points.length - 1)];
    return { kind: "steps", across: step(a[0], b[0], scale.x), down: step(a[1], b[1], scale.y) };
  }
  return { kind: "length", length: extent(pathLength(points, scale), scale) };
}

function diameter(points: readonly Point[], scale: Scale): Measured {
  if (scale.kind === "axes") return length(points.slice(0, 2), scale);
  const between = (a: number, b: number) => extent(distance(at(points, a), at(points, b), scale), scale);
  const first = between(0, 1);
  if (points.length < 4) return { kind: "diameter", long: first, short: null };
  const second = between(2, 3);
  const ordered = second.value > first.value ? [second, first] : [first, second];
  return { kind: "diameter", long: ordered[0] ?? first, short: ordered[1] ?? null };
}

function area(mark: Pick<Mark, "kind" | "points">, scale: Scale): Measured {
  const { points } = mark;
  const grid = gridOf(scale);
  const figure = figureOf(mark.kind);
  if (figure === "circle") {
    const radius = distance(at(points, 0), at(points, 1), grid);
    return {
      kind: "area",
      area: extent(Math.PI * radius ** 2, scale, true),
      diameter: extent(2 * radius, scale),
      length: null,
    };
  }
  const [outline = []] = paths(figure, points, grid);
  return {
    kind: "area",
    area: extent(polygonArea(outline.slice(0, -1), grid), scale, true),
    diameter: null,
    length: extent(pathLength(outline, grid), scale),
  };
}

function probe(points: readonly Point[], scale: Scale, ds: DataSet, picture: Picture | null): Measured {
  const raw = picture && valueAt(picture, ...at(points, 0));
  const value = raw === null ? null : raw * valueUnit(ds).factor;
  if (scale.kind !== "axes") return { kind: "value", value, across: null, down: null };
  const place = ({ atZero, delta, unit }: { atZero: number; delta: number; unit: string }, index: number) =>
    unit === "" ? null : { value: atZero + index * delta, unit };
  const [column, row] = at(points, 0);
  return { kind: "value", value, across: place(scale.x, column), down: place(scale.y, row) };
}

function measure(
  mark: Pick<Mark, "kind" | "points">,
  scale: Scale,
  ds: DataSet,
  picture: Picture | null,
): Measured {
  const { points } = mark;
  const point = (index: number) => at(points, index);
  const grid = gridOf(scale);
  switch (mark.kind) {
    case "line":
      return length(points, scale);
    case "diameter":
      return diameter(points, scale);
    case "angle":
      return { kind: "angle", degrees: angle([point(0), point(1), point(2)], grid) };
    case "cobb":
      return { kind: "angle", degrees: cobbAngle([point(0), point(1), point(2), point(3)], grid) };
    case "circle":
    case "rectangle":
      return area(mark, scale);
    case "curve":
      return isClosed(points) ? area(mark, scale) : length(smooth(points), scale);
    case "probe":
      return probe(points, scale, ds, picture);
    default:
      return { kind: "nothing" };
  }
}

/** An area across directions of different units is no area; a length in pixels says why. */
function uncalibrated(mark: Pick<Mark, "kind">, scale: Scale, isArea: boolean): Uncalibrated | null {
  if (mark.kind === "angle" || mark.kind === "cobb" || mark.kind === "probe" || !isMeasured(mark.kind))
    return null;
  if (scale.kind === "axes") return isArea ? "different-units" : null;
  return scale.kind === "pixels" ? scale.why : null;
}

/** All numbers of a mark; without pixels those that need none. */
export function numbersOf(
  mark: Pick<Mark, "kind" | "points">,
  ds: DataSet,
  picture: Picture | null,
): Numbers {
  const scale = scaleOf(mark, ds);
  const figure = figureOf(mark.kind);
  const isArea = isMeasured(mark.kind) && encloses(figure, mark.points);
  const wantsValues = isArea || mark.kind === "probe";
  const unit = valueUnit(ds, picture);
  const grid = gridOf(scale);
  const inside = () => [spansOf(figure, mark.points, grid), rowsOf(figure, mark.points, grid)] as const;
  return {
    measured: measure(mark, scale, ds, picture),
    why: uncalibrated(mark, scale, isArea),
    statistics: isArea && picture?.kind === "grey" ? statistics(picture, ...inside(), unit.factor) : null,
    noStatistics: !wantsValues || picture?.kind === "grey" ? null : picture ? "colour" : "no-pixels",
    valueUnit: unit,
  };
}

function kept(prefix: string, extent: Extent | null): Record<string, number | string> {
  if (!extent) return {};
  const plane = extent.plane === "detector" ? { plane: "detector" } : {};
  return { [prefix]: extent.value, [`${prefix}_unit`]: extent.unit, ...plane };
}

function keptMeasured(measured: Measured): Record<string, number | string> {
  const steps = (across: Step | null, down: Step | null) => ({
    ...(across ? { across: across.value, across_unit: across.unit } : {}),
    ...(down ? { down: down.value, down_unit: down.unit } : {}),
  });
  switch (measured.kind) {
    case "length":
      return kept("length", measured.length);
    case "diameter":
      return { ...kept("length", measured.long), ...kept("short", measured.short) };
    case "angle":
      return { angle: measured.degrees };
    case "area":
      return {
        ...kept("area", measured.area),
        ...kept("diameter", measured.diameter),
        ...kept("length", measured.length),
      };
    case "steps":
      return steps(measured.across, measured.down);
    case "value":
      return {
        ...(measured.value === null ? {} : { value: measured.value }),
        ...steps(measured.across, measured.down),
      };
    case "nothing":
      return {};
  }
}

/** The numbers as they are stored beside the geometry. */
export function valuesOf({ measured, why, statistics: found, valueUnit: { unit, digits } }: Numbers): Values {
  const of = { value_unit: unit, digits };
  return {
    ...keptMeasured(measured),
    ...(why ? { why } : {}),
    ...(found
      ? { mean: found.mean, sd: found.deviation, min: found.min, max: found.max, pixels: found.count, ...of }
      : measured.kind === "value" && measured.value !== null
        ? of
        : {}),
  };
}

/** What differs, beyond rounding, between the numbers that were kept and those of today. */
export function differing(kept: Values, now: Values): readonly string[] {
  return Object.keys(kept).filter((key) => {
    const [then, today] = [kept[key], now[key]];
    if (today === undefined) return false;
    if (typeof then !== "number" || typeof today !== "number") return then !== today;
    return Math.abs(then - today) > 1e-3 * Math.max(1, Math.abs(then));
  });
}
