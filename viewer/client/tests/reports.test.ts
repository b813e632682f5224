import { describe, expect, it } from "vitest";
import { kindOf, kindOfSeries } from "../src/dicom/kinds.ts";
import { keyObjectsOf } from "../src/objects/keys.ts";
import { refersTo } from "../src/objects/references.ts";
import { reportOf } from "../src/objects/report.ts";
import { code, reference } from "./object_samples.ts";
import { dataSet } from "./samples.ts";

const MINUS = "\u2212";
const item = (type: string, name: string, values: Readonly<Record<string, readonly unknown[]>>) =>
  dataSet({ "0040A040": [type], "0040A043": [code("1", "99X", name)], ...values });

describe("a structured report", () => {
  const report = reportOf(
    dataSet({
      "0040A040": ["CONTAINER"],
      "0040A043": [code("126000", "DCM", "Imaging Measurement Report")],
      "0040A491": ["COMPLETE"],
      "0040A493": ["VERIFIED"],
      "0040A073": [dataSet({ "0040A075": [{ Alphabetic: "Moraru^Ion" }], "0040A030": ["20261120101500"] })],
      "0040A730": [
        item("NUM", "Attenuation", {
          "0040A300": [
            dataSet({ "0040A30A": ["-12.5"], "004008EA": [code("[hnsf'U]", "UCUM", "Hounsfield unit")] }),
          ],
        }),
        item("TEXT", "Finding", { "0040A160": ["<b>bold</b>"] }),
        item("CODE", "Site", { "0040A168": [code("T-62000", "SRT", "Liver")] }),
        item("DATE", "Seen", { "0040A121": ["20261120"] }),
        item("PNAME", "Reader", { "0040A123": [{ Alphabetic: "Pascaru^Elena" }] }),
        item("IMAGE", "Source", { "00081199": [reference("1.2.3", 4)] }),
        item("NUM", "Empty", {}),
        dataSet({ "0040DB73": [1, 2] }),
      ],
    }),
    "en",
  );

  it("is read as names with values in their units", () => {
    expect(report.root.name).toBe("Imaging Measurement Report");
    expect(report.root.children.map(({ name, value }) => [name, value])).toEqual([
      ["Attenuation", `${MINUS}12.5 HU`],
      ["Finding", "<b>bold</b>"],
      ["Site", "Liver"],
      ["Seen", "20 Nov 2026"],
      ["Reader", "Pascaru, Elena"],
      ["Source", "Image"],
      ["Empty", "No value"],
      ["", "See item 1.2"],
    ]);
  });

  it("says who verified it and when, and to which frames it refers", () => {
    expect(report.state).toEqual(["Complete", "Verified by Moraru, Ion, 20 Nov 2026 10:15"]);
    expect(report.root.children[5]?.references).toEqual([{ sopInstanceUid: "1.2.3", frames: [4] }]);
  });

  it("that nests without end is cut off", () => {
    let deep = item("CONTAINER", "end", {});
    for (let level = 0; level < 100; level += 1) deep = item("CONTAINER", `${level}`, { "0040A730": [deep] });
    let depth = 0;
    for (let one = reportOf(deep, "en").root; one.children[0]; one = one.children[0]) depth += 1;
    expect(depth).toBe(40);
  });
});

describe("key objects", () => {
  it("have a title, a description and the images that they mean", () => {
    const found = keyObjectsOf(
      dataSet({
        "00080018": ["1.5"],
        "0040A043": [code("113000", "DCM", "Of Interest")],
        "0040A730": [
          dataSet({
            "0040A040": ["TEXT"],
            "0040A043": [code("113012", "DCM", "Key Object Description")],
            "0040A160": ["the nodule"],
          }),
          dataSet({ "0040A040": ["IMAGE"], "00081199": [reference("1.1")] }),
          dataSet({ "0040A040": ["IMAGE"], "00081199": [reference("1.2", 3)] }),
        ],
      }),
    );
    expect(found).toMatchObject({ title: "Of Interest", description: "the nodule", observer: "" });
    expect(found.references.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(["1.1", "1.2"]);
    expect(refersTo(found.references, { sopInstanceUid: "1.1", frameNumber: 7 })).toBe(true);
    expect(refersTo(found.references, { sopInstanceUid: "1.2", frameNumber: 7 })).toBe(false);
    expect(refersTo([], { sopInstanceUid: "1.2", frameNumber: 7 })).toBe(true);
  });
});

describe("kinds of objects", () => {
  const of = (sopClass: string, more = {}) =>
    kindOf(dataSet({ "00080016": [`1.2.840.10008.5.1.4.1.1.${sopClass}`], ...more }));

  it("follow from the SOP class, and video from the transfer syntax", () => {
    const size = { "00280010": [2], "00280011": [2], "7FE00010": [] };
    expect(of("104.1")).toBe("document");
    expect(of("88.59")).toBe("key objects");
    expect(of("88.33")).toBe("report");
    expect(of("11.1")).toBe("presentation states");
    expect(of("66.4", size)).toBe("segmentation");
    expect(of("481.3")).toBe("structures");
    expect(of("9.1.1")).toBe("waveform");
    expect(of("77.1.4.1", { ...size, "00083002": ["1.2.840.10008.1.2.4.102"] })).toBe("video");
    expect(of("2", size)).toBe("images");
    expect(of("481.5")).toBe("other");
  });

  it("of a series are images where there is one", () => {
    const image = dataSet({ "00280010": [2], "00280011": [2], "7FE00010": [] });
    expect(kindOfSeries([dataSet({}), image])).toBe("images");
    expect(kindOfSeries([dataSet({ "00280010": [2], "00280011": [2] })])).toBe("other");
    expect(kindOfSeries([])).toBe("other");
  });
});
