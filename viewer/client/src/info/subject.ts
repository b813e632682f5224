/** Which instance Info tells of: that of the image in a viewport, or one of the objects that stand there in place of images. */
import { type DataSet, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { isMade } from "../engine/made.ts";
import type { Pane } from "../panes/pane.ts";
import { type SeriesSummary, seriesName } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";

export interface Subject {
  readonly study: Study;
  readonly series: SeriesSummary;
  /** As it was sent; null of a picture that was made here, and before anything has come. */
  readonly instance: DataSet | null;
  /** With the attributes of the frame laid over those of the instance. */
  readonly shown: DataSet | null;
  /** "2 Lung 1.0, image 71 of 180" */
  readonly words: string;
  /** Instances among which the reader may go, and which it is; 1 for an image, which is chosen in the viewport. */
  readonly count: number;
}

/** By UID: a stack is scrolled faster than a thousand data sets are looked through. */
const known = new WeakMap<readonly DataSet[], ReadonlyMap<string, DataSet>>();

function byUid(instances: readonly DataSet[]): ReadonlyMap<string, DataSet> {
  const found = known.get(instances) ?? new Map(instances.map((ds) => [text(ds, Tag.SOPInstanceUID), ds]));
  known.set(instances, found);
  return found;
}

/** What stands in a viewport; of several objects the one at `at`, from 0. Null where nothing is open. */
export async function subjectOf(pane: Pane, at: number): Promise<Subject | null> {
  const { study, series } = pane;
  const { frame, index, count } = pane.view;
  if (!study || !series) return null;
  const name = seriesName(series);
  if (frame && isMade(frame)) {
    return { study, series, instance: null, shown: null, words: name, count: 1 };
  }
  const instances = await study.instances(series).catch((): readonly DataSet[] => []);
  if (frame) {
    const instance = byUid(instances).get(frame.sopInstanceUid) ?? null;
    const words = [name, _("image {n} of {count}", { n: index + 1, count })].join(", ");
    return { study, series, instance, shown: frame.dataSet, words, count: 1 };
  }
  const instance = instances[Math.min(at, instances.length - 1)] ?? null;
  return { study, series, instance, shown: instance, words: name, count: instances.length };
}
