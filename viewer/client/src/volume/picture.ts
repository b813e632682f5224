/** Cut values as a picture that a viewport shows like any other. */
import type { GreyPicture, Rescale } from "../engine/picture.ts";

/** Stands where there is nothing: no stored value of 16 bits is as low. */
const NOTHING = -0x80000000;

/** Whole numbers become a picture that is shaded by a table; where values have fractions they keep them. */
export function pictureFrom(
  values: Float32Array,
  columns: number,
  rows: number,
  rescale: Rescale,
  isWhole: boolean,
): GreyPicture {
  const stored = isWhole ? new Int32Array(values.length) : values;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (Number.isNaN(value)) {
      if (isWhole) stored[index] = NOTHING;
      continue;
    }
    const kept = isWhole ? Math.round(value) : value;
    stored[index] = kept;
    if (kept < min) min = kept;
    if (kept > max) max = kept;
  }
  if (min > max) [min, max] = [0, 0];
  return { kind: "grey", columns, rows, stored, rescale, min, max, padding: [NOTHING, NOTHING] };
}
