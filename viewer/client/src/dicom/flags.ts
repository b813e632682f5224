/** Finds what is odd about a stack of images: tilt, gaps, doubles, mixed sizes. */
import { patientSpacing } from "./calibration.ts";
import { number, text } from "./dataset.ts";
import type { Frame } from "./frames.ts";
import { commonNormal, readingDirection } from "./frames.ts";
import { dot, type Vector3 } from "./geometry.ts";
import { Tag } from "./tags.ts";

export type Flag =
  | { readonly kind: "tilted"; readonly degrees: number }
  /** `after`: number of the image before the gap, counted from 1 in reading order. */
  | { readonly kind: "missing"; readonly count: number; readonly after: number }
  | { readonly kind: "uneven"; readonly least: number; readonly greatest: number }
  | { readonly kind: "doubles"; readonly count: number }
  | { readonly kind: "sizes"; readonly count: number }
  | { readonly kind: "directions"; readonly count: number }
  | { readonly kind: "unplaced"; readonly count: number };

/** Less than this (degrees) is the inaccuracy of written numbers. */
const LEAST_TILT = 0.5;

/** Distances that differ by less than this share are even. */
const EVEN = 0.02;

/** Positions nearer than this (mm) are the same place. */
const SAME_PLACE = 1e-3;

function along(a: Vector3, b: Vector3): Vector3 {
  return [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
}

/** The angle between the way from slice to slice and the slices' normal. */
function tiltOf(frames: readonly Frame[], normal: Vector3): Flag[] {
  const [first, last] = [frames[0]?.position, frames.at(-1)?.position];
  if (!first || !last) return [];
  const way = along(first, last);
  const length = Math.hypot(...way);
  if (!(length > SAME_PLACE)) return [];
  const cosine = Math.min(1, Math.abs(dot(way, normal)) / length);
  const degrees = (Math.acos(cosine) * 180) / Math.PI;
  // Images side by side are no stack that could be tilted.
  return degrees >= LEAST_TILT && degrees < 60 ? [{ kind: "tilted", degrees }] : [];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Gaps that are a whole number of the usual distances are missing slices; others are uneven. */
function gapsOf(places: readonly number[]): Flag[] {
  const gaps = places.slice(1).map((place, index) => Math.abs(place - (places[index] as number)));
  const usual = median(gaps);
  if (!(usual > 0)) return [];
  const odd = gaps.filter((gap) => Math.abs(gap / usual - 1) > EVEN);
  if (odd.length === 0) return [];
  const whole = (gap: number) => gap / usual > 1.5 && Math.abs(gap / usual - Math.round(gap / usual)) < 0.1;
  if (odd.length > 3 || !odd.every(whole)) {
    return [{ kind: "uneven", least: Math.min(...gaps), greatest: Math.max(...gaps) }];
  }
  return gaps.flatMap((gap, index) =>
    odd.includes(gap) && whole(gap)
      ? [{ kind: "missing" as const, count: Math.round(gap / usual) - 1, after: index + 1 }]
      : [],
  );
}

/** Images at a place where another one is, where that is the exception: else it is a series over time. */
function doublesOf(places: readonly number[]): Flag[] {
  const sorted = [...places].sort((a, b) => a - b);
  const doubles = sorted.filter(
    (place, index) => index > 0 && place - (sorted[index - 1] as number) < SAME_PLACE,
  );
  const count = doubles.length;
  return count > 0 && count < places.length / 4 ? [{ kind: "doubles", count }] : [];
}

function kindsOf<T>(frames: readonly Frame[], of: (frame: Frame) => T): number {
  return new Set(frames.map(of)).size;
}

function sizesOf(frames: readonly Frame[]): Flag[] {
  const count = kindsOf(
    frames,
    ({ dataSet }) => `${number(dataSet, Tag.Columns)}x${number(dataSet, Tag.Rows)}`,
  );
  return count > 1 ? [{ kind: "sizes", count }] : [];
}

function direction(vector: Vector3): string {
  return vector.map((value) => value.toFixed(2)).join(" ");
}

function directionsOf(frames: readonly Frame[]): Flag[] {
  const placed = frames.filter(({ row, column }) => row && column);
  const count = kindsOf(
    placed,
    ({ row, column }) => row && column && `${direction(row)} ${direction(column)}`,
  );
  return count > 1 ? [{ kind: "directions", count }] : [];
}

/** Images without a place among others that have one. */
function unplacedOf(frames: readonly Frame[]): Flag[] {
  const count = frames.filter(({ position }) => !position).length;
  return count > 0 && count < frames.length ? [{ kind: "unplaced", count }] : [];
}

/** What is odd about the frames of a series, in reading order. */
export function flagsOf(frames: readonly Frame[]): Flag[] {
  if (frames.length < 2) return [];
  const general = [...sizesOf(frames), ...directionsOf(frames), ...unplacedOf(frames)];
  const normal = commonNormal(frames);
  if (!normal) return general;
  const reading = readingDirection(normal);
  const places = frames.map(({ position }) => (position ? dot(position, reading) : 0));
  const doubles = doublesOf(places);
  const increasing = places.every(
    (place, index) => index === 0 || place - (places[index - 1] as number) > SAME_PLACE,
  );
  if (!increasing) return [...general, ...doubles];
  return [...general, ...tiltOf(frames, normal), ...gapsOf(places)];
}

/** True where lengths on the image can only be told in pixels although it is a picture of a patient. */
export function isUncalibrated({ dataSet }: Frame): boolean {
  return patientSpacing(dataSet) === null;
}

/** The gantry's own tilt as the machine wrote it, in degrees; null where it is upright or unknown. */
export function statedTilt({ dataSet }: Frame): number | null {
  if (text(dataSet, Tag.Modality) !== "CT") return null;
  const tilt = number(dataSet, "00181120");
  return tilt !== null && Math.abs(tilt) >= LEAST_TILT ? tilt : null;
}
