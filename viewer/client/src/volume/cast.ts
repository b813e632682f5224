/** Casts rays through a part of a volume: the highest value (MIP), or colour and opacity. Runs in workers. */
import type { Vector3 } from "../dicom/geometry.ts";
import { type Affine, mapped, mappedDirection } from "./space.ts";
import type { Pixels } from "./voxels.ts";

/** A part of a volume: slices [first, first + depth) of a grid with even steps. */
export interface Part {
  readonly columns: number;
  readonly rows: number;
  readonly depth: number;
  readonly first: number;
  readonly voxels: Pixels;
  /** Samples whose slice lies in [from, to) are this part's own; the slices around are there to interpolate. */
  readonly from: number;
  readonly to: number;
}

export interface Camera {
  readonly width: number;
  readonly height: number;
  /** mm of a pixel, and between samples along a ray. */
  readonly scale: number;
  readonly step: number;
  readonly focus: Vector3;
  readonly right: Vector3;
  readonly down: Vector3;
  readonly forward: Vector3;
}

/** Half of space that is kept: points with normal · point <= distance (mm). */
export interface Cut {
  readonly normal: Vector3;
  readonly distance: number;
}

/** Colour and opacity of values: `steps` entries of red, green, blue (0 to 1) and opacity a mm. */
export interface Transfer {
  readonly lower: number;
  readonly upper: number;
  readonly rgba: Float32Array;
}

export interface Scene {
  readonly camera: Camera;
  /** Patient to [column, row, slice] of the grid. */
  readonly toGrid: Affine;
  readonly cuts: readonly Cut[];
  /** null: the highest value. */
  readonly transfer: Transfer | null;
}

const BLOCK = 8;

/** The lowest and the highest value of blocks of 8 × 8 × 8 voxels, and of the neighbours that samples there touch. */
export interface Blocks {
  readonly across: number;
  readonly down: number;
  readonly lows: Float32Array;
  readonly highs: Float32Array;
}

export function blocksOf({ columns, rows, depth, voxels }: Part): Blocks {
  const across = Math.ceil(columns / BLOCK);
  const down = Math.ceil(rows / BLOCK);
  const deep = Math.ceil(depth / BLOCK);
  const lows = new Float32Array(across * down * deep).fill(Number.POSITIVE_INFINITY);
  const highs = new Float32Array(lows.length).fill(Number.NEGATIVE_INFINITY);
  for (let z = 0; z < depth; z += 1) {
    for (let y = 0; y < rows; y += 1) {
      rowInto(voxels, (z * rows + y) * columns, columns, (low, high, block) => {
        for (const bz of touched(z)) {
          for (const by of touched(y)) {
            const at = (bz * down + by) * across + block;
            if (low < (lows[at] as number)) lows[at] = low;
            if (high > (highs[at] as number)) highs[at] = high;
          }
        }
      });
    }
  }
  return { across, down, lows, highs };
}

/** The blocks whose samples touch a voxel: its own, and the one before where it is the first of its own. */
function touched(index: number): readonly number[] {
  const block = Math.floor(index / BLOCK);
  return index % BLOCK === 0 && block > 0 ? [block - 1, block] : [block];
}

function rowInto(
  voxels: Pixels,
  from: number,
  columns: number,
  take: (low: number, high: number, block: number) => void,
): void {
  for (let start = 0, block = 0; start < columns; start += BLOCK, block += 1) {
    const end = Math.min(columns, start + BLOCK + 1);
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let x = start; x < end; x += 1) {
      const value = voxels[from + x] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    take(low, high, block);
  }
}

/** A ray in grid space: sample m lies at o + d·m. */
export interface Ray {
  ox: number;
  oy: number;
  oz: number;
  dx: number;
  dy: number;
  dz: number;
  /** First and last sample within the part and the cuts; none where first > last. */
  first: number;
  last: number;
}

function clip(ray: Ray, offset: number, slope: number, low: number, high: number): void {
  if (Math.abs(slope) < 1e-12) {
    if (offset < low || offset > high) ray.last = ray.first - 1;
    return;
  }
  const [a, b] = [(low - offset) / slope, (high - offset) / slope];
  ray.first = Math.max(ray.first, Math.ceil(Math.min(a, b)));
  ray.last = Math.min(ray.last, Math.floor(Math.max(a, b)));
}

/** Samples on a part's border belong to the part that begins there. */
const BORDER = 1e-7;

