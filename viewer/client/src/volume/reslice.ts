/** Cuts planes and slabs through a volume: trilinear, at true positions, NaN where there is nothing. */
import type { Vector3 } from "../dicom/geometry.ts";
import type { Loaded, Pixels } from "./voxels.ts";

/** Samples of a picture in index space: [column, row, mm along the stack's normal]. */
export interface Samples {
  readonly width: number;
  readonly height: number;
  /** Centre of the first pixel, and the way to the next column and row. */
  readonly origin: Vector3;
  readonly perColumn: Vector3;
  readonly perRow: Vector3;
}

export type SlabMode = "maximum" | "minimum" | "average";

/** Sheets of a slab: `count` of them, `step` (index space) apart, around the plane. */
export interface Slab {
  readonly mode: SlabMode;
  readonly count: number;
  readonly step: Vector3;
}

const FLAT = 1e-9;

/** The slice at or before a place; -1 beyond the volume. */
function sliceBefore(volume: Loaded, place: number): number {
  const { places, firstOfStep, stepsPerMm } = volume;
  const last = places.length - 1;
  const beyond = place - (places[0] as number);
  if (beyond <= 0) return 0;
  const step = Math.min(firstOfStep.length - 1, Math.floor(beyond * stepsPerMm));
  let slice = firstOfStep[step] as number;
  while (slice < last && (places[slice + 1] as number) <= place) slice += 1;
  return slice;
}

/** Between four neighbouring pixels; `at` is the one above and to the left. */
function bilinear(pixels: Pixels, at: number, columns: number, fx: number, fy: number): number {
  const a = pixels[at] as number;
  const b = pixels[at + columns] as number;
  const top = a + ((pixels[at + 1] as number) - a) * fx;
  const low = b + ((pixels[at + columns + 1] as number) - b) * fx;
  return top + (low - top) * fy;
}

/** Two neighbouring slices, and how much the second one counts. */
interface Between {
  readonly near: Pixels;
  readonly far: Pixels;
  readonly share: number;
}

function between(volume: Loaded, place: number): Between | null {
  const { slices, places, perGap, margin } = volume;
  const last = slices.length - 1;
  const inside = Math.min(places[last] as number, Math.max(places[0] as number, place));
  if (!(Math.abs(place - inside) <= margin)) return null;
  const slice = sliceBefore(volume, inside);
  const beyond = inside - (places[slice] as number);
  const share = beyond * (perGap[slice] as number);
  if (share === 0 && beyond > FLAT && slice < last) return null;
  return { near: slices[slice] as Pixels, far: slices[Math.min(last, slice + 1)] as Pixels, share };
}

/** One row of a sheet that lies within the slices: the same two slices all along. */
function flatRow(
  volume: Loaded,
  origin: Vector3,
  step: Vector3,
  out: Float32Array,
  at: number,
  width: number,
): void {
  const pair = between(volume, origin[2]);
  if (!pair) {
    out.fill(Number.NaN, at, at + width);
    return;
  }
  const { near, far, share } = pair;
  const { columns } = volume;
  const [right, bottom] = [columns - 1, volume.rows - 1];
  for (let index = 0; index < width; index += 1) {
    let x = origin[0] + step[0] * index;
    let y = origin[1] + step[1] * index;
    if (!(x >= -0.5 && x <= right + 0.5 && y >= -0.5 && y <= bottom + 0.5)) {
      out[at + index] = Number.NaN;
      continue;
    }
    x = x < 0 ? 0 : x > right ? right : x;
    y = y < 0 ? 0 : y > bottom ? bottom : y;
    const column = x >= right ? right - 1 : x | 0;
    const row = y >= bottom ? bottom - 1 : y | 0;
    const i = row * columns + column;
    let value = bilinear(near, i, columns, x - column, y - row);
    if (share > 0) value += (bilinear(far, i, columns, x - column, y - row) - value) * share;
    out[at + index] = value;
  }
}

