/** Takes parts with even steps out of a volume for casting rays: all voxels, or every n-th while one turns it. */

import type { Part } from "./cast.ts";
import type { Geometry } from "./geometry.ts";
import type { Affine } from "./space.ts";
import type { Loaded, Pixels } from "./voxels.ts";

/** Even steps through a volume: every n-th column and row, and slices so many mm apart. */
export interface Grid {
  readonly nth: number;
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  readonly perSlice: number;
  /** Patient to [column, row, slice] of the grid. */
  readonly toGrid: Affine;
  /** The smallest distance of its voxels (mm). */
  readonly finest: number;
}

/** Every n-th voxel of rows and columns; slices as far apart as the pixels then are, but never closer than they are. */
export function gridOf(geometry: Geometry, nth: number): Grid {
  const { columns, rows, places, spacing, step, fromPatient } = geometry;
  const extent = places.at(-1) ?? 0;
  const wanted = nth === 1 ? step : Math.max(step, Math.min(...spacing) * nth);
  const slices = Math.max(2, Math.round(extent / wanted) + 1);
  const perSlice = extent / (slices - 1);
  const scaled = (column: readonly [number, number, number]) =>
    [column[0] / nth, column[1] / nth, column[2] / perSlice] as const;
  const [a, b, c] = fromPatient.columns;
  return {
    nth,
    columns: Math.ceil(columns / nth),
    rows: Math.ceil(rows / nth),
    slices,
    perSlice,
    toGrid: { columns: [scaled(a), scaled(b), scaled(c)], origin: scaled(fromPatient.origin) },
    finest: Math.min(spacing[0] * nth, spacing[1] * nth, perSlice),
  };
}

/** Voxels of the grid that is turned with the mouse. */
const LIGHT = 7e6;

/** The finest grid that is light enough to be turned. */
export function lightGrid(geometry: Geometry): Grid {
  for (let nth = 1; ; nth += 1) {
    const grid = gridOf(geometry, nth);
    if (grid.columns * grid.rows * grid.slices <= LIGHT || grid.columns <= 16) return grid;
  }
}

function sheetInto(volume: Loaded, { nth, columns }: Grid, pixels: Pixels, out: Pixels, at: number): void {
  if (nth === 1) {
    out.set(pixels, at);
    return;
  }
  let to = at;
  for (let row = 0; row < volume.rows; row += nth) {
    const from = row * volume.columns;
    for (let column = 0; column < columns; column += 1) out[to++] = pixels[from + column * nth] as number;
  }
}

/** Two slices and what the second counts; null where there is nothing. */
function around(volume: Loaded, place: number): { near: Pixels; far: Pixels; share: number } | null {
  const { places, perGap, slices } = volume;
  let slice = 0;
  while (slice + 1 < slices.length && (places[slice + 1] as number) <= place + 1e-6) slice += 1;
  const beyond = place - (places[slice] as number);
  const share = beyond * (perGap[slice] as number);
  if (slice + 1 < slices.length && share === 0 && beyond > 1e-6) return null;
  const far = slices[Math.min(slices.length - 1, slice + 1)] as Pixels;
  return { near: slices[slice] as Pixels, far, share };
}

/** A share this near to a whole slice is that slice. */
const EXACT = 1e-3;

function kindOf(volume: Loaded): new (length: number) => Pixels {
  const first = volume.slices[0] as Pixels;
  const isMixed = volume.slices.some((pixels) => pixels.constructor !== first.constructor);
  return (isMixed ? Float32Array : first.constructor) as new (
    length: number,
  ) => Pixels;
}

/**
 * The part of the grid that owns samples of slices [from, to), with the slices around it. Where nothing was loaded
 * the voxels are `nothing`.
 */
export function partOf(volume: Loaded, grid: Grid, from: number, to: number, nothing: number): Part {
  const { columns, rows, slices, perSlice } = grid;
  const first = Math.max(0, from - 1);
  const end = Math.min(slices, to + 2);
  const sheet = columns * rows;
  const Kind = kindOf(volume);
  const voxels = new Kind(sheet * (end - first));
  const second = new Kind(sheet);
  for (let slice = first; slice < end; slice += 1) {
    const at = (slice - first) * sheet;
    const pair = around(volume, slice * perSlice);
    if (!pair) {
      voxels.fill(nothing, at, at + sheet);
      continue;
    }
    const isExact = pair.share < EXACT || pair.share > 1 - EXACT;
    sheetInto(volume, grid, pair.share > 1 - EXACT ? pair.far : pair.near, voxels, at);
    if (isExact) continue;
    sheetInto(volume, grid, pair.far, second, 0);
    for (let index = 0; index < sheet; index += 1) {
      const near = voxels[at + index] as number;
      voxels[at + index] = near + ((second[index] as number) - near) * pair.share;
    }
  }
  const isFirst = from === 0;
  const isLast = to >= slices;
  return {
    columns,
    rows,
    depth: end - first,
    first,
    voxels,
    from: isFirst ? 0 : from,
    to: isLast ? slices - 1 + 1e-6 : to,
  };
}

/** Borders of `count` parts of about the same size: [0, a), [a, b), … */
export function shares(slices: number, count: number): [number, number][] {
  const parts = Math.max(1, Math.min(count, Math.floor(slices / 2)));
  return Array.from({ length: parts }, (_, part) => [
    Math.round((slices * part) / parts),
    Math.round((slices * (part + 1)) / parts),
  ]);
}
