/** The cuts of a plane as frames of a series, so that a pane scrolls, windows and measures them like any other. */
import type { Attribute, DataSet } from "../dicom/dataset.ts";
import type { Vector3 } from "../dicom/geometry.ts";
import { Tag } from "../dicom/tags.ts";
import type { MadeFrame, Quality } from "../engine/made.ts";
import type { Picture } from "../engine/picture.ts";
import { type PlaneGrid, positionOf } from "./plane_grid.ts";

/** What the data set of a cut says by itself; the rest is that of the series' images. */
export interface CutDescription {
  readonly base: DataSet;
  /** mm through which a slab is seen; the distance of cuts without one. */
  thickness(): number;
  words(): Readonly<Record<string, string>>;
  quality(): Quality;
}

const values = (vr: string, ...Value: readonly (number | string)[]): Attribute => ({ vr, Value });

function dataSetOf(
  { base, thickness }: CutDescription,
  grid: PlaneGrid,
  position: Vector3,
  index: number,
): DataSet {
  const { directions, columns, rows, pitch } = grid;
  return {
    ...base,
    [Tag.SOPInstanceUID]: values("UI"),
    [Tag.InstanceNumber]: values("IS", index + 1),
    [Tag.Rows]: values("US", rows),
    [Tag.Columns]: values("US", columns),
    [Tag.PixelSpacing]: values("DS", pitch, pitch),
    [Tag.ImagePositionPatient]: values("DS", ...position),
    [Tag.ImageOrientationPatient]: values("DS", ...directions.right, ...directions.down),
    [Tag.SliceThickness]: values("DS", thickness()),
  };
}

/** One cut. Its data set is written when it is read: a plane has hundreds, and few are looked at. */
export class Cut implements MadeFrame {
  readonly url = "";
  readonly sopInstanceUid = "";
  readonly instanceNumber: number;
  readonly frameNumber: number;
  readonly row: Vector3;
  readonly column: Vector3;
  readonly position: Vector3;

  constructor(
    readonly imageId: string,
    readonly grid: PlaneGrid,
    readonly index: number,
    private readonly description: CutDescription,
    private readonly cut: (index: number) => Picture,
  ) {
    this.instanceNumber = index + 1;
    this.frameNumber = index + 1;
    this.row = grid.directions.right;
    this.column = grid.directions.down;
    this.position = positionOf(grid, index);
  }

  get dataSet(): DataSet {
    return dataSetOf(this.description, this.grid, this.position, this.index);
  }

  make(): Picture {
    return this.cut(this.index);
  }

  words(): Readonly<Record<string, string>> {
    return this.description.words();
  }

  quality(): Quality {
    return this.description.quality();
  }
}

export function cutsOf(
  name: string,
  grid: PlaneGrid,
  description: CutDescription,
  cut: (index: number) => Picture,
): Cut[] {
  return Array.from(
    { length: grid.count },
    (_, index) => new Cut(`${name}/${index}`, grid, index, description, cut),
  );
}
