/** Shutters: what of an image is hidden because it shows nothing (PS3.3 C.7.6.11, C.7.6.15). */
import { type DataSet, number, numbers, texts } from "../dicom/dataset.ts";

const ShutterTag = {
  ShutterShape: "00181600",
  LeftVerticalEdge: "00181602",
  RightVerticalEdge: "00181604",
  UpperHorizontalEdge: "00181606",
  LowerHorizontalEdge: "00181608",
  CenterOfCircular: "00181610",
  RadiusOfCircular: "00181612",
  VerticesOfPolygonal: "00181620",
} as const;

export type Point = readonly [x: number, y: number];

/** The part that stays; in pixels, the centre of the first is [0, 0]. */
export type Opening =
  | { readonly kind: "rectangle"; readonly topLeft: Point; readonly bottomRight: Point }
  | { readonly kind: "circle"; readonly center: Point; readonly radius: number }
  | { readonly kind: "polygon"; readonly points: readonly Point[] };

/** Edges name the outermost columns and rows that stay, counted from 1. */
function rectangle(ds: DataSet): Opening[] {
  const left = number(ds, ShutterTag.LeftVerticalEdge);
  const right = number(ds, ShutterTag.RightVerticalEdge);
  const upper = number(ds, ShutterTag.UpperHorizontalEdge);
  const lower = number(ds, ShutterTag.LowerHorizontalEdge);
  if (left === null || right === null || upper === null || lower === null) return [];
  if (right <= left || lower <= upper) return [];
  return [{ kind: "rectangle", topLeft: [left - 1.5, upper - 1.5], bottomRight: [right - 0.5, lower - 0.5] }];
}

/** Row first, then column, both counted from 1. */
function circle(ds: DataSet): Opening[] {
  const [row, column] = numbers(ds, ShutterTag.CenterOfCircular);
  const radius = number(ds, ShutterTag.RadiusOfCircular);
  if (row === undefined || column === undefined || radius === null || !(radius > 0)) return [];
  return [{ kind: "circle", center: [column - 1, row - 1], radius }];
}

function polygon(ds: DataSet): Opening[] {
  const values = numbers(ds, ShutterTag.VerticesOfPolygonal);
  const points: Point[] = [];
  for (let index = 0; index + 1 < values.length; index += 2) {
    points.push([(values[index + 1] as number) - 1, (values[index] as number) - 1]);
  }
  return points.length >= 3 && points.flat().every(Number.isFinite) ? [{ kind: "polygon", points }] : [];
}

/** The openings of a data set; what is in all of them is seen. */
export function openingsOf(ds: DataSet): Opening[] {
  return texts(ds, ShutterTag.ShutterShape).flatMap((shape) => {
    if (shape === "RECTANGULAR") return rectangle(ds);
    if (shape === "CIRCULAR") return circle(ds);
    return shape === "POLYGONAL" ? polygon(ds) : [];
  });
}
