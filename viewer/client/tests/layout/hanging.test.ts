/** Tests how studies hang when they are opened: by modality, by what X-rays show, and as the reader kept it. */
import { describe, expect, it } from "vitest";
import { framesOf } from "../../src/dicom/frames.ts";
import { Tag } from "../../src/dicom/tags.ts";
import {
  keptFor,
  keptLayout,
  kindOf,
  nameOfKind,
  parseKept,
  seriesFor,
  usualPlan,
} from "../../src/layout/hanging.ts";
import { breastPlan, chestPlan, type Projection, projectionOf } from "../../src/layout/projections.ts";
import type { SeriesSummary, StudyConfig } from "../../src/studies/config.ts";
import { dataSet, SERIES } from "../samples.ts";

function series(description: string, modality: string, count: number, number = 1): SeriesSummary {
  return { uid: description, number, description, modality, bodyPart: "", count };
}

function config(all: readonly SeriesSummary[], bodyParts: readonly string[] = []): StudyConfig {
  return { series: all, bodyParts } as unknown as StudyConfig;
}

const BRAIN = [
  series("3-plane loc", "MR", 9),
  series("T1", "MR", 26, 2),
  series("T2", "MR", 26, 3),
  series("FLAIR", "MR", 26, 4),
  series("DWI", "MR", 52, 5),
  series("T1C", "MR", 26, 6),
  series("Report", "SR", 1, 7),
];

describe("the usual hanging", () => {
  it("is one large for CT, on the first series that is no scout", () => {
    const plan = usualPlan(
      config([series("Scout", "CT", 2), series("Lung", "CT", 180), series("Soft", "CT", 180)]),
    );
    expect(plan.arrangement).toEqual({ rows: 1, columns: 1 });
    expect(plan.series.map((one) => one?.uid)).toEqual(["Lung"]);
  });

  it("is 2 × 2 of the main series for MR, linked", () => {
    const plan = usualPlan(config(BRAIN));
    expect(plan).toMatchObject({ arrangement: { rows: 2, columns: 2 }, linked: true });
    expect(plan.series.map((one) => one?.uid)).toEqual(["T1", "T2", "FLAIR", "DWI"]);
  });

  it("is as many places as there are series, where MR has fewer", () => {
    expect(usualPlan(config(BRAIN.slice(0, 3))).arrangement).toEqual({ rows: 1, columns: 2 });
    expect(usualPlan(config(BRAIN.slice(0, 2))).arrangement).toEqual({ rows: 1, columns: 1 });
  });

  it("is the first film of ultrasound and angiography", () => {
    const plan = usualPlan(config([series("Left coronary", "XA", 1), series("Right coronary", "XA", 1)]));
    expect(plan).toMatchObject({ arrangement: { rows: 1, columns: 1 }, linked: false });
    expect(plan.series.map((one) => one?.uid)).toEqual(["Left coronary"]);
  });

  it("is empty without series", () => {
    expect(usualPlan(config([])).series).toEqual([null]);
  });
});

function xray(place: string, laterality: string, view: string, right = ""): Projection<string> {
  return { place, laterality: laterality as "R" | "L" | "", view, right };
}

