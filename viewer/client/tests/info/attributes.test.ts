/** Attributes of an instance as Info lists and finds them. */
import { describe, expect, it } from "vitest";
import type { DataSet } from "../../src/dicom/dataset.ts";
import { find, rowsOf } from "../../src/info/attributes.ts";

function values(ds: unknown): Record<string, string> {
  return Object.fromEntries(rowsOf(ds as DataSet).map(({ tag, value }) => [tag, value]));
}

const NESTED: DataSet = {
  "00081140": {
    vr: "SQ",
    Value: [
      { "00081155": { vr: "UI", Value: ["1.2.3"] } },
      {
        "00081155": { vr: "UI", Value: ["1.2.4"] },
        "00082112": { vr: "SQ", Value: [{ "00080060": { vr: "CS", Value: ["MR"] } }] },
      },
    ],
  },
  "00100010": { vr: "PN", Value: [{ Alphabetic: "Munteanu^Elena" }] },
};

describe("the rows of a data set", () => {
  it("stand in the order of their tags, each with its name and representation", () => {
    const rows = rowsOf({
      "00280010": { vr: "US", Value: [512] },
      "00100010": { vr: "PN", Value: [{ Alphabetic: "A^B", Ideographic: "甲" }] },
      "60023000": { vr: "OW", BulkDataURI: "../bulk/1" },
    });
    expect(rows.map(({ tag, name, vr, value }) => [tag, name, vr, value])).toEqual([
      ["(0010,0010)", "Patient's Name", "PN", "A^B = 甲"],
      ["(0028,0010)", "Rows", "US", "512"],
      ["(6002,3000)", "Overlay Data", "OW", "Large value, left on the DICOM Server"],
    ]);
  });

  it("name private attributes by whoever reserved them", () => {
    const names = rowsOf({
      "00290010": { vr: "LO", Value: ["SIEMENS CSA HEADER"] },
      "00291008": { vr: "CS", Value: ["IMAGE NUM 4"] },
      "00311008": { vr: "CS" },
      "00181234": { vr: "LO" },
    }).map(({ name }) => name);
    expect(names).toEqual([
      "Unknown attribute",
      "Private creator",
      "Private attribute of SIEMENS CSA HEADER",
      "Private attribute",
    ]);
  });

  it("say the names of UIDs, several values, nothing, and how much a binary value holds", () => {
    expect(
      values({
        "00080016": { vr: "UI", Value: ["1.2.840.10008.5.1.4.1.1.2"] },
        "00080008": { vr: "CS", Value: ["ORIGINAL", null, "AXIAL"] },
        "00080050": { vr: "SH" },
        "00420011": { vr: "OB", InlineBinary: "AAECAw==" },
      }),
    ).toEqual({
      "(0008,0016)": "1.2.840.10008.5.1.4.1.1.2 (CT Image Storage)",
      "(0008,0008)": "ORIGINAL \\  \\ AXIAL",
      "(0008,0050)": "",
      "(0042,0011)": "4 bytes",
    });
  });

  it("are shortened where they are long, and say how long they were", () => {
    const shown = values({
      "00204000": { vr: "LT", Value: ["x".repeat(5000)] },
      "00283006": { vr: "US", Value: Array.from({ length: 4096 }, () => 7) },
    });
    expect(shown["(0020,4000)"]).toBe(`${"x".repeat(160)} … 5000 characters`);
    expect(shown["(0028,3006)"]?.endsWith(" … 4096 values")).toBe(true);
  });

  it("survive whatever the sender wrote", () => {
    const hostile = JSON.parse(
      '{"__proto__": {"vr": "LO", "Value": ["x"]}, "no tag": {"vr": "LO"}, "00100010": null, "00100020": 7,' +
        '"00100030": {"vr": 3, "Value": "text"}, "00081140": {"vr": "SQ", "Value": [null, "text", 4]},' +
        '"00104000": {"vr": "LT", "Value": ["<img src=x onerror=alert(1)>\\u0000\\r\\nnext"]}}',
    );
    expect(values(hostile)).toEqual({
      "(0008,1140)": "0 items",
      "(0010,0030)": "",
      "(0010,4000)": "<img src=x onerror=alert(1)>� ⏎ next",
    });
  });
});

describe("a search", () => {
  const tags = (query: string) => find(NESTED, query, 10).found.map(({ row }) => row.path);

  it("finds names, keywords, tags and values, in sequences too", () => {
    expect(tags("patient's name")).toEqual(["00100010"]);
    expect(tags("PatientName")).toEqual(["00100010"]);
    expect(tags("0010,0010")).toEqual(["00100010"]);
    expect(tags("munteanu")).toEqual(["00100010"]);
    expect(tags("1.2.4")).toEqual(["00081140 1 00081155"]);
    expect(tags("no such thing")).toEqual([]);
  });

  it("says in which sequences a row lies, and counts what it does not show", () => {
    const [found] = find(NESTED, "modality", 10).found;
    expect(found?.within).toEqual(["Referenced Image Sequence, item 2", "Source Image Sequence, item 1"]);
    expect(find(NESTED, "UI", 1)).toMatchObject({ count: 2, found: [{ row: { value: "1.2.3" } }] });
  });

  it("ends in a data set that is nested without end", () => {
    let ds: DataSet = {};
    for (let depth = 0; depth < 2000; depth += 1) ds = { "00081140": { vr: "SQ", Value: [ds] } };
    expect(find(ds, "referenced", 10).count).toBe(33);
  });
});
