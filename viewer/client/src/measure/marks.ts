/** What a mark is: its kind, the image it was drawn on, its points in pixels of that image. */
import type { Point } from "../dicom/calibration.ts";

export type { Point } from "../dicom/calibration.ts";

export const KINDS = [
  "line",
  "diameter",
  "angle",
  "cobb",
  "circle",
  "rectangle",
  "curve",
  "probe",
  "arrow",
  "key_image",
  "draw_line",
  "draw_circle",
  "draw_rectangle",
  "draw_curve",
] as const;

export type Kind = (typeof KINDS)[number];

/** Numbers and short words, as they were shown; kept so that a later reader can be told if they differ. */
export type Values = Readonly<Record<string, number | string>>;

/** A frame of an instance: the only image on which a mark is shown. */
export interface Place {
  readonly seriesUid: string;
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
}

export interface Author {
  readonly name: string;
  readonly isMe: boolean;
}

export interface Mark extends Place {
  readonly id: string;
  readonly kind: Kind;
  readonly points: readonly Point[];
  readonly text: string;
  readonly values: Values;
  readonly author: Author;
  /** Version that the portal keeps; 0: it has not seen the mark. */
  readonly version: number;
  /** When the portal saw it first and last, ISO 8601; "" before. */
  readonly createdAt: string;
  readonly changedAt: string;
}

/** How many points a finished mark has, at least and at most. */
export const POINTS: Readonly<Record<Kind, readonly [number, number]>> = {
  line: [2, 2],
  diameter: [2, 4],
  angle: [3, 3],
  cobb: [4, 4],
  circle: [2, 2],
  rectangle: [2, 2],
  curve: [2, 256],
  probe: [1, 1],
  arrow: [2, 2],
  key_image: [0, 0],
  draw_line: [2, 2],
  draw_circle: [2, 2],
  draw_rectangle: [2, 2],
  draw_curve: [2, 256],
};

/** The figure that a kind draws: plain drawings have the same figures as those that are measured. */
export type Figure =
  | "line"
  | "diameter"
  | "angle"
  | "cobb"
  | "circle"
  | "rectangle"
  | "curve"
  | "probe"
  | "arrow"
  | "none";

const FIGURES: Readonly<Record<Kind, Figure>> = {
  line: "line",
  diameter: "diameter",
  angle: "angle",
  cobb: "cobb",
  circle: "circle",
  rectangle: "rectangle",
  curve: "curve",
  probe: "probe",
  arrow: "arrow",
  key_image: "none",
  draw_line: "line",
  draw_circle: "circle",
  draw_rectangle: "rectangle",
  draw_curve: "curve",
};

export function figureOf(kind: Kind): Figure {
  return FIGURES[kind];
}

const MEASURES = new Set<Kind>([
  "line",
  "diameter",
  "angle",
  "cobb",
  "circle",
  "rectangle",
  "curve",
  "probe",
]);

/** True for a kind that has numbers. */
export function isMeasured(kind: Kind): boolean {
  return MEASURES.has(kind);
}

export function isKind(value: unknown): value is Kind {
  return KINDS.some((kind) => kind === value);
}

export function isOn(mark: Place, place: Place | null): boolean {
  return (
    place !== null && mark.sopInstanceUid === place.sopInstanceUid && mark.frameNumber === place.frameNumber
  );
}

export function samePoint(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** A curve whose last point is its first one encloses an area. */
export function isClosed(points: readonly Point[]): boolean {
  const first = points[0];
  const last = points.at(-1);
  return points.length > 3 && first !== undefined && last !== undefined && samePoint(first, last);
}
