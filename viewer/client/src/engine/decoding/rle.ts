/** Unpacks RLE frames (PS3.5 Annex G) of any number of samples and bytes. */
import { Flawed, type PixelDescription } from "./task.ts";

const HEADER = 64;

/** One segment of PackBits (PS3.5 G.3.1), written to every `step`th byte from `at` on; returns how many came. */
function unpack(packed: Uint8Array, into: Uint8Array, at: number, step: number, count: number): number {
  let read = 0;
  let written = 0;
  while (read < packed.length && written < count) {
    const head = packed[read] as number;
    read += 1;
    if (head < 128) {
      const end = Math.min(written + head + 1, count, written + packed.length - read);
      for (; written < end; written += 1) {
        into[at + written * step] = packed[read] as number;
        read += 1;
      }
    } else if (head > 128) {
      const value = packed[read] ?? 0;
      read += 1;
      const end = Math.min(written + 257 - head, count);
      for (; written < end; written += 1) into[at + written * step] = value;
    }
  }
  return written;
}

/**
 * The frame as uncompressed little endian bytes, colours plane by plane. Each segment holds one byte of each
 * sample, the highest byte first.
 */
export function unpackedRle(bytes: Uint8Array, description: PixelDescription): Uint8Array<ArrayBuffer> {
  const { rows, columns, samplesPerPixel, bitsAllocated } = description;
  const isSingleBit = bitsAllocated === 1;
  const size = isSingleBit ? 1 : bitsAllocated / 8;
  const plane = isSingleBit ? Math.ceil((rows * columns) / 8) : rows * columns;
  if (bytes.length < HEADER) throw new Flawed({ why: "missing" });
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const segments = header.getUint32(0, true);
  if (segments !== size * samplesPerPixel) throw new Flawed({ why: "packing" });
  const out = new Uint8Array(plane * size * samplesPerPixel);
  for (let segment = 0; segment < segments; segment += 1) {
    const start = header.getUint32(4 * (segment + 1), true);
    const next = segment + 1 < segments ? header.getUint32(4 * (segment + 2), true) : bytes.length;
    const at = Math.floor(segment / size) * plane * size + (size - 1 - (segment % size));
    const came = unpack(bytes.subarray(start, next), out, at, size, plane);
    if (came < plane) throw new Flawed({ why: "missing" });
  }
  return out;
}
