/** What Info states of an image before all its attributes. */
import { describe, expect, it } from "vitest";
import { factsOf, moment } from "../../src/info/facts.ts";

describe("the facts of an image", () => {
  it("are those that it states, with their units", () => {
    const facts = factsOf(
      {
        "00080020": { vr: "DA", Value: ["20261120"] },
        "00080030": { vr: "TM", Value: ["012130.5"] },
        "00080070": { vr: "LO", Value: ["ACME"] },
        "00081090": { vr: "LO", Value: ["Scan 64"] },
        "00180050": { vr: "DS", Value: [1.25] },
        "00180060": { vr: "DS", Value: ["120"] },
        "00181210": { vr: "SH", Value: ["B70f", "3"] },
        "00280010": { vr: "US", Value: [512] },
        "00280011": { vr: "US", Value: [256] },
        "00280030": { vr: "DS", Value: [0.703125, 0.5] },
        "00280100": { vr: "US", Value: [16] },
        "00280101": { vr: "US", Value: [12] },
        "00083002": { vr: "UI", Value: ["1.2.840.10008.1.2.1"] },
      },
      "en",
    );
    expect(facts).toEqual([
      ["Study", "20 Nov 2026, 01:21:30"],
      ["Device", "ACME, Scan 64"],
      ["Tube voltage", "120 kVp"],
      ["Kernel", "B70f, 3"],
      ["Slice thickness", "1.25 mm"],
      ["Rows × columns", "512 × 256"],
      ["Pixel spacing, rows × columns", "0.703125 × 0.5 mm"],
      ["Bits", "12 of 16"],
      ["Transfer syntax", "Explicit VR Little Endian (1.2.840.10008.1.2.1)"],
    ]);
  });

  it("leave out what is no number, and spacing that is none", () => {
    const ds = {
      "00180050": { vr: "DS", Value: ["thick"] },
      "00280030": { vr: "DS", Value: [0, "NaN"] },
      "00280010": { vr: "US", Value: [512] },
    };
    expect(factsOf(ds, "en")).toEqual([]);
  });

  it("show a date or a time alone, and words in the place of a date as they were sent", () => {
    expect(moment("20261120", "", "ro")).toBe("20.11.2026");
    expect(moment("", "0121", "en")).toBe("01:21");
    expect(moment("yesterday", "late", "en")).toBe("yesterday");
  });
});
