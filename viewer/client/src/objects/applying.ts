/** What a presentation state does to one image: its greys, its place on the screen (PS3.3 C.11, PS3.4 N.2). */

import type { Window } from "../dicom/windows.ts";
import {
  type Affine,
  FITTED,
  fitScale,
  type ImageShape,
  type Placement,
  type Size,
} from "../engine/camera.ts";
import type { GreyPicture } from "../engine/picture.ts";
import { negative, type Shading, tableShading, windowShading } from "../engine/rendering.ts";
import { type LookupTable, looked } from "../engine/tables.ts";
import type { Area, PresentationState, Voi } from "./presentation.ts";
import { refersTo } from "./references.ts";

/** The tables of a state, read once. */
export interface StateTables {
  readonly modality: LookupTable | null;
  readonly vois: readonly (LookupTable | null)[];
  readonly presentation: LookupTable | null;
}

interface Place {
  readonly sopInstanceUid: string;
  readonly frameNumber: number;
}

/** The first of those that mean this image; one that names images wins over one for all. */
function meant<T extends { readonly references: Voi["references"] }>(
  all: readonly T[],
  place: Place,
): T | null {
  const named = all.filter(({ references }) => references.length > 0);
  const general = all.filter(({ references }) => references.length === 0);
  return [...named, ...general].find(({ references }) => refersTo(references, place)) ?? null;
}

export function voiFor(state: PresentationState, place: Place): Voi | null {
  return meant(state.vois, place);
}

export function areaFor(state: PresentationState, place: Place): Area | null {
  return meant(state.areas, place);
}

/** The greys of a state: modality values, then the window or table, then the presentation. */
export function stateShading(
  state: PresentationState,
  tables: StateTables,
  picture: GreyPicture,
  place: Place,
  fallback: Window,
): Shading {
  const { rescale } = picture;
  const stored = (value: number) => (value - rescale.intercept) / rescale.slope;
  const modality = modalityOf(state, tables, stored);
  const voi = voiFor(state, place);
  const table = voi && (tables.vois[state.vois.indexOf(voi)] ?? null);
  const grey = table ? tableShading(table) : windowShading(voi?.window ?? fallback, functionOf(voi));
  const shown = presented(grey, tables.presentation);
  const whole: Shading = (value) => shown(modality(value));
  return state.inverse ? negative(whole) : whole;
}

function functionOf(voi: Voi | null): "LINEAR" | "LINEAR_EXACT" | "SIGMOID" {
  const by = voi?.window?.by;
  return by === "LINEAR_EXACT" || by === "SIGMOID" ? by : "LINEAR";
}

function modalityOf(
  state: PresentationState,
  { modality }: StateTables,
  stored: (value: number) => number,
): (value: number) => number {
  if (modality) return (value) => looked(stored(value), modality);
  const { rescale } = state;
  return rescale ? (value) => stored(value) * rescale.slope + rescale.intercept : (value) => value;
}

/** A presentation LUT takes the whole range of greys, whatever it counts its entries in. */
function presented(grey: Shading, lut: LookupTable | null): Shading {
  if (!lut) return grey;
  const last = lut.entries.length - 1;
  const shade = tableShading({ ...lut, first: 0 });
  return (value) => shade((grey(value) * last) / 255);
}

/** Flips come after the turn in DICOM (PS3.3 C.10.6) and before it on our screens. */
export function turned({ rotation, flipped }: PresentationState): Placement {
  return { ...FITTED, flipped, rotation: flipped ? (360 - rotation) % 360 : rotation };
}

/** Where the state wants the image: turned, mirrored, with its area in the whole viewport. */
export function placementOf(
  state: PresentationState,
  place: Place,
  image: ImageShape,
  viewport: Size,
  spacing: readonly [number, number] | null,
): Placement {
  const placement = turned(state);
  const area = areaFor(state, place);
  if (!area) return placement;
  const width = Math.abs(area.bottomRight[0] - area.topLeft[0]);
  const height = Math.abs(area.bottomRight[1] - area.topLeft[1]);
  if (!(width > 0 && height > 0)) return placement;
  const fitted = fitScale(image, viewport, placement.rotation);
  const shape = { columns: width, rows: height, aspect: image.aspect };
  const scale = scaleOf(area, fitScale(shape, viewport, placement.rotation), spacing);
  const off = [
    (image.columns - 1) / 2 - (area.topLeft[0] + area.bottomRight[0]) / 2,
    ((image.rows - 1) / 2 - (area.topLeft[1] + area.bottomRight[1]) / 2) * image.aspect,
  ] as const;
  return { ...placement, zoom: scale / fitted, pan: onScreen(placement, off) };
}

/** CSS pixels are a 96th of an inch. */
const CSS_PIXELS_PER_MM = 96 / 25.4;

function scaleOf(area: Area, toFit: number, spacing: readonly [number, number] | null): number {
  if (area.mode === "magnify") return area.magnification / (globalThis.devicePixelRatio || 1);
  return area.mode === "true size" && spacing ? spacing[1] * CSS_PIXELS_PER_MM : toFit;
}

function onScreen({ rotation, flipped }: Placement, [x, y]: readonly [number, number]): [number, number] {
  const angle = (rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const mirrored = flipped ? -x : x;
  return [cos * mirrored - sin * y, sin * mirrored + cos * y];
}

/** The displayed area on the screen, in CSS pixels; the whole image where the state names none. */
export function areaOnScreen(
  state: PresentationState,
  place: Place,
  image: ImageShape,
  { a, b, c, d, e, f }: Affine,
): { left: number; top: number; width: number; height: number } {
  const area = areaFor(state, place);
  const [x0, y0] = area?.topLeft ?? [-0.5, -0.5];
  const [x1, y1] = area?.bottomRight ?? [image.columns - 0.5, image.rows - 0.5];
  const at = (x: number, y: number) => [a * x + c * y + e, b * x + d * y + f] as const;
  const [one, other] = [at(x0, y0), at(x1, y1)];
  const [left, top] = [Math.min(one[0], other[0]), Math.min(one[1], other[1])];
  return { left, top, width: Math.abs(one[0] - other[0]), height: Math.abs(one[1] - other[1]) };
}
