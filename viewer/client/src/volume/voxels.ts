/** The voxels of a series: the very pixel arrays of its decoded images, and where along the stack each lies. */

import type { Values } from "../engine/picture.ts";

export type Pixels = Values;

/** Images that are there, in order along the stack, ready to be sampled. */
export interface Loaded {
  readonly columns: number;
  readonly rows: number;
  readonly slices: readonly Pixels[];
  /** Place of each slice along the normal (mm), ascending. */
  readonly places: Float64Array;
  /** 1 / distance to the next slice; 0 where the gap must stay empty, because a slice is missing there. */
  readonly perGap: Float64Array;
  /** For equal steps along the normal: the last slice at or before the step's beginning. */
  readonly firstOfStep: Int32Array;
  readonly stepsPerMm: number;
  /** Half a slice beyond the first and the last still belongs to them (mm). */
  readonly margin: number;
}

export interface SliceAt {
  readonly place: number;
  readonly pixels: Pixels;
}

/** A gap wider than so many usual distances is a hole. */
export const HOLE = 1.5;

const STEPS_PER_SLICE = 2;

/** Slices in ascending order of place; `usual` is the distance between neighbours (mm) of the whole series. */
export function loaded(
  size: { columns: number; rows: number },
  at: readonly SliceAt[],
  usual: number,
  isHole: (from: number, to: number) => boolean,
): Loaded | null {
  const first = at[0];
  const last = at.at(-1);
  if (!first || !last) return null;
  const places = Float64Array.from(at, ({ place }) => place);
  const perGap = new Float64Array(at.length);
  for (let index = 0; index + 1 < at.length; index += 1) {
    const from = places[index] as number;
    const to = places[index + 1] as number;
    perGap[index] = isHole(from, to) ? 0 : 1 / (to - from);
  }
  const extent = last.place - first.place;
  const steps = Math.max(1, Math.ceil((extent / usual) * STEPS_PER_SLICE));
  const firstOfStep = new Int32Array(steps + 1);
  let slice = 0;
  for (let step = 0; step <= steps; step += 1) {
    const place = first.place + (extent * step) / steps;
    while (slice + 1 < at.length && (places[slice + 1] as number) <= place) slice += 1;
    firstOfStep[step] = slice;
  }
  const stepsPerMm = extent > 0 ? steps / extent : 0;
  return {
    ...size,
    slices: at.map(({ pixels }) => pixels),
    places,
    perGap,
    firstOfStep,
    stepsPerMm,
    margin: usual / 2,
  };
}
