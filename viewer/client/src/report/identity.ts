/** What a new object takes over from the study's images: whose it is, and to which study it belongs. */
import { type DataSet, personName, text } from "../dicom/dataset.ts";
import type { Named } from "./content.ts";

const PLAIN = {
  StudyInstanceUID: "0020000D",
  StudyDate: "00080020",
  StudyTime: "00080030",
  AccessionNumber: "00080050",
  StudyID: "00200010",
  StudyDescription: "00081030",
  PatientID: "00100020",
  PatientBirthDate: "00100030",
  PatientSex: "00100040",
} as const;

/** Attributes of type 2 are there, even if empty (PS3.3 C.7.1.1, C.7.2.1). */
export function identityOf(ds: DataSet): Named {
  const plain = Object.entries(PLAIN).map(([keyword, tag]) => [keyword, text(ds, tag)] as const);
  const kept = plain.filter(([keyword, value]) => keyword !== "StudyDescription" || value !== "");
  return {
    ...Object.fromEntries(kept),
    PatientName: personName(ds, "00100010"),
    ReferringPhysicianName: personName(ds, "00080090"),
  };
}

/** A new UID below 2.25 (PS3.5 B.2). */
export function newUid(): string {
  return `2.25.${BigInt(`0x${crypto.randomUUID().replaceAll("-", "")}`)}`;
}

export interface Moment {
  readonly date: string;
  readonly time: string;
}

/** Date and time as DA and TM have them, in the reader's zone. */
export function momentOf(date: Date): Moment {
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    date: `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`,
    time: `${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`,
  };
}

/** Attributes that every object made here has. */
export function commonOf(sopClassUid: string, modality: string, description: string, now: Moment): Named {
  return {
    SpecificCharacterSet: "ISO_IR 192",
    SOPClassUID: sopClassUid,
    SOPInstanceUID: newUid(),
    SeriesInstanceUID: newUid(),
    Modality: modality,
    SeriesDescription: description,
    SeriesNumber: "9001",
    InstanceNumber: "1",
    ReferencedPerformedProcedureStepSequence: [],
    Manufacturer: "DICOM Network",
    ManufacturerModelName: "DICOM Network viewer",
    SoftwareVersions: "1",
    DeviceSerialNumber: "1",
    ContentDate: now.date,
    ContentTime: now.time,
    SeriesDate: now.date,
    SeriesTime: now.time,
  };
}

export interface ImageReference {
  readonly seriesInstanceUid: string;
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Counted from 1; null in an instance of one frame. */
  readonly frameNumber: number | null;
}

/** One item of a Referenced SOP Sequence. */
export function referenceTo({ sopClassUid, sopInstanceUid, frameNumber }: ImageReference): Named {
  return {
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    ...(frameNumber === null ? {} : { ReferencedFrameNumber: String(frameNumber) }),
  };
}

/** Everything that a document refers to, by series (PS3.3 C.17.2). */
export function evidenceOf(studyInstanceUid: string, references: readonly ImageReference[]): Named {
  const series = new Map<string, Map<string, ImageReference>>();
  for (const reference of references) {
    const known = series.get(reference.seriesInstanceUid) ?? new Map<string, ImageReference>();
    series.set(reference.seriesInstanceUid, known.set(reference.sopInstanceUid, reference));
  }
  return {
    StudyInstanceUID: studyInstanceUid,
    ReferencedSeriesSequence: [...series].map(([seriesInstanceUid, instances]) => ({
      SeriesInstanceUID: seriesInstanceUid,
      ReferencedSOPSequence: [...instances.values()].map((reference) =>
        referenceTo({ ...reference, frameNumber: null }),
      ),
    })),
  };
}
