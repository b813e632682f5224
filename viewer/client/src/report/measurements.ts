/** Makes a measurement report: a Comprehensive SR by TID 1500 (PS3.16), with what was measured and where. */
import type { DataSet } from "../dicom/dataset.ts";
import type { CodedNumber } from "../measure/codes.ts";
import type { Graphic, ReportedMark } from "../measure/report_list.ts";
import {
  type CodedConcept,
  code,
  codeItem,
  container,
  dcm,
  graphicItem,
  type Named,
  numberItem,
  personItem,
  sct,
  textItem,
  uidItem,
} from "./content.ts";
import {
  commonOf,
  evidenceOf,
  type ImageReference,
  identityOf,
  type Moment,
  newUid,
  referenceTo,
} from "./identity.ts";

export const COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33";

/** Procedures by modality (PS3.16 CID 100 names none for all; these are the imaging procedures of SNOMED CT). */
const PROCEDURES: Readonly<Record<string, CodedConcept>> = {
  CT: sct("77477000", "Computed tomography"),
  MR: sct("113091000", "Magnetic resonance imaging"),
  US: sct("16310003", "Ultrasonography"),
  PT: sct("82918005", "Positron emission tomography"),
  MG: sct("71651007", "Mammography"),
  CR: sct("168537006", "Plain radiography"),
  DX: sct("168537006", "Plain radiography"),
};

const IMAGING = sct("363679005", "Imaging");

/** One measured mark with the image it lies on. */
export interface ReportEntry {
  readonly reported: ReportedMark;
  readonly image: ImageReference;
}

export interface ReportInput {
  /** Any image of the study: whose it is. */
  readonly dataSet: DataSet;
  readonly studyInstanceUid: string;
  readonly modality: string;
  /** Name of the reader, as shown. */
  readonly observer: string;
  readonly entries: readonly ReportEntry[];
  readonly now: Moment;
}

/**
 * [column, row] pairs with the corner of the first pixel at 0\0, as SCOORD has them; here its centre is [0, 0]
 * (PS3.3 C.18.6.1.2, C.10.5.1.2).
 */
export function graphicData({ points }: Graphic): number[] {
  return points.flatMap(([column, row]) => [column + 0.5, row + 0.5]);
}

/** Statistics say what they are of, and how they were derived (TID 1419). */
function derivedItem({ concept, value, unit, derivation }: CodedNumber, where: readonly Named[]): Named {
  const how = derivation
    ? [codeItem("HAS CONCEPT MOD", dcm("121401", "Derivation"), derivation satisfies CodedConcept)]
    : [];
  return numberItem(concept, value, unit, [...how, ...where]);
}

function isRegion({ figure }: ReportedMark): boolean {
  return figure === "circle" || figure === "rectangle" || figure === "curve" || figure === "arrow";
}

/** A measurement group: of a region by TID 1410, of anything else by TID 1501. */
function groupOf({ reported, image }: ReportEntry, index: number): Named {
  const { mark, label, coded, graphics, words } = reported;
  const reference = referenceTo(image);
  const [first] = graphics;
  const region = isRegion(reported) && first !== undefined;
  const tracking = label === "" ? `${words === "" ? mark.kind : words} (${index + 1})` : label;
  const where = region
    ? []
    : graphics.map((graphic) =>
        graphicItem("INFERRED FROM", undefined, graphic.type, graphicData(graphic), reference),
      );
  const outline = region
    ? [graphicItem("CONTAINS", dcm("111030", "Image Region"), first.type, graphicData(first), reference)]
    : [];
  const comment = label === "" ? [] : [textItem("CONTAINS", dcm("121106", "Comment"), label)];
  return container(
    dcm("125007", "Measurement Group"),
    [
      textItem("HAS OBS CONTEXT", dcm("112039", "Tracking Identifier"), tracking),
      uidItem("HAS OBS CONTEXT", dcm("112040", "Tracking Unique Identifier"), trackingUid(mark.id)),
      ...outline,
      ...coded.map((number) => derivedItem(number, where)),
      ...comment,
    ],
    region ? "1410" : "1501",
  );
}

/** The mark's own UUID as a UID, so that the same mark is the same in every report. */
function trackingUid(id: string): string {
  const digits = id.replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(digits) ? `2.25.${BigInt(`0x${digits}`)}` : newUid();
}

/** Family^Given where the name was written so; else as it is. */
function observerName(name: string): string {
  return name.trim() === "" ? "Unknown" : name.trim().replaceAll("^", " ");
}

/** The whole document; `entries` must not be empty. */
export function measurementReport(input: ReportInput): Named {
  const { dataSet, studyInstanceUid, modality, observer, entries, now } = input;
  const references = entries.map(({ image }) => image);
  const groups = entries.map(groupOf);
  return {
    ...commonOf(COMPREHENSIVE_SR, "SR", "Measurements", now),
    ...identityOf(dataSet),
    StudyInstanceUID: studyInstanceUid,
    CompletionFlag: "COMPLETE",
    VerificationFlag: "UNVERIFIED",
    PerformedProcedureCodeSequence: [],
    CurrentRequestedProcedureEvidenceSequence: [evidenceOf(studyInstanceUid, references)],
    ValueType: "CONTAINER",
    ContinuityOfContent: "SEPARATE",
    ConceptNameCodeSequence: [code(dcm("126000", "Imaging Measurement Report"))],
    ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: "1500" }],
    ContentSequence: [
      codeItem("HAS CONCEPT MOD", dcm("121049", "Language of Content Item and Descendants"), {
        value: "en",
        scheme: "RFC5646",
        meaning: "English",
      }),
      codeItem("HAS OBS CONTEXT", dcm("121005", "Observer Type"), dcm("121006", "Person")),
      personItem("HAS OBS CONTEXT", dcm("121008", "Person Observer Name"), observerName(observer)),
      codeItem("HAS CONCEPT MOD", dcm("121058", "Procedure reported"), PROCEDURES[modality] ?? IMAGING),
      container(dcm("126010", "Imaging Measurements"), groups),
    ],
  };
}
