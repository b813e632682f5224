import { describe, expect, it } from "vitest";
import type { DataSet } from "../../src/dicom/dataset.ts";
import type { Frame } from "../../src/dicom/frames.ts";
import { notesOn } from "../../src/print/choice_notes.ts";
import { suggestedPlaces, suggestedStep } from "../../src/print/choosing.ts";
import type { Choice, Item, Subject } from "../../src/print/job.ts";
import { chosenWindow } from "../../src/print/job.ts";
import { takenOf } from "../../src/print/running.ts";
import { countWords, headWords, pageWords, printedWords } from "../../src/print/words.ts";
import { parseConfig } from "../../src/studies/config.ts";
import type { Study } from "../../src/studies/study.ts";

const CONFIG = parseConfig(
  {
    study_instance_uid: "1.2.3",
    institution: "Nistru Clinical",
    accession_number: "04-55011",
    series: [{ series_instance_uid: "1.2.3.4", number: 2, description: "Lung 1.0", modality: "CT" }],
    me: { name: "Dr. E. Pascaru" },
    language: "en",
  },
  "",
);

const LUNG = { center: -600, width: 1500 };

function frame(changes: DataSet = {}): Frame {
  const dataSet: DataSet = {
    "00100010": { vr: "PN", Value: [{ Alphabetic: "Munteanu^Elena" }] },
    "00100020": { vr: "LO", Value: ["2002062031458"] },
    "00100030": { vr: "DA", Value: ["19620314"] },
    "00100040": { vr: "CS", Value: ["F"] },
    "00080020": { vr: "DA", Value: ["20261120"] },
    "00080030": { vr: "TM", Value: ["012100"] },
    "00080060": { vr: "CS", Value: ["CT"] },
    "00080080": { vr: "LO", Value: ["Nistru Clinical Hospital"] },
    "00081040": { vr: "LO", Value: ["Department of radiology"] },
    "00280010": { vr: "US", Value: [512] },
    "00280011": { vr: "US", Value: [512] },
    "00280030": { vr: "DS", Value: [0.5, 0.5] },
    ...changes,
  };
  return {
    imageId: "1",
    url: "",
    sopInstanceUid: "1.2.3.4.5",
    frameNumber: 1,
    instanceNumber: 1,
    dataSet,
    position: null,
    row: null,
    column: null,
  };
}

function subject(frames: readonly Frame[], changes: Partial<Subject> = {}): Subject {
  const [series] = CONFIG.study.series;
  if (!series) throw new Error("the sample has a series");
  return {
    study: { config: CONFIG.study, uid: "1.2.3" } as Study,
    series,
    frames,
    index: 0,
    modality: "CT",
    window: LUNG,
    inverted: false,
    greys: null,
    hasLayers: false,
    rotation: 0,
    flipped: false,
    isColor: false,
    marks: {
      on: () => [],
      numbers: () => {
        throw new Error("no marks");
      },
      keyImages: () => [],
    },
    config: CONFIG,
    ...changes,
  };
}

function items({ series, frames }: Subject): Item[] {
  return frames.map((one, index) => ({ series, frame: one, index, count: frames.length }));
}

const CHOICE: Choice = {
  what: "range",
  from: 1,
  to: 1,
  every: 1,
  sheet: { paper: "A4", wide: false },
  across: 1,
  down: 1,
  trueSize: false,
  window: "screen",
  header: true,
  marks: true,
  numbers: true,
  white: false,
  withoutIdentity: false,
};

const NOW = new Date(2026, 10, 20, 2, 50);

describe("words on a page", () => {
  it("name patient, institution, series and window", () => {
    const one = subject([frame()]);
    expect(headWords(one, CHOICE, items(one), () => LUNG)).toEqual({
      left: [
        "Munteanu, Elena",
        "Female, born 14 Mar 1962 (64 y), ID 2002 0620 3145 8",
        "CT 20 Nov 2026, 01:21, accession 04-55011",
      ],
      right: [
        "Nistru Clinical Hospital",
        "Department of radiology",
        "Series 2, Lung 1.0, C \u2212600 W 1500",
      ],
    });
    expect(printedWords(one, CHOICE, NOW)).toBe("Printed 20 Nov 2026, 02:50 by Dr. E. Pascaru");
    expect(pageWords(1, 2)).toBe("Page 1 of 2. Not for diagnosis.");
  });

  it("name nobody and no day where identity is left out", () => {
    const one = subject([frame()]);
    const choice = { ...CHOICE, withoutIdentity: true };
    expect(headWords(one, choice, items(one), () => LUNG)).toEqual({
      left: ["CT, series 2"],
      right: ["C \u2212600 W 1500"],
    });
    expect(printedWords(one, choice, NOW)).toBe("");
  });

  it("are none without a header", () => {
    const one = subject([frame()]);
    expect(headWords(one, { ...CHOICE, header: false }, items(one), () => LUNG)).toBeNull();
  });

  it("say that a birth date was not given", () => {
    const one = subject([frame({ "00100030": { vr: "DA" }, "00100040": { vr: "CS" } })]);
    const words = headWords(one, CHOICE, items(one), () => null)?.left[1];
    expect(words).toBe("Sex not given, birth date not given, ID 2002 0620 3145 8");
  });

  it("count images and pages", () => {
    expect(countWords(36, 2, "A4")).toBe("36 images on 2 pages of A4");
    expect(countWords(1, 1, "A3")).toBe("1 image on 1 page of A3");
    expect(countWords(0, 0, "A4")).toBe("No image chosen");
  });
});

