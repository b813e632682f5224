/** Overlay planes (PS3.3 C.9.2): drawings of one bit a pixel that machines lay over images. */
import { type DataSet, number, numbers, text } from "./dataset.ts";

export interface OverlayPlane {
  readonly rows: number;
  readonly columns: number;
  /** The place of its first pixel on the image, the centre of the image's first pixel being [0, 0]. */
  readonly origin: readonly [column: number, row: number];
  readonly label: string;
  /** First frame of the image that it lies on, counted from 1, and how many of its own frames there are. */
  readonly firstFrame: number;
  readonly frames: number;
  /** Tag of its data; they may lie in the bits of the pixels instead (retired). */
  readonly dataTag: string;
  readonly isInPixels: boolean;
}

/** The overlay planes of an image: of the groups 6000 to 601E those that are described. */
export function overlayPlanesOf(ds: DataSet): OverlayPlane[] {
  const planes: OverlayPlane[] = [];
  for (let group = 0x6000; group <= 0x601e; group += 2) {
    const tag = (element: string) => `${group.toString(16).toUpperCase()}${element}`;
    const rows = number(ds, tag("0010")) ?? 0;
    const columns = number(ds, tag("0011")) ?? 0;
    if (!(rows > 0 && columns > 0)) continue;
    const [row = 1, column = 1] = numbers(ds, tag("0050"));
    planes.push({
      rows,
      columns,
      origin: [column - 1, row - 1],
      label: text(ds, tag("1500")) || text(ds, tag("0022")),
      firstFrame: number(ds, tag("0051")) ?? 1,
      frames: number(ds, tag("0015")) ?? 1,
      dataTag: tag("3000"),
      isInPixels: !ds[tag("3000")],
    });
  }
  return planes;
}

/** Which of the plane's own frames lies on a frame of the image, counted from 0; null where none does. */
export function overlayFrame(plane: OverlayPlane, frameNumber: number): number | null {
  // A plane of one frame lies on all: PS3.3 C.9.2.1 gives it no place, C.9.3 that of the first.
  if (plane.frames <= 1 && plane.firstFrame <= 1) return 0;
  const index = frameNumber - plane.firstFrame;
  return index >= 0 && index < plane.frames ? index : null;
}

/** One frame of a plane as bytes of 0 and 1; frames follow each other bit by bit (PS3.5 8.1.2). */
export function overlayBits(bytes: Uint8Array, plane: OverlayPlane, frame: number): Uint8Array<ArrayBuffer> {
  const count = plane.rows * plane.columns;
  const start = frame * count;
  const bits = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) {
    const at = start + index;
    bits[index] = ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1;
  }
  return bits;
}