/** Makes the rays of a picture: their directions are all the same. */
export class Rays {
  private readonly start: Vector3;
  private readonly perColumn: Vector3;
  private readonly perRow: Vector3;
  private readonly way: Vector3;
  private readonly cuts: readonly { start: number; perColumn: number; perRow: number; way: number }[];

  constructor(
    private readonly part: Part,
    { camera, toGrid, cuts }: Scene,
  ) {
    const { width, height, scale, step, focus, right, down, forward } = camera;
    const place = (axis: 0 | 1 | 2) =>
      focus[axis] - right[axis] * scale * (width / 2 - 0.5) - down[axis] * scale * (height / 2 - 0.5);
    const corner: Vector3 = [place(0), place(1), place(2)];
    const scaled = (a: Vector3, by: number): Vector3 => [a[0] * by, a[1] * by, a[2] * by];
    const ways = [scaled(right, scale), scaled(down, scale), scaled(forward, step)] as const;
    this.start = mapped(toGrid, corner);
    this.perColumn = mappedDirection(toGrid, ways[0]);
    this.perRow = mappedDirection(toGrid, ways[1]);
    this.way = mappedDirection(toGrid, ways[2]);
    const dot = (a: Vector3, b: Vector3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    this.cuts = cuts.map(({ normal, distance }) => ({
      start: dot(normal, corner) - distance,
      perColumn: dot(normal, ways[0]),
      perRow: dot(normal, ways[1]),
      way: dot(normal, ways[2]),
    }));
  }

  at(column: number, row: number, ray: Ray): void {
    const { start, perColumn, perRow, way, part } = this;
    ray.ox = start[0] + perColumn[0] * column + perRow[0] * row;
    ray.oy = start[1] + perColumn[1] * column + perRow[1] * row;
    ray.oz = start[2] + perColumn[2] * column + perRow[2] * row;
    [ray.dx, ray.dy, ray.dz] = way;
    ray.first = -1e7;
    ray.last = 1e7;
    clip(ray, ray.ox, ray.dx, 0, part.columns - 1);
    clip(ray, ray.oy, ray.dy, 0, part.rows - 1);
    clip(ray, ray.oz, ray.dz, part.from, part.to - BORDER);
    for (const cut of this.cuts) {
      const offset = cut.start + cut.perColumn * column + cut.perRow * row;
      clip(ray, offset, cut.way, Number.NEGATIVE_INFINITY, 0);
    }
  }
}

export function emptyRay(): Ray {
  return { ox: 0, oy: 0, oz: 0, dx: 0, dy: 0, dz: 0, first: 0, last: -1 };
}

/** Samples from here on, along one axis, that stay within the same block. */
export function within(at: number, slope: number): number {
  const block = Math.floor(at / BLOCK) * BLOCK;
  if (slope > 1e-12) return (block + BLOCK - at) / slope;
  if (slope < -1e-12) return (block - at) / slope;
  return Number.POSITIVE_INFINITY;
}

export function blockAt({ across, down }: Blocks, x: number, y: number, z: number): number {
  return (((z / BLOCK) | 0) * down + ((y / BLOCK) | 0)) * across + ((x / BLOCK) | 0);
}

/** Between the eight voxels around a place within the part (z counted from its first slice). */
export function sample(part: Part, x: number, y: number, z: number): number {
  const { columns, rows, depth, voxels } = part;
  const x0 = x >= columns - 1 ? columns - 2 : x | 0;
  const y0 = y >= rows - 1 ? rows - 2 : y | 0;
  const z0 = z >= depth - 1 ? depth - 2 : z | 0;
  const [fx, fy, fz] = [x - x0, y - y0, z - z0];
  const sheet = columns * rows;
  const i = z0 * sheet + y0 * columns + x0;
  const a = voxels[i] as number;
  const b = voxels[i + columns] as number;
  const c = voxels[i + sheet] as number;
  const d = voxels[i + sheet + columns] as number;
  const ab = a + ((voxels[i + 1] as number) - a) * fx;
  const bb = b + ((voxels[i + columns + 1] as number) - b) * fx;
  const cb = c + ((voxels[i + sheet + 1] as number) - c) * fx;
  const db = d + ((voxels[i + sheet + columns + 1] as number) - d) * fx;
  const near = ab + (bb - ab) * fy;
  const far = cb + (db - cb) * fy;
  return near + (far - near) * fz;
}
