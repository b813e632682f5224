/** Arithmetic of figures: lengths, angles, areas, outlines, and which pixels lie inside. */
import { type Figure, isClosed, type Point } from "./marks.ts";

/** Size of one column and one row in the same unit. */
export interface Grid {
  readonly x: number;
  readonly y: number;
}

export function at(points: readonly Point[], index: number): Point {
  return points[index] ?? [0, 0];
}

export function distance([ax, ay]: Point, [bx, by]: Point, { x, y }: Grid): number {
  return Math.hypot((bx - ax) * x, (by - ay) * y);
}

export function middle([ax, ay]: Point, [bx, by]: Point): Point {
  return [(ax + bx) / 2, (ay + by) / 2];
}

/** Length along the points, from the first to the last. */
export function pathLength(points: readonly Point[], grid: Grid): number {
  return points.slice(1).reduce((sum, point, index) => sum + distance(at(points, index), point, grid), 0);
}

/** Area that a polygon encloses (shoelace formula). */
export function polygonArea(points: readonly Point[], grid: Grid): number {
  const twice = points.reduce((sum, [ax, ay], index) => {
    const [bx, by] = at(points, (index + 1) % points.length);
    return sum + (ax * by - bx * ay);
  }, 0);
  return (Math.abs(twice) / 2) * grid.x * grid.y;
}

function degreesBetween(ax: number, ay: number, bx: number, by: number): number {
  return (Math.atan2(Math.abs(ax * by - ay * bx), ax * bx + ay * by) * 180) / Math.PI;
}

/** Angle at the middle one of three points, 0 to 180 degrees. */
export function angle([a, vertex, b]: readonly [Point, Point, Point], { x, y }: Grid): number {
  return degreesBetween(
    (a[0] - vertex[0]) * x,
    (a[1] - vertex[1]) * y,
    (b[0] - vertex[0]) * x,
    (b[1] - vertex[1]) * y,
  );
}

/** Angle between two lines, whichever way each was drawn: 0 to 90 degrees. */
export function cobbAngle([a, b, c, d]: readonly [Point, Point, Point, Point], { x, y }: Grid): number {
  const between = degreesBetween((b[0] - a[0]) * x, (b[1] - a[1]) * y, (d[0] - c[0]) * x, (d[1] - c[1]) * y);
  return Math.min(between, 180 - between);
}

/** Half axes in columns and rows of a circle that is round in the patient. */
export function radii([center, edge]: readonly [Point, Point], grid: Grid): readonly [number, number] {
  const radius = distance(center, edge, grid);
  return [radius / grid.x, radius / grid.y];
}

/** Left, top, right, bottom. */
export function box(points: readonly Point[]): readonly [number, number, number, number] {
  const columns = points.map(([column]) => column);
  const rows = points.map(([, row]) => row);
  return [Math.min(...columns), Math.min(...rows), Math.max(...columns), Math.max(...rows)];
}