/** The value at a place (index space: column, row, mm), interpolated; NaN where there is nothing. */
export function valueAt(volume: Loaded, x: number, y: number, z: number): number {
  const { columns, slices, places, perGap, margin } = volume;
  const [right, bottom, last] = [columns - 1, volume.rows - 1, slices.length - 1];
  const firstPlace = places[0] as number;
  const lastPlace = places[last] as number;
  if (!(x >= -0.5 && x <= right + 0.5 && y >= -0.5 && y <= bottom + 0.5)) return Number.NaN;
  if (!(z >= firstPlace - margin && z <= lastPlace + margin)) return Number.NaN;
  const px = x < 0 ? 0 : x > right ? right : x;
  const py = y < 0 ? 0 : y > bottom ? bottom : y;
  const pz = z < firstPlace ? firstPlace : z > lastPlace ? lastPlace : z;
  const slice = sliceBefore(volume, pz);
  const beyond = pz - (places[slice] as number);
  const share = beyond * (perGap[slice] as number);
  if (share === 0 && beyond > FLAT && slice < last) return Number.NaN;
  const column = px >= right ? right - 1 : px | 0;
  const row = py >= bottom ? bottom - 1 : py | 0;
  const i = row * columns + column;
  const value = bilinear(slices[slice] as Pixels, i, columns, px - column, py - row);
  if (share === 0) return value;
  return value + (bilinear(slices[slice + 1] as Pixels, i, columns, px - column, py - row) - value) * share;
}

function sheetRow(
  volume: Loaded,
  origin: Vector3,
  step: Vector3,
  out: Float32Array,
  at: number,
  width: number,
): void {
  if (Math.abs(step[2]) * width <= FLAT) {
    flatRow(volume, origin, step, out, at, width);
    return;
  }
  const [x, y, z] = origin;
  const [dx, dy, dz] = step;
  for (let index = 0; index < width; index += 1) {
    out[at + index] = valueAt(volume, x + dx * index, y + dy * index, z + dz * index);
  }
}

function combine(
  mode: SlabMode,
  sheet: Float32Array,
  into: Float32Array,
  at: number,
  counts: Uint16Array,
): void {
  for (let index = 0; index < sheet.length; index += 1) {
    const value = sheet[index] as number;
    // Beyond the volume there is nothing to take part in the slab.
    if (Number.isNaN(value)) continue;
    const seen = counts[index] as number;
    counts[index] = seen + 1;
    const before = into[at + index] as number;
    if (seen === 0) into[at + index] = value;
    else if (mode === "average") into[at + index] = before + value;
    else if (mode === "maximum" ? value > before : value < before) into[at + index] = value;
  }
}

function slabRow(
  volume: Loaded,
  origin: Vector3,
  step: Vector3,
  slab: Slab,
  out: Float32Array,
  at: number,
): void {
  const width = out.length - at;
  const sheet = new Float32Array(width);
  const counts = new Uint16Array(width);
  out.fill(Number.NaN, at, at + width);
  for (let index = 0; index < slab.count; index += 1) {
    const away = index - (slab.count - 1) / 2;
    const from: Vector3 = [
      origin[0] + slab.step[0] * away,
      origin[1] + slab.step[1] * away,
      origin[2] + slab.step[2] * away,
    ];
    sheetRow(volume, from, step, sheet, 0, width);
    combine(slab.mode, sheet, out, at, counts);
  }
  if (slab.mode !== "average") return;
  for (let index = 0; index < width; index += 1) {
    if ((counts[index] as number) > 1)
      out[at + index] = (out[at + index] as number) / (counts[index] as number);
  }
}

/** Fills rows [from, to) of a picture; `out` has width × height places. */
export function cutRows(
  volume: Loaded,
  { width, origin, perColumn, perRow }: Samples,
  slab: Slab | null,
  out: Float32Array,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row += 1) {
    const start: Vector3 = [
      origin[0] + perRow[0] * row,
      origin[1] + perRow[1] * row,
      origin[2] + perRow[2] * row,
    ];
    const line = out.subarray(0, (row + 1) * width);
    if (slab && slab.count > 1) slabRow(volume, start, perColumn, slab, line, row * width);
    else sheetRow(volume, start, perColumn, out, row * width, width);
  }
}
