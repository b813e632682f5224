/** A series as a ZIP that its DICOM Server makes of the files that it keeps, in the way in which a study is downloaded. */
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import type { Progress } from "./bitmaps.ts";

export async function seriesArchive(
  study: Study,
  series: SeriesSummary,
  signal: AbortSignal,
  progress: Progress,
): Promise<Blob> {
  const address = await study.dicomweb.seriesAddress(study.uid, series.uid);
  return await study.dicomweb.seriesArchive(address, signal, (share) =>
    progress.say(_("Getting the files, {share} %", { share })),
  );
}
