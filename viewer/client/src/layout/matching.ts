/** Which of several series belongs beside one, by the planes that their images say. */
import { type Frame, readingDirection } from "../dicom/frames.ts";
import { cross } from "../dicom/geometry.ts";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { isParallel } from "./space.ts";

/** True where two series are cut the same way, as far as their images say. */
export function arePlanesAlike(a: readonly Frame[], b: readonly Frame[]): boolean {
  const normals = [a, b].map(([first]) => {
    return first?.row && first.column ? readingDirection(cross(first.row, first.column)) : null;
  });
  const [one, other] = normals;
  return !one || !other || isParallel(one, other);
}

/** Series of other planes are looked at no further than this. */
const LOOKED_AT = 3;

/** The best candidate whose planes are those wanted; the best one where none is, or nobody can say. */
export async function bestSeries(
  wanted: { study: Study; series: SeriesSummary },
  other: { study: Study; candidates: readonly SeriesSummary[] },
): Promise<SeriesSummary | null> {
  const [best] = other.candidates;
  const alike = other.candidates
    .filter(({ modality }) => modality === wanted.series.modality)
    .slice(0, LOOKED_AT);
  // A server that cannot be reached answers late: its pane then says so.
  if (other.study.trouble || alike.length < 2) return best ?? null;
  try {
    const frames = await wanted.study.frames(wanted.series);
    for (const series of alike) {
      if (arePlanesAlike(frames, await other.study.frames(series))) return series;
    }
  } catch {
    // Whoever opens the series says what is wrong with it.
  }
  return best ?? null;
}
