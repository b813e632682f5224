/** The key images of a study, of whichever series, in the order of the series and of reading. */
import type { Item, Subject } from "./job.ts";

export async function keyItems({ study, series, frames, marks }: Subject): Promise<Item[]> {
  const wanted = marks.keyImages(study);
  const items: Item[] = [];
  for (const one of study.config.series) {
    const here = wanted.filter(({ seriesUid }) => seriesUid === one.uid);
    if (here.length === 0) continue;
    const all = one.uid === series.uid ? frames : await study.frames(one);
    for (const [index, frame] of all.entries()) {
      const isKey = here.some(
        ({ sopInstanceUid, frameNumber }) =>
          sopInstanceUid === frame.sopInstanceUid && frameNumber === frame.frameNumber,
      );
      if (isKey) items.push({ series: one, frame, index, count: all.length });
    }
  }
  return items;
}
