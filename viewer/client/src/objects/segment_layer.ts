/** Draws segments over the images that they were drawn on, or that lie at their place. */
import type { Frame } from "../dicom/frames.ts";
import { load, registerFrames } from "../engine/loader.ts";
import { type Bitmap, pngOf } from "./bitmaps.ts";
import type { Pane, Study } from "./host.ts";
import { mapBetween, type PixelMap, planeOf, SAME_PIXELS, sameSpace, toleranceOf } from "./placing.ts";
import { refersTo } from "./references.ts";
import { coverage, type Segment, type Segmentation, segmentNumberOf, sourcesOf } from "./segments.ts";

export interface SegmentSettings {
  /** Numbers of segments that are switched off. */
  readonly hidden: Set<number>;
  /** 0 to 1. */
  opacity: number;
}

/** One segmentation object, its frames and what the reader chose of it. */
export class SegmentOverlay {
  readonly settings: SegmentSettings = { hidden: new Set(), opacity: 0.45 };
  private readonly bitmaps = new Map<string, Bitmap | null>();
  private readonly lies = new WeakMap<readonly Frame[], boolean>();

  constructor(
    readonly id: string,
    readonly label: string,
    readonly segmentation: Segmentation,
    private readonly frames: readonly Frame[],
    study: Study,
  ) {
    registerFrames(frames, study.dicomweb);
  }

  /** True where one of its frames lies on one of the images. */
  liesOnAny(frames: readonly Frame[]): boolean {
    const known = this.lies.get(frames);
    if (known !== undefined) return known;
    const lies = frames.some((frame) => this.frames.some((mask) => placeOn(mask, frame) !== null));
    this.lies.set(frames, lies);
    return lies;
  }

  /** The segments on the image on the screen; asks for those that are not here yet. */
  on(pane: Pane, redraw: (pane: Pane) => void): Bitmap[] {
    const { frame } = pane.view;
    if (!frame) return [];
    return this.frames.flatMap((mask) => {
      const map = placeOn(mask, frame);
      if (!map) return [];
      return this.segmentsOf(mask).flatMap((segment) => {
        const bitmap = this.bitmapOf(mask, segment, () => redraw(pane));
        return bitmap ? [{ ...bitmap, map, opacity: this.settings.opacity }] : [];
      });
    });
  }

  private segmentsOf(mask: Frame): Segment[] {
    const only = this.segmentation.kind === "labelmap" ? null : (segmentNumberOf(mask) ?? 1);
    return this.segmentation.segments.filter(
      ({ number }) => (only === null || number === only) && !this.settings.hidden.has(number),
    );
  }

  private bitmapOf(mask: Frame, segment: Segment, done: () => void): Bitmap | null {
    const key = `${mask.imageId} ${segment.number}`;
    const known = this.bitmaps.get(key);
    if (known !== undefined) return known;
    this.bitmaps.set(key, null);
    load(mask, "prefetch").then(
      (picture) => {
        if (picture.kind !== "grey") return;
        const { rows, columns, stored } = picture;
        const url = pngOf(coverage(stored, this.segmentation, segment.number), columns, rows, segment.color);
        this.bitmaps.set(key, { key, url, columns, rows, map: SAME_PIXELS, opacity: 1 });
        done();
      },
      // It may be asked for again with the next image.
      () => this.bitmaps.delete(key),
    );
    return null;
  }
}

/** How a mask lies on an image: by what it says of its sources, else by its place; null where it does not. */
function placeOn(mask: Frame, image: Frame): PixelMap | null {
  const sources = sourcesOf(mask);
  const isSource = sources.length > 0 && refersTo(sources, image);
  const [from, to] = [planeOf(mask), planeOf(image)];
  if (isSource) return (from && to && mapBetween(from, to, Number.POSITIVE_INFINITY)) || SAME_PIXELS;
  if (sources.length > 0 || !from || !to || !sameSpace(mask, image)) return null;
  return mapBetween(from, to, toleranceOf(image));
}
