import { describe, expect, it } from "vitest";
import type { ReportedMark } from "../src/measure/report_list.ts";
import { decimal, type Named } from "../src/report/content.ts";
import type { ImageReference } from "../src/report/identity.ts";
import { keyObjects } from "../src/report/key_objects.ts";
import { graphicData, measurementReport, type ReportEntry } from "../src/report/measurements.ts";
import { dataSet } from "./samples.ts";

const SCT_LENGTH = { value: "410668003", scheme: "SCT", meaning: "Length" } as const;
const MILLIMETRE = { value: "mm", scheme: "UCUM", meaning: "millimeter" } as const;
const MEAN = { value: "373098007", scheme: "SCT", meaning: "Mean" } as const;

const image: ImageReference = {
  seriesInstanceUid: "1.2.3",
  sopClassUid: "1.2.840.10008.5.1.4.1.1.2",
  sopInstanceUid: "1.2.3.4",
  frameNumber: null,
};

const patient = dataSet({
  "0020000D": ["1.2"],
  "00100010": [{ Alphabetic: "Țurcanu^Gheorghe" }],
  "00100020": ["NC-1"],
  "00080020": ["20261120"],
});

function line(more: Partial<ReportedMark> = {}): ReportEntry {
  const reported = {
    mark: { id: "00000000-0000-4000-8000-00000000000a", kind: "line" },
    figure: "line",
    graphics: [
      {
        type: "POLYLINE",
        points: [
          [10, 20],
          [30.5, 20],
        ],
      },
    ],
    coded: [{ concept: SCT_LENGTH, value: 19.5, unit: MILLIMETRE, derivation: null }],
    words: "19.5 mm",
    label: "",
    ...more,
  } as unknown as ReportedMark;
  return { reported, image };
}

function report(...entries: ReportEntry[]): Named {
  const now = { date: "20261120", time: "021500" };
  const about = { dataSet: patient, studyInstanceUid: "1.2", modality: "CT", observer: "Dr. Elena Pascaru" };
  return measurementReport({ ...about, entries, now });
}

function at(named: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)?.[key], named);
}

/** The first measurement group. */
const GROUP = ["ContentSequence", 4, "ContentSequence", 0] as const;

describe("a measurement report (TID 1500)", () => {
  it("is of the study's patient, and refers to the image", () => {
    const made = report(line());
    expect(made).toMatchObject({
      PatientName: "Țurcanu^Gheorghe",
      PatientID: "NC-1",
      StudyInstanceUID: "1.2",
    });
    expect(at(made, "CurrentRequestedProcedureEvidenceSequence", 0)).toEqual({
      StudyInstanceUID: "1.2",
      ReferencedSeriesSequence: [
        {
          SeriesInstanceUID: "1.2.3",
          ReferencedSOPSequence: [
            { ReferencedSOPClassUID: image.sopClassUid, ReferencedSOPInstanceUID: "1.2.3.4" },
          ],
        },
      ],
    });
  });

  it("says the length, and the line from which it was inferred", () => {
    const number = at(report(line()), ...GROUP, "ContentSequence", 2);
    expect(at(number, "MeasuredValueSequence", 0)).toEqual({
      NumericValue: "19.5",
      MeasurementUnitsCodeSequence: [
        { CodeValue: "mm", CodingSchemeDesignator: "UCUM", CodeMeaning: "millimeter" },
      ],
    });
    expect(at(number, "ContentSequence", 0)).toMatchObject({
      RelationshipType: "INFERRED FROM",
      ValueType: "SCOORD",
      GraphicType: "POLYLINE",
      GraphicData: [10.5, 20.5, 31, 20.5],
    });
  });

  it("puts statistics of a region beside its outline, each with how it was derived", () => {
    const region = line({
      figure: "circle",
      graphics: [
        {
          type: "CIRCLE",
          points: [
            [5, 5],
            [8, 5],
          ],
        },
      ],
      coded: [{ concept: SCT_LENGTH, value: 74, unit: MILLIMETRE, derivation: MEAN }],
    });
    const group = at(report(region), ...GROUP);
    expect(at(group, "ContentTemplateSequence", 0, "TemplateIdentifier")).toBe("1410");
    expect(at(group, "ContentSequence", 2, "GraphicType")).toBe("CIRCLE");
    const derived = at(
      group,
      "ContentSequence",
      3,
      "ContentSequence",
      0,
      "ConceptCodeSequence",
      0,
      "CodeValue",
    );
    expect(derived).toBe("373098007");
  });

  it("follows a mark from report to report by the same UID", () => {
    const uid = () => at(report(line()), ...GROUP, "ContentSequence", 1, "UID");
    expect(uid()).toBe("2.25.302240678275694148452362");
    expect(uid()).toBe(uid());
  });

  it("names frames only of instances that have several", () => {
    const multi = { ...line(), image: { ...image, frameNumber: 7 } };
    const path = [...GROUP, "ContentSequence", 2, "ContentSequence", 0, "ContentSequence", 0];
    const frame = at(report(multi), ...path, "ReferencedSOPSequence", 0, "ReferencedFrameNumber");
    expect(frame).toBe("7");
  });
});

describe("key objects (TID 2010)", () => {
  it("list the images once, and refer to each", () => {
    const made = keyObjects({
      dataSet: patient,
      studyInstanceUid: "1.2",
      observer: "",
      images: [image, { ...image, sopInstanceUid: "1.2.3.5" }],
      now: { date: "20261120", time: "021500" },
    });
    expect(made).toMatchObject({ Modality: "KO", SOPClassUID: "1.2.840.10008.5.1.4.1.1.88.59" });
    expect(at(made, "ContentSequence", "length")).toBe(4);
    expect(at(made, "ContentSequence", 1, "PersonName")).toBe("Unknown");
  });
});

describe("numbers and points", () => {
  it("fit into 16 characters", () => {
    expect(decimal(19.5)).toBe("19.5");
    expect(decimal(Math.PI * 1e3)).toBe("3141.59265358979");
    expect(decimal(-1 / 3e9).length).toBeLessThanOrEqual(16);
  });

  it("count from the corner of the first pixel", () => {
    expect(graphicData({ type: "POINT", points: [[0, 0]] })).toEqual([0.5, 0.5]);
  });
});
