/** Finds the image that lies where another one does, and how their pixels lie on each other. */

import { number, text, vector } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { cross, dot, type Vector3 } from "../dicom/geometry.ts";
import { Tag } from "../dicom/tags.ts";
import { ObjectTag } from "./tags.ts";

/** x' = a x + c y + e, y' = b x + d y + f. */
export interface PixelMap {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export const SAME_PIXELS: PixelMap = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

/** A frame's plane: where its first pixel is, and the steps along its rows and columns (mm). */
export interface Plane {
  readonly origin: Vector3;
  /** From one column to the next. */
  readonly right: Vector3;
  /** From one row to the next. */
  readonly down: Vector3;
  readonly normal: Vector3;
}

function scaled([x, y, z]: Vector3, by: number): Vector3 {
  return [x * by, y * by, z * by];
}

function minus(a: Vector3, b: Vector3): Vector3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function planeOf({ dataSet, position, row, column }: Frame): Plane | null {
  const [downStep, rightStep] = vector(dataSet, Tag.PixelSpacing, 2) ?? [];
  if (!position || !row || !column || !downStep || !rightStep) return null;
  return {
    origin: position,
    right: scaled(row, rightStep),
    down: scaled(column, downStep),
    normal: cross(row, column),
  };
}

/** The pixel of a plane below a point of the patient's space, and how far away (mm) the point is. */
export function pixelAt(plane: Plane, point: Vector3): { x: number; y: number; distance: number } {
  const from = minus(point, plane.origin);
  return {
    x: dot(from, plane.right) / dot(plane.right, plane.right),
    y: dot(from, plane.down) / dot(plane.down, plane.down),
    distance: dot(from, plane.normal),
  };
}

/** Planes count as parallel up to about 0.8 degrees. */
const PARALLEL = 1e-4;

/** How pixels of one plane lie on those of another at the same place, or null where they do not. */
export function mapBetween(from: Plane, to: Plane, tolerance: number): PixelMap | null {
  if (Math.abs(dot(from.normal, to.normal)) < 1 - PARALLEL) return null;
  const at = (x: number, y: number) =>
    pixelAt(to, [
      from.origin[0] + from.right[0] * x + from.down[0] * y,
      from.origin[1] + from.right[1] * x + from.down[1] * y,
      from.origin[2] + from.right[2] * x + from.down[2] * y,
    ]);
  const [first, right, down] = [at(0, 0), at(1, 0), at(0, 1)];
  if (Math.abs(first.distance) > tolerance) return null;
  return {
    a: right.x - first.x,
    b: right.y - first.y,
    c: down.x - first.x,
    d: down.y - first.y,
    e: first.x,
    f: first.y,
  };
}

/** Half of what lies between two slices: nearer than that, a plane belongs to the slice. */
export function toleranceOf({ dataSet }: Frame): number {
  const between = number(dataSet, "00180088") ?? number(dataSet, Tag.SliceThickness) ?? 1;
  return Math.max(0.01, Math.abs(between) * 0.45);
}

export function sameSpace(a: Frame, b: Frame): boolean {
  const space = text(a.dataSet, ObjectTag.FrameOfReferenceUID);
  return space !== "" && space === text(b.dataSet, ObjectTag.FrameOfReferenceUID);
}
