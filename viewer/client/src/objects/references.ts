/** References from one object to images of others (PS3.3 10.3 and 10.8). */
import { type DataSet, items, numbers, text } from "../dicom/dataset.ts";
import { ObjectTag } from "./tags.ts";

export interface Reference {
  readonly sopInstanceUid: string;
  /** Counted from 1; none: the whole instance. */
  readonly frames: readonly number[];
}

export function referenceOf(item: DataSet): Reference | null {
  const sopInstanceUid = text(item, ObjectTag.ReferencedSOPInstanceUID);
  if (sopInstanceUid === "") return null;
  const frames = numbers(item, ObjectTag.ReferencedFrameNumber).filter((frame) => frame >= 1);
  return { sopInstanceUid, frames };
}

/** The references of a sequence; items that name nothing are left out. */
export function referencesIn(ds: DataSet, sequence: string): Reference[] {
  return items(ds, sequence).flatMap((item) => referenceOf(item) ?? []);
}

/** True where the list means this frame; an empty list means every image. */
export function refersTo(
  references: readonly Reference[],
  frame: { readonly sopInstanceUid: string; readonly frameNumber: number },
): boolean {
  if (references.length === 0) return true;
  return references.some(
    ({ sopInstanceUid, frames }) =>
      sopInstanceUid === frame.sopInstanceUid && (frames.length === 0 || frames.includes(frame.frameNumber)),
  );
}
