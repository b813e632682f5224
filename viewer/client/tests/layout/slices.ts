/** Images with a place in the patient, for tests of the layout. */
import type { Frame } from "../../src/dicom/frames.ts";
import { framesOf } from "../../src/dicom/frames.ts";
import { Tag } from "../../src/dicom/tags.ts";
import { dataSet, SERIES } from "../samples.ts";

export interface Geometry {
  readonly orientation: readonly number[];
  /** Of the centre of the first pixel of each image. */
  readonly positions: readonly (readonly number[])[];
  /** Between rows, between columns. */
  readonly spacing?: readonly [number, number];
  readonly rows?: number;
  readonly columns?: number;
  readonly frameOfReference?: string;
  readonly patient?: string;
}

export const AXIAL = [1, 0, 0, 0, 1, 0];
export const CORONAL = [1, 0, 0, 0, 0, -1];
export const SAGITTAL = [0, 1, 0, 0, 0, -1];

export function series(geometry: Geometry): readonly Frame[] {
  return framesOf(
    geometry.positions.map((position, index) =>
      dataSet({
        [Tag.SOPInstanceUID]: [`1.${index + 1}`],
        [Tag.Modality]: ["CT"],
        [Tag.PatientID]: [geometry.patient ?? "P1"],
        [Tag.InstanceNumber]: [index + 1],
        [Tag.FrameOfReferenceUID]: [geometry.frameOfReference ?? "2.25.1"],
        [Tag.ImagePositionPatient]: position,
        [Tag.ImageOrientationPatient]: geometry.orientation,
        [Tag.PixelSpacing]: geometry.spacing ?? [1, 1],
        [Tag.Rows]: [geometry.rows ?? 100],
        [Tag.Columns]: [geometry.columns ?? 100],
      }),
    ),
    SERIES,
  );
}

/** Images without a place, as of a film. */
export function film(count: number): readonly Frame[] {
  return framesOf(
    Array.from({ length: count }, (_, index) =>
      dataSet({
        [Tag.SOPInstanceUID]: [`1.${index + 1}`],
        [Tag.Modality]: ["US"],
        [Tag.InstanceNumber]: [index + 1],
        [Tag.Rows]: [4],
        [Tag.Columns]: [4],
      }),
    ),
    SERIES,
  );
}

/** Axial images of 100 × 100 mm at these heights. */
export function axial(heights: readonly number[], more: Partial<Geometry> = {}): readonly Frame[] {
  return series({ orientation: AXIAL, positions: heights.map((z) => [-50, -50, z]), ...more });
}
