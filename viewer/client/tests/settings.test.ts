import { describe, expect, it } from "vitest";
import { bindingsOf, keysOf } from "../src/page/own_settings.ts";
import { cornerOf, DEFAULT_CORNERS, moved, parseCorners, shifted } from "../src/panes/corner_layout.ts";

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
