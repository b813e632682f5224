/** Moves marks and their handles; what belongs together stays so. */
import type { Figure, Point } from "./marks.ts";
import { isClosed, samePoint } from "./marks.ts";
import { at, corners, type Grid, middle } from "./shapes.ts";

export function moved(points: readonly Point[], columns: number, rows: number): readonly Point[] {
  return points.map(([column, row]) => [column + columns, row + rows] as const);
}

/** The places at which a mark is taken hold of; as many as `withHandle` knows. */
export function handlesOf(figure: Figure, points: readonly Point[]): readonly Point[] {
  if (figure === "rectangle" && points.length === 2) return corners(points);
  if (figure === "curve" && isClosed(points)) return points.slice(0, -1);
  return points;
}

function replaced(points: readonly Point[], index: number, to: Point): readonly Point[] {
  return points.map((point, other) => (other === index ? to : point));
}

/** The corner opposite of the one that is held stays where it is. */
function rectangleWith(points: readonly Point[], handle: number, to: Point): readonly Point[] {
  return [at(corners(points), (handle + 2) % 4), to];
}

function curveWith(points: readonly Point[], handle: number, to: Point): readonly Point[] {
  const result = replaced(points, handle, to);
  const ends = isClosed(points) && handle === 0;
  return ends ? replaced(result, points.length - 1, to) : result;
}

interface Direction {
  readonly x: number;
  readonly y: number;
}

/** Unit vector from a to b, in the unit of the grid; null where they are the same place. */
function direction(a: Point, b: Point, grid: Grid): Direction | null {
  const x = (b[0] - a[0]) * grid.x;
  const y = (b[1] - a[1]) * grid.y;
  const length = Math.hypot(x, y);
  return length > 0 ? { x: x / length, y: y / length } : null;
}

/** Place of `point` along and across a direction, seen from an origin. */
function along(origin: Point, point: Point, { x, y }: Direction, grid: Grid): readonly [number, number] {
  const dx = (point[0] - origin[0]) * grid.x;
  const dy = (point[1] - origin[1]) * grid.y;
  return [dx * x + dy * y, dy * x - dx * y];
}

function placed(
  origin: Point,
  [ahead, aside]: readonly [number, number],
  { x, y }: Direction,
  grid: Grid,
): Point {
  return [origin[0] + (ahead * x - aside * y) / grid.x, origin[1] + (ahead * y + aside * x) / grid.y];
}

/** The end of a short axis that begins at `start` and follows the pointer at a right angle to the long one. */
export function squared(long: readonly [Point, Point], start: Point, pointer: Point, grid: Grid): Point {
  const axis = direction(long[0], long[1], grid);
  if (!axis) return pointer;
  const [ahead] = along(long[0], start, axis, grid);
  const [, aside] = along(long[0], pointer, axis, grid);
  return placed(long[0], [ahead, aside], axis, grid);
}

/** The short axis turns with the long one, and keeps its length and its place on it. */
function longAxisWith(points: readonly Point[], handle: number, to: Point, grid: Grid): readonly Point[] {
  const [a, b, c, d] = [at(points, 0), at(points, 1), at(points, 2), at(points, 3)];
  const [newA, newB] = handle === 0 ? [to, b] : [a, to];
  const before = direction(a, b, grid);
  const after = direction(newA, newB, grid);
  if (points.length < 4 || !before || !after) return replaced(points, handle, to);
  const center = middle(a, b);
  const newCenter = middle(newA, newB);
  const turned = (point: Point) => placed(newCenter, along(center, point, before, grid), after, grid);
  return [newA, newB, turned(c), turned(d)];
}

/** An end of the short axis follows the pointer; the other keeps its distance, at the same place along. */
function shortAxisWith(points: readonly Point[], handle: number, to: Point, grid: Grid): readonly Point[] {
  const [a, b] = [at(points, 0), at(points, 1)];
  const axis = direction(a, b, grid);
  if (!axis) return replaced(points, handle, to);
  const other = handle === 2 ? 3 : 2;
  const [ahead, aside] = along(a, to, axis, grid);
  const [, otherAside] = along(a, at(points, other), axis, grid);
  const held = placed(a, [ahead, aside], axis, grid);
  const opposite = placed(a, [ahead, otherAside], axis, grid);
  return handle === 2 ? [a, b, held, opposite] : [a, b, opposite, held];
}

/** A circle is moved by its centre, and sized by its edge. */
function circleWith(points: readonly Point[], handle: number, to: Point): readonly Point[] {
  const [center, edge] = [at(points, 0), at(points, 1)];
  return handle === 0 ? moved([center, edge], to[0] - center[0], to[1] - center[1]) : [center, to];
}

/** The points after a handle was moved to a place. */
export function withHandle(
  figure: Figure,
  points: readonly Point[],
  handle: number,
  to: Point,
  grid: Grid,
): readonly Point[] {
  switch (figure) {
    case "rectangle":
      return rectangleWith(points, handle, to);
    case "curve":
      return curveWith(points, handle, to);
    case "circle":
      return circleWith(points, handle, to);
    case "diameter":
      return handle < 2 ? longAxisWith(points, handle, to, grid) : shortAxisWith(points, handle, to, grid);
    default:
      return replaced(points, handle, to);
  }
}

/** Fewer points for a line drawn by hand: none lies further from the original than `tolerance` (Douglas-Peucker). */
export function simplified(points: readonly Point[], tolerance: number): readonly Point[] {
  const first = at(points, 0);
  const last = at(points, points.length - 1);
  if (points.length < 3) return points;
  let [furthest, index] = [0, 0];
  points.forEach((point, other) => {
    const apart = toSegment(point, first, last);
    if (apart > furthest) [furthest, index] = [apart, other];
  });
  if (furthest <= tolerance) return [first, last];
  const head = simplified(points.slice(0, index + 1), tolerance);
  return [...head.slice(0, -1), ...simplified(points.slice(index), tolerance)];
}

/** Distance of a point from a straight piece. */
export function toSegment(point: Point, a: Point, b: Point): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const squaredLength = dx * dx + dy * dy;
  const [px, py] = [point[0] - a[0], point[1] - a[1]];
  const share = samePoint(a, b) ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / squaredLength));
  return Math.hypot(px - share * dx, py - share * dy);
}