describe("notes on a choice", () => {
  it("refuse one head for images of two people", () => {
    const two = subject([frame(), frame({ "00100020": { vr: "LO", Value: ["4711"] } })]);
    expect(notesOn(two, CHOICE, items(two)).trouble).toMatch(/^These images name different patients/);
    expect(notesOn(two, { ...CHOICE, withoutIdentity: true }, items(two)).trouble).toBe("");
  });

  it("refuse true size where nobody knows it, and say why", () => {
    const choice = { ...CHOICE, trueSize: true };
    const none = subject([frame({ "00280030": undefined })]);
    expect(notesOn(none, choice, items(none)).trouble).toMatch(/does not say how large its pixels are/);
    const spacing = { vr: "DS", Value: [0.14, 0.14] };
    const detector = subject([
      frame({
        "00080060": { vr: "CS", Value: ["DX"] },
        "00280030": undefined,
        "00181164": spacing,
      }),
    ]);
    expect(notesOn(detector, choice, items(detector)).trouble).toMatch(/those at the detector/);
  });

  it("say what of an image has room at true size", () => {
    const one = subject([frame()]);
    const choice = { ...CHOICE, trueSize: true };
    // 512 × 0.5 mm; the place is 190 mm wide and 297 − 20 − 23 − 8 = 246 mm high.
    expect(notesOn(one, choice, items(one)).words[0]).toMatch(
      /only the middle 190 × 246 mm of 256 × 256 mm have room/,
    );
    const wide = { ...choice, sheet: { paper: "A3", wide: false } } as const;
    expect(notesOn(one, wide, items(one)).words[0]).toMatch(/choose 100 %, without fitting/);
  });
});

describe("what is offered first", () => {
  it("is as few places as the images need", () => {
    expect([1, 2, 4, 5, 7, 12, 13].map(suggestedPlaces)).toEqual([
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
      [3, 3],
      [3, 4],
      [4, 5],
    ]);
  });

  it("is a step that leaves about two pages", () => {
    const steps = [1, 2, 3, 4, 5, 10, 20, 50];
    expect(suggestedStep(180, steps)).toBe(5);
    expect(suggestedStep(12, steps)).toBe(1);
    expect(suggestedStep(100_000, steps)).toBe(50);
  });
});

describe("windows", () => {
  it("of the screen hold for its own series and modality alone", () => {
    const one = subject([frame()]);
    const [item] = items(one);
    if (!item) throw new Error("there is an item");
    expect(chosenWindow(one, "screen", item)).toEqual(LUNG);
    const other = { ...item, series: { ...item.series, uid: "9", modality: "MR" } };
    expect(chosenWindow(one, "screen", other)).toBeNull();
    expect(chosenWindow(one, "own", item)).toBeNull();
    expect(chosenWindow(one, "preset-5", item)).toEqual({ center: 300, width: 2500 });
  });
});

describe("what the portal is told", () => {
  it("names the series where all images are of one", () => {
    const one = subject([frame(), frame()]);
    const job = { subject: one, choice: CHOICE, items: items(one), now: NOW };
    expect(takenOf(job, "pdf")).toEqual({ how: "pdf", images: 2, seriesInstanceUid: "1.2.3.4" });
    const [first, second] = items(one);
    if (!first || !second) throw new Error("there are two");
    const mixed = [first, { ...second, series: { ...second.series, uid: "9" } }];
    expect(takenOf({ ...job, items: mixed }, "print")).toEqual({
      how: "print",
      images: 2,
      seriesInstanceUid: undefined,
    });
  });
});
