/** Reads key object selections (PS3.3 A.35.4): images that somebody marked, and why. */
import { type DataSet, items, personName, text } from "../dicom/dataset.ts";
import { shownName } from "../dicom/people.ts";
import { codeIn, meaningIn } from "./codes.ts";
import { type Reference, referencesIn } from "./references.ts";
import { ObjectTag } from "./tags.ts";

const DESCRIPTION = "113012";
const OBSERVER = "121008";

export interface KeyObjects {
  readonly sopInstanceUid: string;
  /** "Of Interest", "For Surgery": PS3.16 CID 7010. */
  readonly title: string;
  readonly description: string;
  readonly observer: string;
  readonly date: string;
  readonly references: readonly Reference[];
}

export function keyObjectsOf(ds: DataSet): KeyObjects {
  const content = items(ds, ObjectTag.ContentSequence);
  const named = (value: string) =>
    content.find((item) => codeIn(item, ObjectTag.ConceptNameCodeSequence)?.value === value);
  const description = named(DESCRIPTION);
  const observer = named(OBSERVER);
  const name = observer ? personName(observer, ObjectTag.PersonName) : "";
  return {
    sopInstanceUid: text(ds, "00080018"),
    title: meaningIn(ds, ObjectTag.ConceptNameCodeSequence),
    description: description ? text(description, ObjectTag.TextValue) : "",
    observer: name === "" ? "" : shownName(name),
    date: text(ds, ObjectTag.ContentDate),
    references: content.flatMap((item) => referencesIn(item, ObjectTag.ReferencedSOPSequence)),
  };
}
