/** Makes a Key Object Selection Document (TID 2010, PS3.16) of the images that a reader marked. */
import type { DataSet } from "../dicom/dataset.ts";
import { code, codeItem, dcm, imageItem, type Named, personItem } from "./content.ts";
import {
  commonOf,
  evidenceOf,
  type ImageReference,
  identityOf,
  type Moment,
  referenceTo,
} from "./identity.ts";

export const KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59";

export interface KeyInput {
  readonly dataSet: DataSet;
  readonly studyInstanceUid: string;
  readonly observer: string;
  readonly images: readonly ImageReference[];
  readonly now: Moment;
}

/** The whole document; `images` must not be empty. */
export function keyObjects({ dataSet, studyInstanceUid, observer, images, now }: KeyInput): Named {
  return {
    ...commonOf(KEY_OBJECT_SELECTION, "KO", "Key images", now),
    ...identityOf(dataSet),
    StudyInstanceUID: studyInstanceUid,
    CurrentRequestedProcedureEvidenceSequence: [evidenceOf(studyInstanceUid, images)],
    ValueType: "CONTAINER",
    ContinuityOfContent: "SEPARATE",
    ConceptNameCodeSequence: [code(dcm("113000", "Of Interest"))],
    ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: "2010" }],
    ContentSequence: [
      codeItem("HAS OBS CONTEXT", dcm("121005", "Observer Type"), dcm("121006", "Person")),
      personItem("HAS OBS CONTEXT", dcm("121008", "Person Observer Name"), observer.trim() || "Unknown"),
      ...images.map((image) => imageItem("CONTAINS", referenceTo(image))),
    ],
  };
}
