/** Tests which series of a prior is laid beside one. */
import { describe, expect, it } from "vitest";
import { bestPrior, likeness, ranked } from "../../src/layout/likeness.ts";
import { arePlanesAlike } from "../../src/layout/matching.ts";
import type { SeriesSummary, StudyConfig } from "../../src/studies/config.ts";
import type { Study } from "../../src/studies/study.ts";
import { axial, CORONAL, film, series as images } from "./slices.ts";

function series(description: string, more: Partial<SeriesSummary> = {}): SeriesSummary {
  return { uid: description, number: 1, description, modality: "CT", bodyPart: "CHEST", count: 100, ...more };
}

function study(uid: string, all: readonly SeriesSummary[]): Study {
  return { uid, config: { studyInstanceUid: uid, series: all } as unknown as StudyConfig } as Study;
}

describe("series that belong together", () => {
  it("are alike by their words, whatever their spacings", () => {
    expect(likeness("Lung 1.0", "2 LUNG 6.2")).toBe(1);
    expect(likeness("Lung axial", "Lung coronal")).toBeCloseTo(1 / 3, 6);
    expect(likeness("Lung", "Soft")).toBe(0);
    expect(likeness("", "")).toBe(0);
    expect(likeness("Лёгкие 1.0", "лёгкие")).toBe(1);
  });

  it("are of one modality first, then of one part of the body, then of one name, then as long", () => {
    const wanted = series("Lung 1.0");
    const all = [
      series("Lung", { uid: "pet", modality: "PT" }),
      series("Scout", { uid: "scout", count: 2 }),
      series("Soft 5.0", { uid: "soft" }),
      series("Lung 6.2", { uid: "lung", count: 48 }),
      series("Lung", { uid: "head", bodyPart: "HEAD" }),
      series("Report", { uid: "sr", modality: "SR" }),
    ];
    expect(ranked(wanted, all).map(({ uid }) => uid)).toEqual(["lung", "head", "soft", "scout", "pet"]);
  });

  it("come from the newest prior of the same modality and part of the body", () => {
    const priors = [
      study("xray", [series("Chest", { modality: "CR", count: 2 })]),
      study("head", [series("Lung", { bodyPart: "HEAD" })]),
      study("chest", [series("Soft")]),
      study("older chest", [series("Lung")]),
    ];
    expect(bestPrior(series("Lung"), priors)?.study.uid).toBe("chest");
    expect(bestPrior(series("Lung"), priors.slice(0, 1))?.study.uid).toBe("xray");
    expect(bestPrior(series("Lung"), [study("report", [series("x", { modality: "SR" })])])).toBeNull();
  });

  it("are cut the same way, as far as they say", () => {
    const front = images({ orientation: CORONAL, positions: [[0, 0, 0]] });
    expect(arePlanesAlike(axial([0, 5]), axial([100], { frameOfReference: "2.25.7" }))).toBe(true);
    expect(arePlanesAlike(axial([0]), front)).toBe(false);
    expect(arePlanesAlike(axial([0]), film(1))).toBe(true);
  });
});