describe("X-rays", () => {
  it("say what they show by view position, by code, or by their name", () => {
    const image = (values: Parameters<typeof dataSet>[0]) => {
      const [frame] = framesOf(
        [dataSet({ [Tag.SOPInstanceUID]: ["1"], [Tag.Rows]: [4], [Tag.Columns]: [4], ...values })],
        SERIES,
      );
      if (!frame) throw new Error("no frame");
      const { laterality, view, right } = projectionOf(frame, 0);
      return [laterality, view, right];
    };
    expect(image({ [Tag.ViewPosition]: ["PA"] })).toEqual(["", "PA", ""]);
    expect(image({ [Tag.SeriesDescription]: ["Chest lateral"] })).toEqual(["", "LL", ""]);
    expect(
      image({
        [Tag.ImageLaterality]: ["R"],
        [Tag.PatientOrientation]: ["P", "F"],
        "00540220": [{ "00080100": { vr: "SH", Value: ["R-10226"] } }],
      }),
    ).toEqual(["R", "MLO", "P"]);
  });

  it("of the chest hang front beside side, whichever came first", () => {
    const plan = chestPlan([xray("side", "", "LL"), xray("front", "", "PA"), xray("again", "", "PA")]);
    expect(plan.arrangement).toEqual({ rows: 1, columns: 2 });
    expect(plan.places.map((one) => one?.place)).toEqual(["front", "side"]);
    expect(chestPlan([xray("front", "", "PA"), xray("again", "", "PA")]).places[1]?.place).toBe("again");
    expect(chestPlan([xray("only", "", "")]).arrangement).toEqual({ rows: 1, columns: 1 });
  });

  it("of the breasts hang CC over MLO, the right breast on the left, chest walls facing each other", () => {
    const plan = breastPlan([
      xray("LMLO", "L", "MLO", "A"),
      xray("RCC", "R", "CC", "P"),
      xray("LCC", "L", "CC", "P"),
      xray("RMLO", "R", "MLO", "A\\"),
    ]);
    expect(plan.arrangement).toEqual({ rows: 2, columns: 2 });
    expect(plan.places).toEqual([
      { place: "RCC", flipped: false, side: "right" },
      // Its rows lead backwards: the chest wall is on its right, and must come to its left.
      { place: "LCC", flipped: true, side: "left" },
      { place: "RMLO", flipped: true, side: "right" },
      { place: "LMLO", flipped: false, side: "left" },
    ]);
  });

  it("of one breast hang beside each other, and a missing view leaves its place empty", () => {
    const left = [xray("LMLO", "L", "MLO"), xray("LCC", "L", "CC")];
    expect(breastPlan(left)).toMatchObject({ arrangement: { rows: 1, columns: 2 } });
    expect(breastPlan(left).places.map((one) => one?.place)).toEqual(["LCC", "LMLO"]);
    const three = breastPlan([...left, xray("RCC", "R", "CC")]);
    expect(three.places.map((one) => one?.place ?? null)).toEqual(["RCC", "LCC", null, "LMLO"]);
  });
});

describe("a layout that the reader kept", () => {
  const chest = { modality: "CT", bodyPart: "CHEST" };
  const layout = keptLayout(
    { rows: 1, columns: 3, large: true },
    [
      { series: series("Lung 1.0", "CT", 180, 2), isPrior: false },
      { series: null, isPrior: false },
      { series: series("Lung 6.2", "CT", 48, 2), isPrior: true },
    ],
    true,
  );

  it("names series by words, and comes back as it was", () => {
    expect(parseKept(JSON.parse(JSON.stringify(layout)))).toEqual({
      arrangement: { rows: 1, columns: 3, large: true, tiles: false },
      linked: true,
      places: [
        { name: "Lung 1.0", number: 2, prior: false },
        null,
        { name: "Lung 6.2", number: 2, prior: true },
      ],
    });
  });

  it("is for its part of the body, else for the modality alone", () => {
    const hangings = [
      { modality: "CT", bodyPart: "", layout: { rows: 2, columns: 2 } },
      { ...chest, layout },
    ];
    expect(keptFor(chest, hangings)?.arrangement.columns).toBe(3);
    expect(keptFor({ modality: "CT", bodyPart: "HEAD" }, hangings)?.arrangement.rows).toBe(2);
    expect(keptFor({ modality: "MR", bodyPart: "HEAD" }, hangings)).toBeNull();
  });

  it("is nothing where it is no layout", () => {
    for (const broken of [{}, { rows: 0, columns: 1 }, { rows: 2, columns: 99 }, { rows: "2", columns: 2 }]) {
      expect(parseKept(broken)).toBeNull();
    }
    expect(parseKept({ rows: 1, columns: 1, places: [7, "x", { name: 3 }] })?.places).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("finds the series of another study by name, then by number, each once", () => {
    const all = [
      series("Scout", "CT", 2, 1),
      series("Soft 5.0", "CT", 60, 2),
      series("Lung 5.0", "CT", 60, 3),
      series("Report", "SR", 1, 4),
    ];
    const places = [
      { name: "Lung 1.0", number: 2 },
      null,
      { name: "Lung 1.0", number: 2 },
      { name: "Bone", number: 9 },
    ];
    expect(seriesFor(places, all).map((one) => one?.uid ?? null)).toEqual([
      "Lung 5.0",
      null,
      "Soft 5.0",
      null,
    ]);
  });

  it("is named as people say it", () => {
    expect(nameOfKind(kindOf(config([series("Lung", "CT", 60)], ["CHEST"])))).toBe("CT chest");
    expect(nameOfKind(kindOf(config([series("Lung", "CT", 60)])))).toBe("CT");
  });
});
