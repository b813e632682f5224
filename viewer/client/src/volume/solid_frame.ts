/** The picture of a volume in 3D as a frame: letters, scale, window and printing work as on any image. */
import type { Attribute, DataSet } from "../dicom/dataset.ts";
import type { Vector3 } from "../dicom/geometry.ts";
import { Tag } from "../dicom/tags.ts";
import type { MadeFrame, Quality } from "../engine/made.ts";
import type { ColorPicture, GreyPicture, Picture, Rescale } from "../engine/picture.ts";
import type { Camera } from "./cast.ts";
import { pictureFrom } from "./picture.ts";

const values = (vr: string, ...Value: readonly (number | string)[]): Attribute => ({ vr, Value });

let made = 0;

export class SolidFrame implements MadeFrame {
  readonly imageId: string;
  readonly url = "";
  readonly sopInstanceUid = "";
  readonly frameNumber = 1;
  readonly instanceNumber = 1;
  /** A picture through the whole volume lies at no one place. */
  readonly position = null;
  readonly row: Vector3;
  readonly column: Vector3;

  constructor(
    readonly camera: Camera,
    readonly picture: Picture,
    private readonly base: DataSet,
    private readonly saying: { words(): Readonly<Record<string, string>>; quality(): Quality },
  ) {
    made += 1;
    this.imageId = `solid:${made}`;
    this.row = camera.right;
    this.column = camera.down;
  }

  get dataSet(): DataSet {
    const { camera, picture, base } = this;
    const { [Tag.ImagePositionPatient]: _place, [Tag.SliceThickness]: _thickness, ...rest } = base;
    const own = picture.kind === "color" ? { [Tag.PhotometricInterpretation]: values("CS", "RGB") } : {};
    return {
      ...rest,
      ...own,
      [Tag.SOPInstanceUID]: values("UI"),
      [Tag.Rows]: values("US", camera.height),
      [Tag.Columns]: values("US", camera.width),
      [Tag.PixelSpacing]: values("DS", camera.scale, camera.scale),
      [Tag.ImageOrientationPatient]: values("DS", ...camera.right, ...camera.down),
    };
  }

  make(): Picture {
    return this.picture;
  }

  words(): Readonly<Record<string, string>> {
    return this.saying.words();
  }

  quality(): Quality {
    return this.saying.quality();
  }
}

/** Highest values as a grey picture; rays that met nothing are no part of it. */
export function greyFrom(
  highest: Float32Array,
  camera: Camera,
  rescale: Rescale,
  isWhole: boolean,
): GreyPicture {
  const found = highest.map((value) => (value === Number.NEGATIVE_INFINITY ? Number.NaN : value));
  return pictureFrom(found, camera.width, camera.height, rescale, isWhole);
}

/** Colours over black. */
export function colorFrom(rgba: Float32Array, { width, height }: Camera): ColorPicture {
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const value = (rgba[pixel * 4 + channel] as number) * 255;
      rgb[pixel * 3 + channel] = value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
    }
  }
  return { kind: "color", columns: width, rows: height, rgb };
}
