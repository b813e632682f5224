/** Exports what was measured and marked in a study as DICOM objects, stored on the DICOM Server that owns the study. */

import { number, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { Unusable } from "../http/failures.ts";
import { type PortalAccess, sendJson } from "../http/portal.ts";
import type { Marking } from "../measure/marking.ts";
import { isMeasured } from "../measure/marks.ts";
import { marksForReport, type ReportedMark } from "../measure/report_list.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import type { Named } from "./content.ts";
import { type ImageReference, momentOf } from "./identity.ts";
import { keyObjects } from "./key_objects.ts";
import { measurementReport, type ReportEntry } from "./measurements.ts";
import { part10 } from "./part10.ts";

export interface Exported {
  readonly measurements: number;
  readonly keyImages: number;
}

/** The image of a mark; null for one that this page has not seen. */
function imageOf({ mark, dataSet }: ReportedMark): ImageReference | null {
  if (!dataSet) return null;
  const sopClassUid = text(dataSet, Tag.SOPClassUID);
  const isMultiFrame = mark.frameNumber > 1 || (number(dataSet, Tag.NumberOfFrames) ?? 1) > 1;
  return {
    seriesInstanceUid: mark.seriesUid,
    sopClassUid,
    sopInstanceUid: mark.sopInstanceUid,
    frameNumber: isMultiFrame ? mark.frameNumber : null,
  };
}

function entriesOf(marks: readonly ReportedMark[]): ReportEntry[] {
  return marks.flatMap((reported) => {
    const image = imageOf(reported);
    return image ? [{ reported, image }] : [];
  });
}

function documentsOf(study: Study, marks: readonly ReportedMark[], observer: string): Named[] {
  const entries = entriesOf(marks);
  const measured = entries.filter(({ reported }) => isMeasured(reported.mark.kind) || reported.label !== "");
  const keys = entries.filter(({ reported }) => reported.mark.kind === "key_image");
  const dataSet = marks.find((reported) => reported.dataSet)?.dataSet;
  if (!dataSet) return [];
  const now = momentOf(new Date());
  const about = { dataSet, studyInstanceUid: study.uid, observer, now };
  const modality = text(dataSet, Tag.Modality);
  const documents: Named[] = [];
  if (measured.length > 0) documents.push(measurementReport({ ...about, modality, entries: measured }));
  if (keys.length > 0) documents.push(keyObjects({ ...about, images: keys.map(({ image }) => image) }));
  return documents;
}

/** Frames of series that were not opened are looked up, so that every mark finds its image. */
async function learnImages(marking: Marking, study: Study, marks: readonly ReportedMark[]): Promise<void> {
  const unknown = new Set(marks.filter(({ dataSet }) => !dataSet).map(({ mark }) => mark.seriesUid));
  for (const uid of unknown) {
    const series = study.config.series.find((one) => one.uid === uid);
    if (series) marking.learn(await study.frames(series));
  }
}

/**
 * Writes the reader's own marks as SR (TID 1500) and key images as KO, and stores them by STOW-RS. The portal is told
 * first: what is not recorded is not written. Throws as `sendJson` and `DicomWeb.store` do, and Unusable where
 * nothing was marked.
 */
export async function exportMarks(
  marking: Marking,
  study: Study,
  observer: string,
  portal: PortalAccess,
): Promise<Exported> {
  const mine = () => marksForReport(marking, study).filter(({ mark }) => mark.author.isMe);
  await learnImages(marking, study, mine());
  const marks = mine();
  const documents = documentsOf(study, marks, observer);
  if (documents.length === 0) throw new Unusable(_("nothing was measured or marked in this study"));
  const told = await sendJson("POST", study.config.takenOutUrl, { how: "sr", images: marks.length }, portal);
  if (told.status >= 400) throw new Unusable(_("the portal did not take the record of it"));
  await study.dicomweb.store(study.uid, documents.map(part10));
  const keyImages = marks.filter(({ mark }) => mark.kind === "key_image").length;
  return { measurements: marks.length - keyImages, keyImages };
}
