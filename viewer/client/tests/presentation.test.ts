import { describe, expect, it } from "vitest";
import { presentationStateOf } from "../src/objects/presentation.ts";
import { openingsOf } from "../src/objects/shutters.ts";
import { reference } from "./object_samples.ts";
import { dataSet } from "./samples.ts";

describe("a presentation state", () => {
  const state = presentationStateOf(
    dataSet({
      "00700080": ["TEST"],
      "00700081": ["arrow and circle"],
      "00700084": [{ Alphabetic: "Test^Reader" }],
      "00081115": [dataSet({ "00081140": [reference("1.1"), reference("1.2", 2)] })],
      "00281052": [-1000],
      "00281053": [1],
      "00283110": [
        dataSet({ "00281050": [40], "00281051": [400] }),
        dataSet({ "00081140": [reference("1.2")], "00283010": [dataSet({ "00283002": [4, 0, 8] })] }),
      ],
      "00700041": ["Y"],
      "00700042": [90],
      "0070005A": [dataSet({ "00700052": [1, 1], "00700053": [512, 256], "00700100": ["SCALE TO FIT"] })],
      "20500020": ["INVERSE"],
      "00700060": [
        dataSet({ "00700002": ["B"], "00700062": [1] }),
        dataSet({ "00700002": ["A"], "00700062": [2] }),
      ],
      "00700001": [
        dataSet({
          "00700002": ["A"],
          "00700009": [
            dataSet({ "00700005": ["PIXEL"], "00700023": ["CIRCLE"], "00700022": [10, 20, 15, 20] }),
            dataSet({ "00700005": ["DISPLAY"], "00700023": ["POLYLINE"], "00700022": [0, 0, 1, 1] }),
            dataSet({ "00700005": ["PIXEL"], "00700023": ["ELLIPSE"], "00700022": [1, 2] }),
          ],
        }),
        dataSet({
          "00700002": ["B"],
          "00700008": [
            dataSet({
              "00700006": ["NOTE"],
              "00700004": ["PIXEL"],
              "00700014": [5.5, 6.5],
              "00700015": ["Y"],
            }),
          ],
        }),
      ],
    }),
  );

  it("says whose it is and on which images it lies", () => {
    expect(state).toMatchObject({ label: "TEST", description: "arrow and circle", creator: "Test, Reader" });
    expect(state.images).toEqual([
      { sopInstanceUid: "1.1", frames: [] },
      { sopInstanceUid: "1.2", frames: [2] },
    ]);
  });

  it("has values, windows, turns and the area to be seen", () => {
    expect(state.rescale).toEqual({ slope: 1, intercept: -1000 });
    expect(state.vois[0]?.window).toEqual({ center: 40, width: 400, by: "LINEAR" });
    expect(state.vois[1]?.window).toBeNull();
    expect(state.vois[1]?.lut?.["00283002"]?.Value).toEqual([4, 0, 8]);
    expect([state.rotation, state.flipped, state.inverse]).toEqual([90, true, true]);
    expect(state.areas).toEqual([
      { references: [], topLeft: [-0.5, -0.5], bottomRight: [511.5, 255.5], mode: "fit", magnification: 1 },
    ]);
  });

  it("has drawings by layers, lower ones first, in pixels whose first centre is 0", () => {
    const [below, above] = state.graphics;
    expect(below?.words).toEqual([
      { text: "NOTE", box: null, anchor: { space: "image", point: [5, 6], visible: true } },
    ]);
    expect(above?.shapes).toEqual([
      {
        kind: "circle",
        space: "image",
        points: [
          [9.5, 19.5],
          [14.5, 19.5],
        ],
        filled: false,
      },
      {
        kind: "polyline",
        space: "display",
        points: [
          [0, 0],
          [1, 1],
        ],
        filled: false,
      },
    ]);
  });
});

describe("shutters", () => {
  it("leave rectangles, circles and polygons open, rows before columns", () => {
    expect(
      openingsOf(
        dataSet({
          "00181600": ["RECTANGULAR", "CIRCULAR", "POLYGONAL"],
          "00181602": [11],
          "00181604": [20],
          "00181606": [1],
          "00181608": [5],
          "00181610": [101, 51],
          "00181612": [30],
          "00181620": [1, 1, 1, 11, 21, 11],
        }),
      ),
    ).toEqual([
      { kind: "rectangle", topLeft: [9.5, -0.5], bottomRight: [19.5, 4.5] },
      { kind: "circle", center: [50, 100], radius: 30 },
      {
        kind: "polygon",
        points: [
          [0, 0],
          [10, 0],
          [10, 20],
        ],
      },
    ]);
    expect(openingsOf(dataSet({ "00181600": ["RECTANGULAR"], "00181602": [5] }))).toEqual([]);
  });
});