export function corners(points: readonly Point[]): readonly Point[] {
  const [left, top, right, bottom] = box(points);
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** Straight pieces that stand for one bend between two points of a curve. */
const PIECES = 16;

/** A circle as a polygon. */
const CIRCLE_PIECES = 72;

function between(p0: Point, p1: Point, p2: Point, p3: Point, t: number): Point {
  const one = (a: number, b: number, c: number, d: number) =>
    0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
  return [one(p0[0], p1[0], p2[0], p3[0]), one(p0[1], p1[1], p2[1], p3[1])];
}

/** A smooth line through all points (Catmull-Rom), as straight pieces; closed where the last point is the first. */
export function smooth(points: readonly Point[]): readonly Point[] {
  if (points.length < 3) return points;
  const closed = isClosed(points);
  const count = points.length - 1;
  const point = (index: number): Point =>
    closed ? at(points, (index + count) % count) : at(points, Math.max(0, Math.min(count, index)));
  const path: Point[] = [at(points, 0)];
  for (let index = 0; index < count; index += 1) {
    for (let piece = 1; piece <= PIECES; piece += 1) {
      const around = [point(index - 1), point(index), point(index + 1), point(index + 2)] as const;
      path.push(piece === PIECES ? at(points, index + 1) : between(...around, piece / PIECES));
    }
  }
  return path;
}

function circlePath(points: readonly Point[], grid: Grid): Point[] {
  const [cx, cy] = at(points, 0);
  const [rx, ry] = radii([at(points, 0), at(points, 1)], grid);
  return Array.from({ length: CIRCLE_PIECES + 1 }, (_, index) => {
    const turn = ((index % CIRCLE_PIECES) * 2 * Math.PI) / CIRCLE_PIECES;
    return [cx + rx * Math.cos(turn), cy + ry * Math.sin(turn)] as const;
  });
}

/** The lines of a figure, in pixels of the image: what is drawn, hit, and exported. */
export function paths(figure: Figure, points: readonly Point[], grid: Grid): readonly (readonly Point[])[] {
  if (points.length < 2) return points.length === 1 ? [points] : [];
  switch (figure) {
    case "diameter":
    case "cobb":
      return [points.slice(0, 2), points.slice(2, 4)].filter((line) => line.length === 2);
    case "circle":
      return [circlePath(points, grid)];
    case "rectangle":
      return [[...corners(points), at(corners(points), 0)]];
    case "curve":
      return [smooth(points)];
    default:
      return [points];
  }
}

/** True where the figure encloses an area, over which statistics make sense. */
export function encloses(figure: Figure, points: readonly Point[]): boolean {
  return figure === "circle" || figure === "rectangle" || (figure === "curve" && isClosed(points));
}

/** Columns of one row whose pixels' centres lie inside, as first and last. */
export type Spans = (row: number) => readonly (readonly [number, number])[];

function circleSpans(points: readonly Point[], grid: Grid): Spans {
  const [cx, cy] = at(points, 0);
  const radius = distance(at(points, 0), at(points, 1), grid);
  return (row) => {
    const rest = radius * radius - ((row - cy) * grid.y) ** 2;
    if (rest < 0) return [];
    const half = Math.sqrt(rest) / grid.x;
    return [[Math.ceil(cx - half - EDGE), Math.floor(cx + half + EDGE)]];
  };
}

/** What arithmetic may lose: a centre that lies on the line counts as inside. */
const EDGE = 1e-9;

function polygonSpans(path: readonly Point[]): Spans {
  return (row) => {
    const crossings: number[] = [];
    path.forEach(([ax, ay], index) => {
      const [bx, by] = at(path, (index + 1) % path.length);
      if (ay <= row === by <= row) return;
      crossings.push(ax + ((row - ay) / (by - ay)) * (bx - ax));
    });
    crossings.sort((a, b) => a - b);
    const spans: [number, number][] = [];
    for (let index = 0; index + 1 < crossings.length; index += 2) {
      const from = crossings[index] ?? 0;
      const to = crossings[index + 1] ?? 0;
      spans.push([Math.ceil(from - EDGE), Math.floor(to + EDGE)]);
    }
    return spans;
  };
}

/** The pixels whose centres lie inside a figure that encloses an area, row by row. */
export function spansOf(figure: Figure, points: readonly Point[], grid: Grid): Spans {
  if (figure === "circle") return circleSpans(points, grid);
  if (figure === "curve") return polygonSpans(smooth(points));
  const [left, top, right, bottom] = box(points);
  return (row) => (row >= top && row <= bottom ? [[Math.ceil(left), Math.floor(right)]] : []);
}

/** Rows that a figure can reach. */
export function rowsOf(figure: Figure, points: readonly Point[], grid: Grid): readonly [number, number] {
  const [, top, , bottom] = box(paths(figure, points, grid).flat());
  return [Math.ceil(top), Math.floor(bottom)];
}
