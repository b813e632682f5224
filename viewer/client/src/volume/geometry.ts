/** Where the voxels of a series lie in the patient, or in words why they make no volume. */
import { patientSpacing } from "../dicom/calibration.ts";
import { type DataSet, number, text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { cross, dot, type Vector3 } from "../dicom/geometry.ts";
import { Tag } from "../dicom/tags.ts";
import { plainNumber } from "../dicom/windows.ts";
import { _, _n } from "../words/say.ts";
import { type Affine, inverted, mapped, minus, plus, size, times, unit } from "./space.ts";
import { HOLE } from "./voxels.ts";

export interface Geometry {
  readonly columns: number;
  readonly rows: number;
  /** mm between columns and between rows. */
  readonly spacing: readonly [number, number];
  /** Places of the slices along the normal (mm from the first), ascending, in the order of the frames. */
  readonly places: readonly number[];
  /** The usual distance of two slices: the median (mm). */
  readonly step: number;
  /** [column, row, mm along the normal] to the patient's mm, and back. */
  readonly toPatient: Affine;
  readonly fromPatient: Affine;
  /** Unit vectors: along a row, along a column, from slice to slice. */
  readonly axes: readonly [Vector3, Vector3, Vector3];
  /** Degrees between the way from slice to slice and the slices' normal. */
  readonly tilt: number;
  /** What a reader must know: missing slices, uneven distances, tilt. */
  readonly notices: readonly string[];
}

export type Described = { readonly geometry: Geometry } | { readonly refusal: string };

/** Fewer slices show nothing in the other planes. */
export const FEWEST_SLICES = 5;

/** Relative difference of spacings that is rounding, and cosine below which directions are perpendicular. */
const ROUNDING = 1e-3;

/** Directions that differ by less than 0.1 degrees are the same. */
const PARALLEL = 1 - Math.cos((0.1 * Math.PI) / 180);

/** Slices may lie beside the line through all of them by a quarter of a pixel. */
const BESIDE = 0.25;

/** Tilt below which nothing is said (degrees). */
const UPRIGHT = 0.5;

/** Distances that differ from the usual one by more than this share are uneven. */
const UNEVEN = 0.1;

interface Placed {
  readonly position: Vector3;
  readonly row: Vector3;
  readonly column: Vector3;
}

class Refusal extends Error {}

function placed(frame: Frame): Placed {
  const { position, row, column } = frame;
  if (!position || !row || !column) {
    throw new Refusal(_("The images do not say where they lie in the patient."));
  }
  return { position, row, column };
}

function sizeOf(ds: DataSet): readonly [number, number] {
  return [number(ds, Tag.Columns) ?? 0, number(ds, Tag.Rows) ?? 0];
}

function checkPixels(frames: readonly Frame[]): readonly [number, number] {
  const [columns, rows] = sizeOf((frames[0] as Frame).dataSet);
  for (const { dataSet } of frames) {
    if (!text(dataSet, Tag.PhotometricInterpretation).startsWith("MONOCHROME")) {
      throw new Refusal(_("The images are in colour; planes and 3D are made of grey images only."));
    }
    const [width, height] = sizeOf(dataSet);
    if (width !== columns || height !== rows) {
      const sizes = { first: `${columns} × ${rows}`, other: `${width} × ${height}` };
      throw new Refusal(_("The images are of different sizes: {first} and {other} pixels.", sizes));
    }
  }
  if (columns < 2 || rows < 2) throw new Refusal(_("The images are too small to cut planes through them."));
  return [columns, rows];
}

function checkSpacing(frames: readonly Frame[]): readonly [number, number] {
  const first = patientSpacing((frames[0] as Frame).dataSet);
  if (!first) throw new Refusal(_("The images are not calibrated, so distances in them are not known."));
  for (const { dataSet } of frames) {
    const other = patientSpacing(dataSet);
    const isSame = other?.every((value, axis) => Math.abs(value / (first[axis] ?? 0) - 1) < ROUNDING);
    if (!isSame) throw new Refusal(_("The images have pixels of different sizes."));
  }
  return [first[1], first[0]];
}

function checkDirections(slices: readonly Placed[]): { row: Vector3; column: Vector3; normal: Vector3 } {
  const [first] = slices as [Placed];
  const lengths = [size(first.row), size(first.column)];
  if (lengths.some((length) => !(Math.abs(length - 1) < 0.01))) {
    throw new Refusal(_("The images do not say where they lie in the patient."));
  }
  const row = unit(first.row);
  const column = unit(first.column);
  if (Math.abs(dot(row, column)) > ROUNDING) {
    throw new Refusal(_("Rows and columns of the images are not perpendicular."));
  }
  for (const slice of slices) {
    const isParallel =
      dot(slice.row, row) > (1 - PARALLEL) * size(slice.row) &&
      dot(slice.column, column) > (1 - PARALLEL) * size(slice.column);
    if (!isParallel) throw new Refusal(_("The images lie in different directions."));
  }
  const normal = unit(cross(row, column));
  const last = slices.at(-1) as Placed;
  const isForward = dot(minus(last.position, first.position), normal) >= 0;
  return { row, column, normal: isForward ? normal : times(normal, -1) };
}

function median(values: readonly number[]): number {
  const inOrder = [...values].sort((a, b) => a - b);
  return inOrder[Math.floor(inOrder.length / 2)] ?? 0;
}

function checkPlaces(places: readonly number[]): number {
  const gaps = places.slice(1).map((place, index) => place - (places[index] as number));
  const step = median(gaps);
  const together = gaps.filter((gap) => !(gap > Math.max(1e-3, step * 0.01))).length;
  if (together > 0) {
    throw new Refusal(
      _("Several images lie at the same place, such as points in time; open them as a stack."),
    );
  }
  return step;
}

function gapNotices(places: readonly number[], step: number): string[] {
  const notices: string[] = [];
  let [least, most] = [step, step];
  for (let index = 0; index + 1 < places.length; index += 1) {
    const gap = (places[index + 1] as number) - (places[index] as number);
    const missing = Math.round(gap / step) - 1;
    if (gap > HOLE * step && Math.abs(gap - (missing + 1) * step) < 2 * UNEVEN * step) {
      const words = { after: index + 1 };
      notices.push(_n("{n} slice missing after {after}", "{n} slices missing after {after}", missing, words));
    } else {
      least = Math.min(least, gap);
      most = Math.max(most, gap);
    }
  }
  if (most - least > UNEVEN * step) {
    const [from, to] = [plainNumber(least, 2), plainNumber(most, 2)];
    notices.push(_("Uneven distances: {from} to {to} mm", { from, to }));
  }
  return notices;
}

/** In-plane way of the stack for each mm along its normal; refused where slices do not lie on one line. */
function checkShear(
  slices: readonly Placed[],
  places: readonly number[],
  [row, column]: readonly [Vector3, Vector3],
  spacing: readonly [number, number],
): readonly [number, number] {
  const first = slices[0] as Placed;
  const ways = slices.map(({ position }) => {
    const way = minus(position, first.position);
    return [dot(way, row), dot(way, column)] as const;
  });
  const extent = places.at(-1) as number;
  const [alongRow, alongColumn] = ways.at(-1) as readonly [number, number];
  const shear = [alongRow / extent, alongColumn / extent] as const;
  ways.forEach((way, index) => {
    const place = places[index] as number;
    for (const axis of [0, 1] as const) {
      const beside = Math.abs(way[axis] - shear[axis] * place) / spacing[axis];
      if (beside > BESIDE) throw new Refusal(_("The images are shifted against each other."));
    }
  });
  return shear;
}

function describe(frames: readonly Frame[]): Geometry {
  if (frames.length < FEWEST_SLICES) {
    const words = _n(
      "The series has {n} image; planes and 3D need at least {fewest}.",
      "The series has {n} images; planes and 3D need at least {fewest}.",
      frames.length,
      { fewest: FEWEST_SLICES },
    );
    throw new Refusal(words);
  }
  const slices = frames.map(placed);
  const [columns, rows] = checkPixels(frames);
  const spacing = checkSpacing(frames);
  const { row, column, normal } = checkDirections(slices);
  const origin = (slices[0] as Placed).position;
  const places = slices.map(({ position }) => dot(minus(position, origin), normal));
  const step = checkPlaces(places);
  const [alongRow, alongColumn] = checkShear(slices, places, [row, column], spacing);
  const way = plus(normal, plus(times(row, alongRow), times(column, alongColumn)));
  const toPatient: Affine = { columns: [times(row, spacing[0]), times(column, spacing[1]), way], origin };
  const fromPatient = inverted(toPatient);
  if (!fromPatient) throw new Refusal(_("The images lie on top of each other."));
  const tilt = (Math.atan(Math.hypot(alongRow, alongColumn)) * 180) / Math.PI;
  const notices = gapNotices(places, step);
  if (tilt >= UPRIGHT)
    notices.push(_("Tilted {degrees}°", { degrees: plainNumber(tilt, tilt < 10 ? 1 : 0) }));
  const axes = [row, column, unit(way)] as const;
  return { columns, rows, spacing, places, step, toPatient, fromPatient, axes, tilt, notices };
}

/** The geometry of frames in reading order, or why they make no volume. */
export function describeVolume(frames: readonly Frame[]): Described {
  try {
    return { geometry: describe(frames) };
  } catch (error) {
    if (error instanceof Refusal) return { refusal: error.message };
    throw error;
  }
}

/** The middle of the volume, in mm. */
export function middle({ columns, rows, places, toPatient }: Geometry): Vector3 {
  return mapped(toPatient, [(columns - 1) / 2, (rows - 1) / 2, (places.at(-1) ?? 0) / 2]);
}

/** The eight corners of the volume, half a voxel beyond the outermost centres. */
export function corners({ columns, rows, places, step, toPatient }: Geometry): Vector3[] {
  const all: Vector3[] = [];
  for (const x of [-0.5, columns - 0.5])
    for (const y of [-0.5, rows - 0.5])
      for (const z of [-step / 2, (places.at(-1) ?? 0) + step / 2]) all.push(mapped(toPatient, [x, y, z]));
  return all;
}

/**
 * The distance (mm) in a direction over which one voxel is crossed: the slice distance across slices, the pixel
 * spacing within them, between the two in between.
 */
export function spacingAlong({ fromPatient, step }: Geometry, direction: Vector3): number {
  const [x, y, z] = [0, 1, 2].map((axis) =>
    [0, 1, 2].reduce(
      (sum, from) => sum + (fromPatient.columns[from]?.[axis] ?? 0) * (direction[from] ?? 0),
      0,
    ),
  ) as [number, number, number];
  return 1 / Math.hypot(x, y, z / step);
}
