/** A decoded frame: values of a grey image, or bytes of a coloured one. */
import type { Palette } from "./decoding/task.ts";
import type { LookupTable } from "./tables.ts";

export type Values =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Stored values become values of the modality (HU, counts, ...) by a line (PS3.3 C.11.1.1.2). */
export interface Rescale {
  readonly slope: number;
  readonly intercept: number;
}

interface Size {
  readonly rows: number;
  readonly columns: number;
  /** True where the image holds more pixels than its description says: what is shown may be askew, or a part. */
  readonly leavesPixels?: boolean;
}

export interface GreyPicture extends Size {
  readonly kind: "grey";
  /** Row by row; a modality LUT has been applied already, the rescale has not. */
  readonly stored: Values;
  readonly rescale: Rescale;
  /** Smallest and largest stored value. */
  readonly min: number;
  readonly max: number;
  /** Stored values from..to are no part of the picture (PS3.3 C.7.5.1.1.2), or null. */
  readonly padding: readonly [from: number, to: number] | null;
  /** The image's own table from values to greys, instead of a window (PS3.3 C.11.2); absent where it has none. */
  readonly voi?: LookupTable | null;
  /** Colours of stored values from `first` on, beside the greys of those below (PS3.3 C.7.6.19). */
  readonly colors?: Palette | null;
}

export interface ColorPicture extends Size {
  readonly kind: "color";
  /** Red, green, blue of each pixel, row by row. */
  readonly rgb: Uint8Array;
  /** True where the DICOM Server drew it, because nothing here decodes it: its greys are few, its values lost. */
  readonly isReduced?: boolean;
}

export type Picture = GreyPicture | ColorPicture;

export function bytesOf(picture: Picture): number {
  return picture.kind === "grey" ? picture.stored.byteLength : picture.rgb.byteLength;
}

/** Value of the modality at a pixel; null outside of the picture, in colours, and in padding. */
export function valueAt(picture: Picture, column: number, row: number): number | null {
  if (picture.kind === "color") return null;
  const [x, y] = [Math.round(column), Math.round(row)];
  if (x < 0 || y < 0 || x >= picture.columns || y >= picture.rows) return null;
  const stored = picture.stored[y * picture.columns + x];
  if (stored === undefined || isPadding(picture, stored)) return null;
  return stored * picture.rescale.slope + picture.rescale.intercept;
}

/** True where values are no whole numbers as they are stored. */
export function isFloat({ stored }: GreyPicture): boolean {
  return stored instanceof Float32Array || stored instanceof Float64Array;
}

/** The least by which two values of the modality differ that are worth telling apart; 1 at most. */
export function valueStep(picture: GreyPicture): number {
  const { min, max, rescale } = picture;
  const slope = Math.abs(rescale.slope) || 1;
  const step = isFloat(picture) ? ((max - min) * slope) / 4096 : slope;
  return step > 0 && step < 1 ? step : 1;
}

export function isPadding({ padding }: GreyPicture, stored: number): boolean {
  return padding !== null && stored >= padding[0] && stored <= padding[1];
}
