import { describe, expect, it } from "vitest";
import { imageFileName, seriesFileName, withName } from "../../src/print/files.ts";

const SERIES = {
  uid: "1.2.3",
  number: 2,
  description: "Lung 1.0 of Elena",
  modality: "CT",
  bodyPart: "CHEST",
  count: 180,
};

describe("names of files", () => {
  it("say what it is and not whose it is", () => {
    expect(imageFileName(SERIES, 71, "png")).toBe("CT_series2_image71.png");
    expect(seriesFileName(SERIES, "zip")).toBe("CT_series2.zip");
  });

  it("do without a number or a modality that was not sent", () => {
    expect(imageFileName({ ...SERIES, number: null }, 1, "jpg")).toBe("CT_series_image1.jpg");
    expect(seriesFileName({ ...SERIES, modality: "" }, "pdf")).toBe("series2.pdf");
  });

  it("hold nothing that a file system would take for a path", () => {
    expect(seriesFileName({ ...SERIES, modality: "../../CT" }, "zip")).toBe("CT_series2.zip");
  });

  it("carry the name only where it was asked for", () => {
    expect(withName("CT_series2.pdf", "Țurcanu, Ștefan")).toBe("Țurcanu_Ștefan_CT_series2.pdf");
    expect(withName("CT_series2.pdf", "../..")).toBe("CT_series2.pdf");
  });
});
