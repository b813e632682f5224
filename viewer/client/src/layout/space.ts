/** Where images lie in the patient: planes, places along a stack, and where two planes cut (PS3.3 C.7.6.2). */
import { patientSpacing } from "../dicom/calibration.ts";
import { number, text } from "../dicom/dataset.ts";
import { commonNormal, type Frame, readingDirection } from "../dicom/frames.ts";
import { cross, dot, type Vector3 } from "../dicom/geometry.ts";
import { Tag } from "../dicom/tags.ts";

/** One image as a piece of a plane in the patient; lengths in mm. */
export interface Plane {
  /** Only places within the same space can be compared. */
  readonly space: string;
  /** The centre of the first pixel. */
  readonly origin: Vector3;
  /** Along a row, to the next column. */
  readonly row: Vector3;
  /** Down a column, to the next row. */
  readonly column: Vector3;
  readonly normal: Vector3;
  /** Between rows, between columns. */
  readonly spacing: readonly [number, number];
  readonly rows: number;
  readonly columns: number;
}

/** Planes that differ by less than about 10 degrees count as parallel. */
const NEARLY_PARALLEL = Math.cos((10 * Math.PI) / 180);

/** Places nearer than this (mm) are the same. */
const SAME_PLACE = 1e-3;

export function isParallel(a: Vector3, b: Vector3): boolean {
  return Math.abs(dot(a, b)) >= NEARLY_PARALLEL;
}

function along(from: Vector3, ...steps: readonly (readonly [Vector3, number])[]): Vector3 {
  const at = (axis: 0 | 1 | 2) => steps.reduce((sum, [way, by]) => sum + way[axis] * by, from[axis]);
  return [at(0), at(1), at(2)];
}

function minus(a: Vector3, b: Vector3): Vector3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** The frame of reference, and the patient: two people never share a space, whatever their images claim. */
function spaceOf({ dataSet }: Frame): string {
  const frameOfReference = text(dataSet, Tag.FrameOfReferenceUID);
  return frameOfReference === "" ? "" : `${frameOfReference} ${text(dataSet, Tag.PatientID)}`;
}

function madePlane(frame: Frame): Plane | null {
  const { position, row, column, dataSet } = frame;
  const spacing = patientSpacing(dataSet);
  const space = spaceOf(frame);
  const rows = number(dataSet, Tag.Rows);
  const columns = number(dataSet, Tag.Columns);
  if (!position || !row || !column || !spacing || !rows || !columns || space === "") return null;
  const normal = cross(row, column);
  const length = Math.hypot(...normal);
  if (!(length > 0.5)) return null;
  const unit: Vector3 = [normal[0] / length, normal[1] / length, normal[2] / length];
  return { space, origin: position, row, column, normal: readingDirection(unit), spacing, rows, columns };
}

const planes = new WeakMap<Frame, { plane: Plane | null }>();

/** The plane of an image; null where it does not say where it lies. */
export function planeOf(frame: Frame): Plane | null {
  const known = planes.get(frame);
  if (known) return known.plane;
  const plane = madePlane(frame);
  planes.set(frame, { plane });
  return plane;
}

/** The place in the patient of a pixel ([column, row], the centre of the first is [0, 0]). */
export function pointAt({ origin, row, column, spacing }: Plane, [x, y]: readonly [number, number]): Vector3 {
  return along(origin, [row, x * spacing[1]], [column, y * spacing[0]]);
}

/** The pixel of a plane that a place in the patient is nearest to. */
export function pixelAt({ origin, row, column, spacing }: Plane, point: Vector3): readonly [number, number] {
  const from = minus(point, origin);
  return [dot(from, row) / spacing[1], dot(from, column) / spacing[0]];
}

export function centerOf(plane: Plane): Vector3 {
  return pointAt(plane, [(plane.columns - 1) / 2, (plane.rows - 1) / 2]);
}

/** A series as a stack of parallel images. */
export interface Stack {
  readonly space: string;
  readonly normal: Vector3;
  /** Of each image along the normal (mm). */
  readonly places: readonly number[];
  /** From one image to the next (mm): the usual one, so that a gap stays a gap. */
  readonly step: number;
}

function median(values: readonly number[]): number | null {
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? null;
}

