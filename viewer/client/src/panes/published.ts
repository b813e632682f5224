/** Writes onto a pane what end-to-end tests read: which image is shown, where, with which window. */
import type { Pane } from "./pane.ts";

function rounded(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** Attributes of the viewport's element; lengths are CSS pixels. */
export function publish({ view, viewport, study, series }: Pane): void {
  const { dataset } = viewport;
  const { frame, range, index, zoom } = view;
  dataset.studyUid = study?.uid ?? "";
  dataset.seriesUid = series?.uid ?? "";
  dataset.imageCount = String(view.count);
  dataset.imageIndex = String(index);
  dataset.sopInstanceUid = frame?.sopInstanceUid ?? "";
  dataset.frameNumber = frame ? String(frame.frameNumber) : "";
  dataset.voiLower = frame && range ? rounded(range.lower) : "";
  dataset.voiUpper = frame && range ? rounded(range.upper) : "";
  dataset.zoom = frame ? rounded(zoom) : "";
  dataset.rotation = String(view.placement.rotation);
  dataset.flipped = String(view.placement.flipped);
  dataset.inverted = String(view.inverted);
  const rect = frame && view.imageRect();
  dataset.imageRect = rect ? [rect.left, rect.top, rect.width, rect.height].map(rounded).join(" ") : "";
  const { affine } = view;
  dataset.affine = affine
    ? [affine.a, affine.b, affine.c, affine.d, affine.e, affine.f].map((value) => String(value)).join(" ")
    : "";
}
