/** Turns decoded samples of any colour space into red, green, blue bytes (PS3.3 C.7.6.3.1.2). */
import type { Palette, PixelDescription } from "./task.ts";

function clamped(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
}

function putRgb(rgb: Uint8Array, at: number, y: number, cb: number, cr: number): void {
  rgb[at] = clamped(y + 1.402 * cr);
  rgb[at + 1] = clamped(y - 0.344136 * cb - 0.714136 * cr);
  rgb[at + 2] = clamped(y + 1.772 * cb);
}

/** Uncompressed YBR_FULL_422: pixels lie in pairs, Y1 Y2 Cb Cr. */
export function rgbFrom422(bytes: Uint8Array, pixels: number): Uint8Array {
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const pair = (pixel >> 1) * 4;
    const y = bytes[pair + (pixel & 1)] ?? 0;
    putRgb(rgb, pixel * 3, y, (bytes[pair + 2] ?? 128) - 128, (bytes[pair + 3] ?? 128) - 128);
  }
  return rgb;
}

/** Samples of three planes one after the other become samples pixel by pixel. */
export function interleaved(samples: ArrayLike<number>, pixels: number): number[] | Uint16Array {
  const together = new Uint16Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let sample = 0; sample < 3; sample += 1) {
      together[pixel * 3 + sample] = samples[sample * pixels + pixel] ?? 0;
    }
  }
  return together;
}

/** Samples of up to 16 bits as bytes. */
export function asBytes(samples: ArrayLike<number>, bitsStored: number): Uint8Array {
  if (bitsStored <= 8) return samples instanceof Uint8Array ? samples : Uint8Array.from(samples);
  const shift = bitsStored - 8;
  return Uint8Array.from(samples, (value) => value >> shift);
}

export function rgbFromYbr(ybr: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(ybr.length);
  for (let at = 0; at + 2 < ybr.length; at += 3) {
    putRgb(rgb, at, ybr[at] ?? 0, (ybr[at + 1] ?? 128) - 128, (ybr[at + 2] ?? 128) - 128);
  }
  return rgb;
}

/** Stored values through the three tables (PS3.3 C.7.9); values outside take the first or last entry. */
export function rgbFromPalette(stored: ArrayLike<number>, { first, bits, tables }: Palette): Uint8Array {
  const rgb = new Uint8Array(stored.length * 3);
  const shift = bits > 8 ? 8 : 0;
  tables.forEach((table, channel) => {
    const last = table.length - 1;
    for (let index = 0; index < stored.length; index += 1) {
      const at = (stored[index] ?? 0) - first;
      rgb[index * 3 + channel] = (table[at < 0 ? 0 : at > last ? last : at] ?? 0) >> shift;
    }
  });
  return rgb;
}

/** Decoded samples as RGB; `isRgb` where the decoder has converted the colours already. */
export function toRgb(samples: ArrayLike<number>, description: PixelDescription, isRgb: boolean): Uint8Array {
  const pixels = description.rows * description.columns;
  const together = description.planarConfiguration === 1 ? interleaved(samples, pixels) : samples;
  const bytes = asBytes(together, description.bitsStored);
  return description.photometricInterpretation.startsWith("YBR_FULL") && !isRgb ? rgbFromYbr(bytes) : bytes;
}
