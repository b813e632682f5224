/** Turns decoded samples of any colour space into red, green, blue bytes (PS3.3 C.7.6.3.1.2). */
import { Flawed, type Palette, type PixelDescription } from "./task.ts";

type Rgb = Uint8Array<ArrayBuffer>;

function clamped(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
}

function putRgb(rgb: Uint8Array, at: number, y: number, cb: number, cr: number): void {
  rgb[at] = clamped(y + 1.402 * cr);
  rgb[at + 1] = clamped(y - 0.344136 * cb - 0.714136 * cr);
  rgb[at + 2] = clamped(y + 1.772 * cb);
}

/** Uncompressed YBR_FULL_422: pixels lie in pairs, Y1 Y2 Cb Cr. */
export function rgbFrom422(bytes: Uint8Array, pixels: number): Rgb {
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const pair = (pixel >> 1) * 4;
    const y = bytes[pair + (pixel & 1)] ?? 0;
    putRgb(rgb, pixel * 3, y, (bytes[pair + 2] ?? 128) - 128, (bytes[pair + 3] ?? 128) - 128);
  }
  return rgb;
}

/** Samples pixel by pixel as bytes: deeper ones lose their lower bits, shallower ones fill the byte. */
export function asBytes(samples: ArrayLike<number>, description: PixelDescription, planar: boolean): Rgb {
  const { rows, columns, samplesPerPixel, bitsStored } = description;
  const pixels = rows * columns;
  if (samples.length < pixels * samplesPerPixel) throw new Flawed({ why: "missing" });
  const rgb = new Uint8Array(pixels * 3);
  const down = Math.max(0, bitsStored - 8);
  const up = bitsStored < 8 ? 255 / (2 ** bitsStored - 1) : 1;
  const [step, plane] = planar ? [1, pixels] : [samplesPerPixel, 1];
  for (let color = 0; color < 3; color += 1) {
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      const value = samples[pixel * step + color * plane] as number;
      rgb[pixel * 3 + color] = up === 1 ? value >>> down : Math.round(value * up);
    }
  }
  return rgb;
}

function ybrToRgb(colors: Rgb): Rgb {
  for (let at = 0; at + 2 < colors.length; at += 3) {
    const y = colors[at] as number;
    putRgb(colors, at, y, (colors[at + 1] as number) - 128, (colors[at + 2] as number) - 128);
  }
  return colors;
}

/** Luminance from 16 to 235, chrominance from 16 to 240 (retired). */
function partialYbrToRgb(colors: Rgb): Rgb {
  for (let at = 0; at + 2 < colors.length; at += 3) {
    const y = ((colors[at] as number) - 16) * (255 / 219);
    const cb = ((colors[at + 1] as number) - 128) * (255 / 224);
    putRgb(colors, at, y, cb, ((colors[at + 2] as number) - 128) * (255 / 224));
  }
  return colors;
}

/** Stored values through the colours (PS3.3 C.7.9); values outside take the first or last. */
export function rgbFromPalette(stored: ArrayLike<number>, { first, rgb: colors }: Palette): Rgb {
  const rgb = new Uint8Array(stored.length * 3);
  const last = colors.length / 3 - 1;
  for (let pixel = 0; pixel < stored.length; pixel += 1) {
    const at = 3 * Math.min(last, Math.max(0, (stored[pixel] as number) - first));
    rgb[pixel * 3] = colors[at] as number;
    rgb[pixel * 3 + 1] = colors[at + 1] as number;
    rgb[pixel * 3 + 2] = colors[at + 2] as number;
  }
  return rgb;
}

/** What decoded samples are now, which is not always what the data set says. */
export interface Held {
  readonly samples: ArrayLike<number>;
  readonly photometric: string;
  readonly planar: boolean;
}

/** Decoded samples as RGB. */
export function toRgb({ samples, photometric, planar }: Held, description: PixelDescription): Rgb {
  if (description.samplesPerPixel < 3) throw new Flawed({ why: "colours" });
  const colors = asBytes(samples, description, planar);
  if (photometric === "YBR_FULL" || photometric === "YBR_FULL_422") return ybrToRgb(colors);
  return photometric.startsWith("YBR_PARTIAL") ? partialYbrToRgb(colors) : colors;
}
