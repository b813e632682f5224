/** Turns values into shades: what of a picture is black, what white, what between (PS3.3 C.11.2). */
import { rangeOf, type VoiFunction, type Window } from "../dicom/windows.ts";
import { type GreyPicture, isPadding, type Picture } from "./picture.ts";
import { type LookupTable, looked } from "./tables.ts";

/** Value of the modality to shade, 0 (black) to 255 (white). */
export type Shading = (value: number) => number;

const BLACK = 0xff000000;

/** The shading of a window (PS3.3 C.11.2.1.2, C.11.2.1.3). */
export function windowShading(window: Window, by: VoiFunction): Shading {
  if (by === "SIGMOID") {
    const { center, width } = window;
    return (value) => 255 / (1 + Math.exp((-4 * (value - center)) / width));
  }
  const { lower, upper } = rangeOf(window, by);
  const scale = upper > lower ? 255 / (upper - lower) : Number.POSITIVE_INFINITY;
  return (value) => {
    if (value <= lower) return 0;
    return value >= upper ? 255 : (value - lower) * scale;
  };
}

/** The shading of a table of greys (PS3.3 C.11.2.1.1): its values outside of it take its first or last grey. */
export function tableShading(lut: LookupTable): Shading {
  // Some tables hold more than their descriptor says.
  const greatest = lut.entries.reduce((most, entry) => Math.max(most, entry), 2 ** lut.bits - 1);
  return (value) => (looked(value, lut) * 255) / greatest;
}

/** White becomes black. */
export function negative(shading: Shading): Shading {
  return (value) => 255 - shading(value);
}

/** One opaque grey pixel as ImageData has it, on the little-endian machines that browsers run on. */
function greyPixel(shade: number): number {
  const level = Math.min(255, Math.max(0, Math.round(shade)));
  return (BLACK | (level << 16) | (level << 8) | level) >>> 0;
}

/** The pixel of a stored value: black in padding, the colour of the supplemental palette, else its shade. */
function pixelOf(picture: GreyPicture, shading: Shading, stored: number): number {
  const { rescale, colors } = picture;
  if (isPadding(picture, stored)) return BLACK;
  if (!colors || stored < colors.first) return greyPixel(shading(stored * rescale.slope + rescale.intercept));
  const at = 3 * Math.min(stored - colors.first, colors.rgb.length / 3 - 1);
  const [red = 0, green = 0, blue = 0] = colors.rgb.subarray(at, at + 3);
  return (BLACK | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Shades of all stored values from min to max, looked up instead of computed for each pixel. */
function tableOf(picture: GreyPicture, shading: Shading): Uint32Array {
  const { min, max } = picture;
  const table = new Uint32Array(max - min + 1);
  for (let index = 0; index < table.length; index += 1) table[index] = pixelOf(picture, shading, min + index);
  return table;
}

const LARGEST_TABLE = 1 << 17;

function drawGrey(picture: GreyPicture, shading: Shading, out: Uint32Array): void {
  const { stored, min, max } = picture;
  const isFloat = stored instanceof Float32Array || stored instanceof Float64Array;
  if (!isFloat && max - min < LARGEST_TABLE) {
    const table = tableOf(picture, shading);
    for (let index = 0; index < out.length; index += 1)
      out[index] = table[(stored[index] ?? min) - min] ?? BLACK;
    return;
  }
  for (let index = 0; index < out.length; index += 1) {
    const value = stored[index] ?? Number.NaN;
    out[index] = Number.isNaN(value) ? BLACK : pixelOf(picture, shading, value);
  }
}

/** Writes the picture as RGBA; `out` has one element a pixel. Colours are drawn as they are, or inverted. */
export function draw(picture: Picture, shading: Shading, inverted: boolean, out: Uint32Array): void {
  if (picture.kind === "grey") {
    drawGrey(picture, shading, out);
    return;
  }
  const { rgb } = picture;
  const flip = inverted ? 0x00ffffff : 0;
  for (let index = 0; index < out.length; index += 1) {
    const at = index * 3;
    const color = ((rgb[at + 2] ?? 0) << 16) | ((rgb[at + 1] ?? 0) << 8) | (rgb[at] ?? 0);
    out[index] = (BLACK | (color ^ flip)) >>> 0;
  }
}
