/** The pictures of one plane: their pixels, and the places along the plane's normal at which they are cut. */
import { readingDirection } from "../dicom/frames.ts";
import { dot, type Vector3 } from "../dicom/geometry.ts";
import { corners, type Geometry, spacingAlong } from "./geometry.ts";
import type { Directions } from "./planes.ts";
import type { Samples } from "./reslice.ts";
import { mapped, mappedDirection, plus, times } from "./space.ts";

export interface PlaneGrid {
  readonly directions: Directions;
  readonly columns: number;
  readonly rows: number;
  /** mm of a pixel, both ways. */
  readonly pitch: number;
  /** Of the first pixel's centre: mm along right and down. */
  readonly corner: readonly [number, number];
  /** Along the normal, in reading order: head to feet, front to back, right to left. */
  readonly way: Vector3;
  /** mm along that way of the first cut, and between cuts. */
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Larger pictures than this would only be slower. */
const MOST_PIXELS = 1536;

/** Cuts and pixels within rounding of the edge count as inside. */
const ROUNDING = 1e-6;

function range(points: readonly Vector3[], direction: Vector3): readonly [number, number] {
  const at = points.map((point) => dot(point, direction));
  return [Math.min(...at), Math.max(...at)];
}

/** How many steps lie between a place and an edge. */
function steps(from: number, to: number, step: number): number {
  return Math.max(0, Math.floor(Math.abs(to - from) / step + ROUNDING));
}

/**
 * The grid of a plane, laid so that `center` is the centre of a pixel and lies on a cut. Through the volume's own
 * voxels, along its own axes, pixels and cuts then are the voxels themselves.
 */
export function planeGrid(geometry: Geometry, directions: Directions, center: Vector3): PlaneGrid {
  const { right, down } = directions;
  const way = readingDirection(directions.normal);
  const around = corners(geometry);
  const [left, rightmost] = range(around, right);
  const [top, bottom] = range(around, down);
  const [near, far] = range(around, way);
  const finest = Math.min(spacingAlong(geometry, right), spacingAlong(geometry, down));
  const pitch = Math.max(finest, (rightmost - left) / MOST_PIXELS, (bottom - top) / MOST_PIXELS);
  const step = spacingAlong(geometry, way);
  const [u, v, w] = [dot(center, right), dot(center, down), dot(center, way)];
  // Half a voxel at the edges is the voxels' own extent, not a pixel.
  const before = [steps(left + pitch / 2, u, pitch), steps(top + pitch / 2, v, pitch)] as const;
  const after = [steps(u, rightmost - pitch / 2, pitch), steps(v, bottom - pitch / 2, pitch)] as const;
  const cutsBefore = steps(near + step / 2, w, step);
  const cutsAfter = steps(w, far - step / 2, step);
  return {
    directions,
    columns: before[0] + after[0] + 1,
    rows: before[1] + after[1] + 1,
    pitch,
    corner: [u - before[0] * pitch, v - before[1] * pitch],
    way,
    first: w - cutsBefore * step,
    step,
    count: cutsBefore + cutsAfter + 1,
  };
}

/** The cut nearest to a point. */
export function indexAt({ way, first, step, count }: PlaneGrid, point: Vector3): number {
  const index = Math.round((dot(point, way) - first) / step);
  return Math.max(0, Math.min(count - 1, index));
}

/** mm of a cut along the grid's way. */
export function placeOf({ first, step }: PlaneGrid, index: number): number {
  return first + index * step;
}

/** The first pixel's centre of a cut, in the patient. */
export function positionOf(grid: PlaneGrid, index: number): Vector3 {
  const { directions, corner } = grid;
  const within = plus(times(directions.right, corner[0]), times(directions.down, corner[1]));
  return plus(within, times(grid.way, placeOf(grid, index)));
}

/** [column, row] of a point, projected onto the plane. */
export function pixelOf({ directions, corner, pitch }: PlaneGrid, point: Vector3): readonly [number, number] {
  return [
    (dot(point, directions.right) - corner[0]) / pitch,
    (dot(point, directions.down) - corner[1]) / pitch,
  ];
}

/** The point of a pixel of a cut, in the patient. */
export function pointOf(grid: PlaneGrid, index: number, [column, row]: readonly [number, number]): Vector3 {
  const { directions, pitch } = grid;
  const way = plus(times(directions.right, column * pitch), times(directions.down, row * pitch));
  return plus(positionOf(grid, index), way);
}

/** Where the pixels of a cut lie among the voxels. */
export function samplesOf(geometry: Geometry, grid: PlaneGrid, index: number): Samples {
  const { fromPatient } = geometry;
  const { columns, rows, pitch, directions } = grid;
  return {
    width: columns,
    height: rows,
    origin: mapped(fromPatient, positionOf(grid, index)),
    perColumn: mappedDirection(fromPatient, times(directions.right, pitch)),
    perRow: mappedDirection(fromPatient, times(directions.down, pitch)),
  };
}
