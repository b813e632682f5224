/** Small volumes with known values at known places, as frames with metadata and as voxels. */
import type { DataSet } from "../../src/dicom/dataset.ts";
import type { Frame } from "../../src/dicom/frames.ts";
import { cross, type Vector3 } from "../../src/dicom/geometry.ts";
import { along } from "../../src/volume/space.ts";

export interface Shape {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  /** mm between columns, rows, slices. */
  readonly spacing: readonly [number, number, number];
  readonly origin: Vector3;
  readonly row: Vector3;
  readonly column: Vector3;
  /** From slice to slice; the normal of rows and columns if not given. */
  readonly way?: Vector3;
}

const values = (vr: string, ...Value: readonly unknown[]) => ({ vr, Value });

export function frame(shape: Shape, position: Vector3, more: DataSet = {}): Frame {
  const { columns, rows, spacing, row, column } = shape;
  const dataSet: DataSet = {
    "00080060": values("CS", "CT"),
    "00280004": values("CS", "MONOCHROME2"),
    "00280010": values("US", rows),
    "00280011": values("US", columns),
    "00280030": values("DS", spacing[1], spacing[0]),
    "00280100": values("US", 16),
    "00281052": values("DS", -1024),
    "00281053": values("DS", 1),
    ...more,
  };
  const url = `https://server/frames/${position.join("/")}`;
  const instance = { sopInstanceUid: "1.2.3", frameNumber: 1, instanceNumber: 1 };
  return { imageId: `wadors:${url}`, url, ...instance, dataSet, position, row, column };
}

export function frames(shape: Shape, more: DataSet = {}): Frame[] {
  const way = shape.way ?? cross(shape.row, shape.column);
  return Array.from({ length: shape.slices }, (_, slice) =>
    frame(shape, along(shape.origin, way, slice * shape.spacing[2]), more),
  );
}

/** Pixels of one slice whose values are a function of the patient's mm. */
export function pixels(shape: Shape, slice: number, value: (place: Vector3) => number): Float32Array {
  const way = shape.way ?? cross(shape.row, shape.column);
  const start = along(shape.origin, way, slice * shape.spacing[2]);
  return Float32Array.from({ length: shape.columns * shape.rows }, (_, index) => {
    const x = index % shape.columns;
    const y = Math.floor(index / shape.columns);
    return value(along(along(start, shape.row, x * shape.spacing[0]), shape.column, y * shape.spacing[1]));
  });
}

export const AXIAL: Shape = {
  columns: 20,
  rows: 16,
  slices: 12,
  spacing: [0.5, 0.75, 2],
  origin: [-10, -20, 30],
  row: [1, 0, 0],
  column: [0, 1, 0],
};
