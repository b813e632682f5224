/** Which mark, and which handle of it, a press on the screen meets. */
import { toSegment } from "./edit.ts";
import type { Point } from "./marks.ts";
import { at } from "./shapes.ts";

/** A mark as it lies on the screen, in CSS pixels. */
export interface OnScreen {
  readonly id: string;
  readonly handles: readonly Point[];
  readonly paths: readonly (readonly Point[])[];
}

export interface Hit {
  readonly id: string;
  /** null: the line itself, which moves the whole. */
  readonly handle: number | null;
}

/** How near (px) a press must come: a finger hides what it touches. */
export interface Reach {
  readonly handle: number;
  readonly line: number;
}

export const MOUSE_REACH: Reach = { handle: 8, line: 6 };
export const TOUCH_REACH: Reach = { handle: 24, line: 14 };

function toPath(point: Point, path: readonly Point[]): number {
  if (path.length === 1) return toSegment(point, at(path, 0), at(path, 0));
  return path
    .slice(1)
    .reduce((least, end, index) => Math.min(least, toSegment(point, at(path, index), end)), Infinity);
}

/** The nearest handle in reach, else the nearest line in reach; the selected mark comes first. */
export function hitAt(
  point: Point,
  marks: readonly OnScreen[],
  selected: string | null,
  reach: Reach,
): Hit | null {
  const order = [...marks].sort((a, b) => Number(b.id === selected) - Number(a.id === selected));
  let best: { hit: Hit; apart: number } | null = null;
  const offer = (hit: Hit, apart: number, within: number) => {
    // Among equals the first stays: the selected mark.
    if (apart <= within && (!best || apart < best.apart - 0.5)) best = { hit, apart };
  };
  for (const { id, handles } of order) {
    handles.forEach((handle, index) => {
      offer({ id, handle: index }, Math.hypot(handle[0] - point[0], handle[1] - point[1]), reach.handle);
    });
  }
  const onHandle = best as { hit: Hit } | null;
  if (onHandle) return onHandle.hit;
  for (const { id, paths } of order) {
    for (const path of paths) offer({ id, handle: null }, toPath(point, path), reach.line);
  }
  const onLine = best as { hit: Hit } | null;
  return onLine?.hit ?? null;
}
