/** Pieces of data sets that tests of objects use. */
import type { DataSet } from "../src/dicom/dataset.ts";
import type { Frame } from "../src/dicom/frames.ts";
import { framesOf } from "../src/dicom/frames.ts";
import { dataSet, SERIES } from "./samples.ts";

export function code(value: string, scheme: string, meaning: string): DataSet {
  return dataSet({ "00080100": [value], "00080102": [scheme], "00080104": [meaning] });
}

export function reference(uid: string, ...frames: number[]): DataSet {
  return dataSet({ "00081155": [uid], ...(frames.length > 0 ? { "00081160": frames } : {}) });
}

/** An axial slice of 4 × 4 pixels of 2 mm (rows) by 1 mm (columns). */
export function slice(
  uid: string,
  z: number,
  more: Readonly<Record<string, readonly unknown[]>> = {},
): DataSet {
  return dataSet({
    "00080018": [uid],
    "00080060": ["CT"],
    "00200052": ["1.9"],
    "00200032": [10, 20, z],
    "00200037": [1, 0, 0, 0, 1, 0],
    "00280010": [4],
    "00280011": [4],
    "00280030": [2, 1],
    ...more,
  });
}

export function framesFrom(...instances: DataSet[]): Frame[] {
  return framesOf(instances, SERIES);
}
