/** Finds a place for the plate of a mark: inside the viewport, off the mark, off other plates. */
import type { Point } from "./marks.ts";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Free space between a mark and its plate, so that the lesion's edge stays in sight (px). */
const APART = 28;

/** Plates keep off the edge of the viewport (px). */
const MARGIN = 4;

/** Directions in order of liking: up and to the sides first, where fingers and pointers are not. */
const DIRECTIONS: readonly Point[] = [
  [-1, -1],
  [1, -1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [0, 1],
];

export function boxAround(points: readonly Point[], margin = 0): Box {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs) - margin, Math.min(...ys) - margin];
  return { x: left, y: top, width: Math.max(...xs) + margin - left, height: Math.max(...ys) + margin - top };
}

export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

function inside(value: number, length: number, room: number): number {
  return Math.max(MARGIN, Math.min(room - length - MARGIN, value));
}

function placedAt(shape: Box, size: Size, [dx, dy]: Point, apart: number): Point {
  const beside = (direction: number, start: number, length: number, own: number) =>
    direction < 0
      ? start - apart - own
      : direction > 0
        ? start + length + apart
        : start + length / 2 - own / 2;
  return [beside(dx, shape.x, shape.width, size.width), beside(dy, shape.y, shape.height, size.height)];
}

/**
 * The plate's place. Each candidate is moved into the viewport first; then the one that covers least wins, and among
 * equals the first in order of liking, so that a plate does not jump about while one zooms.
 */
export function placePlate(shape: Box, size: Size, viewport: Size, taken: readonly Box[]): Box {
  let best: Box = { x: MARGIN, y: MARGIN, ...size };
  let least = Number.POSITIVE_INFINITY;
  for (const apart of [APART, APART * 2]) {
    for (const direction of DIRECTIONS) {
      const [x, y] = placedAt(shape, size, direction, apart);
      const box = {
        x: inside(x, size.width, viewport.width),
        y: inside(y, size.height, viewport.height),
        ...size,
      };
      // To cover the lesion itself is worse than to cover anything else.
      const cost = overlap(box, shape) * 4 + taken.reduce((sum, other) => sum + overlap(box, other), 0);
      if (cost < least - 0.5) [least, best] = [cost, box];
    }
  }
  return best;
}

/** The place on the edge of a box that is nearest to a point. */
export function nearestOnBox({ x, y, width, height }: Box, [px, py]: Point): Point {
  return [Math.max(x, Math.min(x + width, px)), Math.max(y, Math.min(y + height, py))];
}

/** The nearest of some points to a place. */
export function nearestOf(points: readonly Point[], [x, y]: Point): Point {
  let best: Point = points[0] ?? [x, y];
  for (const point of points) {
    const better = Math.hypot(point[0] - x, point[1] - y) < Math.hypot(best[0] - x, best[1] - y);
    if (better) best = point;
  }
  return best;
}
