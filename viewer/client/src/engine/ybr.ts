/** Uncompressed YBR_FULL_422 (PS3.3 C.7.6.3.1.2), which Cornerstone does not unfold, as RGB. */

function clamped(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
}

/** Pixels lie in pairs: Y1 Y2 Cb Cr. */
export function rgbFrom422(bytes: Uint8Array, pixels: number): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const pair = (pixel >> 1) * 4;
    const y = bytes[pair + (pixel & 1)] ?? 0;
    const cb = (bytes[pair + 2] ?? 128) - 128;
    const cr = (bytes[pair + 3] ?? 128) - 128;
    rgb[pixel * 3] = clamped(y + 1.402 * cr);
    rgb[pixel * 3 + 1] = clamped(y - 0.344136 * cb - 0.714136 * cr);
    rgb[pixel * 3 + 2] = clamped(y + 1.772 * cb);
  }
  return rgb;
}