function stepOf(places: readonly number[], { dataSet }: Frame): number {
  const ordered = [...places].sort((a, b) => a - b);
  const gaps = ordered.flatMap((place, index) => {
    const gap = place - (ordered[index - 1] ?? place);
    return gap > SAME_PLACE ? [gap] : [];
  });
  const stated = [Tag.SpacingBetweenSlices, Tag.SliceThickness].map((tag) => number(dataSet, tag));
  return median(gaps) ?? stated.find((value) => value !== null && value > 0) ?? 1;
}

function madeStack(frames: readonly Frame[]): Stack | null {
  const [first] = frames;
  const plane = first && planeOf(first);
  const common = commonNormal(frames);
  if (!first || !plane || !common) return null;
  const normal = readingDirection(common);
  const places: number[] = [];
  for (const frame of frames) {
    if (!frame.position || planeOf(frame)?.space !== plane.space) return null;
    places.push(dot(frame.position, normal));
  }
  return { space: plane.space, normal, places, step: stepOf(places, first) };
}

const stacks = new WeakMap<readonly Frame[], { stack: Stack | null }>();

/** The stack that these frames are; null where they are none. */
export function stackOf(frames: readonly Frame[]): Stack | null {
  const known = stacks.get(frames);
  if (known) return known.stack;
  const stack = madeStack(frames);
  stacks.set(frames, { stack });
  return stack;
}

/** The image nearest to a place, of several as near the one next to `near`; and whether it lies there. */
export function nearestTo(stack: Stack, place: number, near: number): { index: number; here: boolean } {
  let index = 0;
  let distance = Number.POSITIVE_INFINITY;
  stack.places.forEach((value, at) => {
    const far = Math.abs(value - place);
    const nearer = far < distance - SAME_PLACE;
    const asNear = far < distance + SAME_PLACE && Math.abs(at - near) < Math.abs(index - near);
    if (!nearer && !asNear) return;
    index = at;
    distance = Math.min(distance, far);
  });
  return { index, here: distance <= stack.step / 2 + SAME_PLACE };
}

type Segment = readonly [from: readonly [number, number], to: readonly [number, number]];

/** Keeps the part of a segment where a x + b y + c >= 0; null where that is nothing. */
function clipped(segment: Segment | null, a: number, b: number, c: number): Segment | null {
  if (!segment) return null;
  const [from, to] = segment;
  const [start, end] = [a * from[0] + b * from[1] + c, a * to[0] + b * to[1] + c];
  if (start < 0 && end < 0) return null;
  if (start >= 0 && end >= 0) return segment;
  const share = start / (start - end);
  const cut: readonly [number, number] = [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
  ];
  return start < 0 ? [cut, to] : [from, cut];
}

/** The line a x + b y + c = 0 within the whole image. */
function acrossImage({ rows, columns }: Plane, a: number, b: number, c: number): Segment | null {
  const length = Math.hypot(a, b);
  if (!(length > 0)) return null;
  const [px, py] = [(-a * c) / length ** 2, (-b * c) / length ** 2];
  const [dx, dy] = [-b / length, a / length];
  const far = Math.hypot(px, py) + rows + columns;
  let line: Segment | null = [
    [px - dx * far, py - dy * far],
    [px + dx * far, py + dy * far],
  ];
  line = clipped(line, 1, 0, 0.5);
  line = clipped(line, -1, 0, columns - 0.5);
  line = clipped(line, 0, 1, 0.5);
  return clipped(line, 0, -1, rows - 0.5);
}

/**
 * Where one image cuts another, in pixels of the other: the part that lies within both. Null where they are (nearly)
 * parallel, lie in other spaces, or do not meet.
 */
export function cut(of: Plane, on: Plane): Segment | null {
  if (of.space !== on.space || isParallel(of.normal, on.normal)) return null;
  // How far a pixel [x, y] of `on` is along a direction from the origin of `of`: a x + b y + c.
  const measured = (way: Vector3): readonly [number, number, number] => [
    dot(on.row, way) * on.spacing[1],
    dot(on.column, way) * on.spacing[0],
    dot(minus(on.origin, of.origin), way),
  ];
  let line = acrossImage(on, ...measured(of.normal));
  const [width, height] = [of.columns * of.spacing[1], of.rows * of.spacing[0]];
  const within = (way: Vector3, before: number, size: number) => {
    const [a, b, c] = measured(way);
    line = clipped(line, a, b, c + before);
    line = clipped(line, -a, -b, size - before - c);
  };
  within(of.row, of.spacing[1] / 2, width);
  within(of.column, of.spacing[0] / 2, height);
  return line;
}
