/** Reads RT structure sets (PS3.3 C.8.8.5): regions, their colours, and contours in the patient's space. */
import { type DataSet, items, number, numbers, text } from "../dicom/dataset.ts";
import type { Vector3 } from "../dicom/geometry.ts";
import { type Reference, referencesIn } from "./references.ts";

const StructureTag = {
  StructureSetROISequence: "30060020",
  ROINumber: "30060022",
  ROIName: "30060026",
  ROIDisplayColor: "3006002A",
  ROIContourSequence: "30060039",
  ContourSequence: "30060040",
  ContourImageSequence: "30060016",
  ContourGeometricType: "30060042",
  ContourData: "30060050",
  ReferencedROINumber: "30060084",
  ReferencedFrameOfReferenceUID: "30060024",
} as const;

export interface Contour {
  readonly closed: boolean;
  readonly points: readonly Vector3[];
  readonly references: readonly Reference[];
}

export interface Structure {
  readonly number: number;
  readonly label: string;
  readonly color: readonly [number, number, number];
  readonly frameOfReference: string;
  readonly contours: readonly Contour[];
}

function contourOf(item: DataSet): Contour[] {
  const values = numbers(item, StructureTag.ContourData);
  const points: Vector3[] = [];
  for (let index = 0; index + 2 < values.length; index += 3) {
    const point: Vector3 = [
      values[index] as number,
      values[index + 1] as number,
      values[index + 2] as number,
    ];
    if (point.every(Number.isFinite)) points.push(point);
  }
  if (points.length === 0) return [];
  const closed = text(item, StructureTag.ContourGeometricType).startsWith("CLOSED");
  return [{ closed, points, references: referencesIn(item, StructureTag.ContourImageSequence) }];
}

function colorOf(item: DataSet | undefined): readonly [number, number, number] {
  const [red, green, blue] = item ? numbers(item, StructureTag.ROIDisplayColor) : [];
  const valid = [red, green, blue].every((one) => one !== undefined && one >= 0 && one <= 255);
  return valid ? [red as number, green as number, blue as number] : [255, 200, 0];
}

export function structuresOf(ds: DataSet): Structure[] {
  const drawn = new Map(
    items(ds, StructureTag.ROIContourSequence).map((item) => [
      number(item, StructureTag.ReferencedROINumber),
      item,
    ]),
  );
  return items(ds, StructureTag.StructureSetROISequence).map((item, index) => {
    const roi = number(item, StructureTag.ROINumber) ?? index + 1;
    const contours = drawn.get(roi);
    return {
      number: roi,
      label: text(item, StructureTag.ROIName),
      color: colorOf(contours),
      frameOfReference: text(item, StructureTag.ReferencedFrameOfReferenceUID),
      contours: contours ? items(contours, StructureTag.ContourSequence).flatMap(contourOf) : [],
    };
  });
}
