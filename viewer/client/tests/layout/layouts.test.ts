/** Tests names of layouts, the order in which places are filled, pages of tiles, and whom a screen may show together. */
import { describe, expect, it } from "vitest";
import { ONE } from "../../src/layout/arrangement.ts";
import { nameOf, ONE_OVER_THREE, seriesAfter } from "../../src/layout/layouts.ts";
import { pageStart } from "../../src/layout/tiles.ts";
import { placesIn, sameShape } from "../../src/panes/grid.ts";
import {
  areDifferentPeople,
  type PatientSummary,
  type SeriesSummary,
  type StudyConfig,
} from "../../src/studies/config.ts";

function series(uid: string, modality = "CT"): SeriesSummary {
  return { uid, number: null, description: uid, modality, bodyPart: "", count: 1 };
}

function of(patient: Partial<PatientSummary>): StudyConfig {
  const nobody = { name: "", sex: "", birthDate: "", age: "", identifier: "" };
  return { patient: { ...nobody, ...patient } } as unknown as StudyConfig;
}

describe("layouts", () => {
  it("have as many places as rows and columns make, and one more under a large one", () => {
    expect([ONE, ONE_OVER_THREE, { rows: 4, columns: 5 }].map(placesIn)).toEqual([1, 4, 20]);
    expect(sameShape({ rows: 1, columns: 3 }, ONE_OVER_THREE)).toBe(false);
    expect(sameShape({ rows: 1, columns: 1, large: false }, ONE)).toBe(true);
  });

  it("are named as they look", () => {
    expect([ONE, ONE_OVER_THREE, { rows: 2, columns: 3 }].map(nameOf)).toEqual([
      "One large",
      "1 over 3",
      "2 × 3",
    ]);
    expect(nameOf({ rows: 2, columns: 3, tiles: true })).toBe("2 × 3 images");
  });

  it("are filled with the series that follow, round the end, without those that hold no images", () => {
    const all = [series("scout"), series("lung"), series("report", "SR"), series("soft")];
    expect(seriesAfter(all, "lung").map(({ uid }) => uid)).toEqual(["soft", "scout", "lung"]);
    expect(seriesAfter(all, undefined).map(({ uid }) => uid)).toEqual(["scout", "lung", "soft"]);
  });

  it("turn tables of images over by whole pages", () => {
    expect([0, 5, 6, 20].map((index) => pageStart(index, 6))).toEqual([0, 0, 6, 18]);
  });
});

describe("people on one screen", () => {
  const elena = of({ name: "Munteanu, Elena", sex: "F", birthDate: "14 Mar 1962", identifier: "NC-204417" });

  it("are one where another institution has another number and writes the name otherwise", () => {
    const elsewhere = of({
      name: "Munteanu, Elena I.",
      sex: "F",
      birthDate: "14 Mar 1962",
      identifier: "CI-0058210",
    });
    expect(areDifferentPeople(elena, elsewhere)).toBe(false);
    expect(areDifferentPeople(elena, of({ name: "Unknown", sex: "O" }))).toBe(false);
  });

  it("are two where birth date or sex differ", () => {
    expect(areDifferentPeople(elena, of({ birthDate: "14 Mar 1963" }))).toBe(true);
    expect(areDifferentPeople(elena, of({ sex: "M" }))).toBe(true);
  });
});
