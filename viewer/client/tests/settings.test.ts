import { describe, expect, it } from "vitest";
import { changed, changesBetween } from "../src/page/changes.ts";
import { bindingsOf, keysOf } from "../src/page/own_settings.ts";
import {
  cornerOf,
  DEFAULT_CORNERS,
  keptCorners,
  moved,
  parseCorners,
  shifted,
} from "../src/panes/corner_layout.ts";

describe("corners", () => {
  it("are the usual ones where nothing, or nonsense, was kept", () => {
    expect(parseCorners(undefined)).toBe(DEFAULT_CORNERS);
    expect(parseCorners({ "top-left": 5 })["top-left"]).toEqual(["patient-name"]);
  });

  it("never lose patient and date, and show nothing twice", () => {
    const layout = parseCorners({ "top-left": ["zoom", "zoom", "x"], "bottom-left": ["zoom", "window"] });
    expect(layout).toEqual({
      "top-left": ["patient-name", "zoom"],
      "top-right": ["study-date"],
      "bottom-left": ["window"],
      "bottom-right": [],
    });
  });

  it("are rearranged by moving an item elsewhere, up and down, or away", () => {
    const zoomed = moved(DEFAULT_CORNERS, "zoom", "top-right");
    expect(zoomed["top-right"]).toEqual(["institution", "study-date", "accession", "zoom"]);
    expect(cornerOf(moved(zoomed, "zoom", null), "zoom")).toBeNull();
    expect(moved(zoomed, "patient-name", null)).toBe(zoomed);
    expect(shifted(DEFAULT_CORNERS, "place", -1)["bottom-left"]).toEqual([
      "series",
      "place",
      "image",
      "technique",
    ]);
    expect(shifted(DEFAULT_CORNERS, "series", -1)).toBe(DEFAULT_CORNERS);
  });
});

describe("settings of two windows", () => {
  const before = { mouse: { right: "zoom" }, keys: { line: ["X"] }, tools_folded: true };

  it("go to the portal as what was changed, and nothing else", () => {
    expect(changesBetween(before, before)).toEqual({});
    expect(changesBetween(before, { mouse: { right: "zoom", both: "move" }, keys: { line: ["Y"] } })).toEqual(
      {
        mouse: { both: "move" },
        keys: { line: ["Y"] },
        tools_folded: null,
      },
    );
    expect(changesBetween({ keys: "x" }, { keys: {} })).toEqual({ keys: {} });
  });

  it("keep what either window changed", () => {
    const one = changesBetween(before, { ...before, keys: { line: ["X"], angle: ["J"] } });
    const other = changesBetween(before, { ...before, mouse: { right: "move" }, keys: {} });
    expect(changed(changed(before, one), other)).toEqual({
      mouse: { right: "move" },
      keys: { angle: ["J"] },
      tools_folded: true,
    });
  });

  it("lose no text of the corners where both windows put one into the same corner", () => {
    const kept = keptCorners(DEFAULT_CORNERS);
    const one = changesBetween(kept, keptCorners(moved(DEFAULT_CORNERS, "zoom", "top-right")));
    const other = changesBetween(kept, keptCorners(moved(DEFAULT_CORNERS, "technique", "top-right")));
    const both = parseCorners(changed(changed(kept, one), other));
    expect(both["top-right"]).toEqual(["institution", "study-date", "accession", "technique"]);
    expect(cornerOf(both, "zoom")).toBe("bottom-right");
    const hidden = changesBetween(kept, keptCorners(moved(DEFAULT_CORNERS, "zoom", null)));
    expect(cornerOf(parseCorners(changed(changed(kept, hidden), other)), "zoom")).toBeNull();
    expect(cornerOf(parseCorners({ "top-left": ["patient-name"] }), "zoom")).toBeNull();
  });
});

describe("a reader's own keys and buttons", () => {
  it("are taken where they make sense", () => {
    expect(bindingsOf({ mouse: { right: "zoom", middle: "line" } })).toEqual({
      right: "zoom",
      middle: "move",
      both: "zoom",
    });
    expect(keysOf({ keys: { line: ["X", 5] }, single_letter_keys: false })).toEqual({
      keys: { line: ["X"] },
      singleCharacters: false,
    });
    expect(keysOf({ keys: "x" })).toEqual({ keys: {}, singleCharacters: true });
  });
});
