/** Writes onto the page what end-to-end tests read: which image is shown, where, with which window. */
import type { View } from "../engine/view.ts";
import type { SeriesSummary } from "./config.ts";

function rounded(value: number): string {
  return String(Number(value.toFixed(3)));
}

/** Attributes of the viewport's element; lengths are CSS pixels. */
export function publish(view: View, series: SeriesSummary | null): void {
  const { dataset } = view.element;
  const { frame, range, index, zoom } = view;
  dataset.seriesUid = series?.uid ?? "";
  dataset.imageCount = String(view.count);
  dataset.imageIndex = String(index);
  dataset.sopInstanceUid = frame?.sopInstanceUid ?? "";
  dataset.frameNumber = frame ? String(frame.frameNumber) : "";
  dataset.voiLower = frame && range ? rounded(range.lower) : "";
  dataset.voiUpper = frame && range ? rounded(range.upper) : "";
  dataset.zoom = frame ? rounded(zoom) : "";
  const rect = frame && view.imageRect();
  dataset.imageRect = rect ? [rect.left, rect.top, rect.width, rect.height].map(rounded).join(" ") : "";
}
