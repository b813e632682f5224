import { describe, expect, it } from "vitest";
import { DEFAULT_PRESETS } from "../src/dicom/windows.ts";
import { firstSeries, parseConfig, type SeriesSummary, seriesName } from "../src/studies/config.ts";

const summary = (uid: string, modality: string, count: number): SeriesSummary => ({
  uid,
  modality,
  count,
  bodyPart: "",
  number: null,
  description: "",
});

describe("what the server wrote into the page", () => {
  it("is read field by field", () => {
    const config = parseConfig(
      {
        study_instance_uid: "1.2",
        token_url: "/api/v1/studies/1.2/viewer-token/?server=7",
        institution: "Nistru Clinical",
        patient: { patient_name: "Munteanu, Elena", patient_sex: "F", patient_id: "2002 0620 3145 8" },
        series: [
          {
            series_instance_uid: "1.2.3",
            number: 2,
            description: "Lung",
            modality: "CT",
            body_part: "CHEST",
            number_of_instances: 180,
          },
          { description: "no UID" },
        ],
        presets: [
          { key: "1", name: "Brain", window_center: 40, window_width: 80 },
          { key: "0", name: "Standard", window_center: null, window_width: null },
        ],
      },
      "csrf",
    );
    expect(config).toMatchObject({
      csrfHeader: "X-CSRFToken",
      csrfToken: "csrf",
      language: "en",
      simple: false,
    });
    expect(config.study).toMatchObject({ studyInstanceUid: "1.2", permissions: ["view"], isPrior: false });
    expect(config.study.patient).toMatchObject({ name: "Munteanu, Elena", sex: "F", birthDate: "", age: "" });
    expect(config.study.series).toEqual([
      { uid: "1.2.3", number: 2, description: "Lung", modality: "CT", bodyPart: "CHEST", count: 180 },
    ]);
    expect(config.presets).toEqual([
      { key: "1", name: "Brain", window: { center: 40, width: 80 } },
      { key: "0", name: "Standard", window: null },
    ]);
  });

  it("names priors, each a study of its own", () => {
    const priors = [{ study_instance_uid: "1.9", permissions: ["view", "download", "x"] }, { series: [] }];
    const config = parseConfig({ study_instance_uid: "1.2", priors }, "");
    expect(config.priors).toHaveLength(1);
    expect(config.priors[0]).toMatchObject({ studyInstanceUid: "1.9", isPrior: true });
    expect(config.priors[0]?.permissions).toEqual(["view", "download"]);
  });

  it("may be missing or broken without breaking the page", () => {
    for (const value of [null, 5, [], { series: "x", presets: {}, patient: null }]) {
      const config = parseConfig(value, "");
      expect(config.study.series).toEqual([]);
      expect(config.priors).toEqual([]);
      expect(config.presets).toBe(DEFAULT_PRESETS);
    }
  });
});

describe("the first series", () => {
  it("is no scout, and no report", () => {
    const all = [
      summary("sr", "SR", 1),
      summary("scout", "CT", 2),
      summary("lung", "CT", 180),
      summary("soft", "CT", 180),
    ];
    expect(firstSeries(all)?.uid).toBe("lung");
  });

  it("is what there is", () => {
    expect(firstSeries([summary("sr", "SR", 1)])?.uid).toBe("sr");
    expect(firstSeries([])).toBeNull();
  });

  it("has a name, even without one", () => {
    const series = summary("1", "CT", 1);
    expect(seriesName({ ...series, number: 2, description: " Lung 1.0 " })).toBe("2 Lung 1.0");
    expect(seriesName({ ...series, number: 2 })).toBe("Series 2");
    expect(seriesName(series)).toBe("Series");
  });
});
