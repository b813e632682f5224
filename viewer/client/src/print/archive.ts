/** A series as a ZIP of the very files that its DICOM Server keeps, in the way in which a study is downloaded. */
import { partsOf } from "portal-parts";
import { Zip, ZipTooLarge } from "portal-zip";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import type { Progress } from "./bitmaps.ts";

/** The archive, and how many files it holds. */
export interface Archive {
  readonly zip: Blob;
  readonly files: number;
}

export async function seriesArchive(
  study: Study,
  series: SeriesSummary,
  signal: AbortSignal,
  progress: Progress,
): Promise<Archive> {
  const address = await study.dicomweb.seriesAddress(study.uid, series.uid);
  return await study.dicomweb.seriesFiles(address, signal, async (response, came) => {
    const zip = new Zip();
    let files = 0;
    for await (const pieces of partsOf(response, came)) {
      files += 1;
      zip.add(`IM${String(files).padStart(6, "0")}.dcm`, pieces);
      progress.say(_("Getting file {n} of {total}", { n: files, total: Math.max(files, series.count) }));
    }
    signal.throwIfAborted();
    return { zip: zip.finish(), files };
  });
}

export function isTooLarge(error: unknown): boolean {
  return error instanceof ZipTooLarge;
}
