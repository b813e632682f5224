/** Draws the overlay planes of images (PS3.3 C.9.2) over them. */
import type { Frame } from "../dicom/frames.ts";
import { type OverlayPlane, overlayBits, overlayFrame, overlayPlanesOf } from "../dicom/overlays.ts";
import { binaryOf, type FetchBulkData } from "../engine/tables.ts";
import { type Bitmap, pngOf } from "./bitmaps.ts";
import type { Pane } from "./host.ts";
import { SAME_PIXELS } from "./placing.ts";

/** Bright, and neither a measurement's colour nor a marking's. */
const COLOR = [255, 236, 150] as const;

/** Bitmaps kept at most: the newest. */
const KEPT = 64;

export class OverlayPlanes {
  private readonly bitmaps = new Map<string, Bitmap | null>();
  private readonly data = new Map<string, Promise<Uint8Array>>();

  constructor(private readonly redraw: (pane: Pane) => void) {}

  /** The planes of the image on the screen that are here; asks for those that are not. */
  on(pane: Pane): Bitmap[] {
    const { frame } = pane.view;
    const { study } = pane;
    if (!frame || !study) return [];
    const fetchBulk: FetchBulkData = (uri) => study.dicomweb.bulkData(frame.url, uri);
    return overlayPlanesOf(frame.dataSet)
      .filter(({ isInPixels }) => !isInPixels)
      .flatMap((plane) => this.bitmapOf(pane, frame, plane, fetchBulk) ?? []);
  }

  private bitmapOf(pane: Pane, frame: Frame, plane: OverlayPlane, fetchBulk: FetchBulkData): Bitmap | null {
    const at = overlayFrame(plane, frame.frameNumber);
    if (at === null) return null;
    const key = `${frame.sopInstanceUid} ${plane.dataTag} ${at}`;
    const known = this.bitmaps.get(key);
    if (known !== undefined) return known;
    this.bitmaps.set(key, null);
    this.dataOf(frame, plane, fetchBulk).then(
      (bytes) => {
        this.keep(key, bitmap(key, plane, overlayBits(bytes, plane, at)));
        this.redraw(pane);
      },
      () => this.bitmaps.delete(key),
    );
    return null;
  }

  private dataOf(frame: Frame, plane: OverlayPlane, fetchBulk: FetchBulkData): Promise<Uint8Array> {
    const key = `${frame.sopInstanceUid} ${plane.dataTag}`;
    const known = this.data.get(key);
    if (known) return known;
    const attribute = frame.dataSet[plane.dataTag];
    const data = (attribute ? binaryOf(attribute, fetchBulk) : Promise.resolve(null)).then(
      (bytes) => bytes ?? new Uint8Array(),
    );
    this.data.set(key, data);
    data.catch(() => this.data.delete(key));
    if (this.data.size > KEPT) this.data.delete(this.data.keys().next().value ?? "");
    return data;
  }

  private keep(key: string, made: Bitmap): void {
    this.bitmaps.set(key, made);
    if (this.bitmaps.size > KEPT) this.bitmaps.delete(this.bitmaps.keys().next().value ?? "");
  }
}

function bitmap(key: string, plane: OverlayPlane, bits: Uint8Array): Bitmap {
  const { columns, rows, origin } = plane;
  const mask = bits.map((bit) => bit * 255);
  const [e, f] = origin;
  return {
    key,
    url: pngOf(mask, columns, rows, COLOR),
    columns,
    rows,
    map: { ...SAME_PIXELS, e, f },
    opacity: 1,
  };
}
