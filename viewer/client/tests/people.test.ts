import { describe, expect, it } from "vitest";
import {
  parseDate,
  parseName,
  shownAge,
  shownDate,
  shownIdentifier,
  shownName,
  shownTime,
} from "../src/dicom/people.ts";

describe("names", () => {
  it.each([
    ["Munteanu^Elena", "Munteanu, Elena"],
    ["Țurcanu^Ștefan^Ion^Dr.", "Țurcanu, Ștefan Ion"],
    ["Козлова^Мария=科^玛丽", "Козлова, Мария"],
    ["Munteanu", "Munteanu"],
    ["^Elena", "Elena"],
    ["", "Name not given"],
    ["^^^", "Name not given"],
  ])("%j is shown as %j", (sent, shown) => {
    expect(shownName(sent)).toBe(shown);
  });

  it("stay text, whatever they hold", () => {
    expect(parseName("<script>alert(1)</script>^x").family).toBe("<script>alert(1)</script>");
  });
});

describe("dates", () => {
  it("are dense, in the reader's language", () => {
    expect(shownDate("20261120", "en")).toBe("20 Nov 2026");
    expect(shownDate("20260905", "en-GB")).toBe("5 Sep 2026");
    expect(shownDate("20261120", "ro")).toBe("20.11.2026");
    expect(shownDate("20260305", "ru")).toBe("05.03.2026");
  });

  it("that name no day are shown as sent", () => {
    expect(shownDate("20260230", "en")).toBe("20260230");
    expect(shownDate("around 1950", "en")).toBe("around 1950");
    expect(shownDate("", "en")).toBe("");
  });

  it("are never guessed", () => {
    expect(parseDate("19000101")).toEqual({ year: 1900, month: 1, day: 1 });
    expect(parseDate("00000000")).toBeNull();
    expect(parseDate("20261301")).toBeNull();
    expect(parseDate("20240229")).toEqual({ year: 2024, month: 2, day: 29 });
    expect(parseDate("20230229")).toBeNull();
  });

  it("come with the time that the modality wrote", () => {
    expect(shownTime("012130.123")).toBe("01:21");
    expect(shownTime("2561")).toBe("");
    expect(shownTime("")).toBe("");
  });
});

describe("ages on the day of the study", () => {
  it.each([
    ["19620314", "20261120", "64 y"],
    ["19621121", "20261120", "63 y"],
    ["20261101", "20261120", "19 d"],
    ["20261024", "20261120", "27 d"],
    ["20261023", "20261120", "28 d"],
    ["20260820", "20261120", "3 mo"],
    ["20241121", "20261120", "23 mo"],
    ["20241120", "20261120", "2 y"],
    ["20261121", "20261120", ""],
    ["unknown", "20261120", ""],
  ])("born %s, studied %s: %j", (birth, day, age) => {
    expect(shownAge(birth, day)).toBe(age);
  });
});

describe("identifiers", () => {
  it("of digits stand in groups of four, others as sent", () => {
    expect(shownIdentifier("2002062031458")).toBe("2002 0620 3145 8");
    expect(shownIdentifier("LIDC-IDRI-0314")).toBe("LIDC-IDRI-0314");
    expect(shownIdentifier("1234567")).toBe("1234567");
  });
});
