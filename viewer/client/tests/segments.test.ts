import { describe, expect, it } from "vitest";
import { overlayBits, overlayFrame, overlayPlanesOf } from "../src/dicom/overlays.ts";
import { mapBetween, pixelAt, planeOf, sameSpace, toleranceOf } from "../src/objects/placing.ts";
import { colorOfLab, coverage, segmentationOf, segmentNumberOf, sourcesOf } from "../src/objects/segments.ts";
import { structuresOf } from "../src/objects/structures.ts";
import { code, framesFrom, reference, slice } from "./object_samples.ts";
import { dataSet } from "./samples.ts";

function only<T>(values: readonly T[]): T {
  const [first] = values;
  if (first === undefined) throw new Error("nothing there");
  return first;
}

describe("a segmentation", () => {
  const segmentation = segmentationOf(
    dataSet({
      "00620001": ["FRACTIONAL"],
      "0062000E": [200],
      "00620002": [
        dataSet({
          "00620004": [1],
          "00620005": ["Liver"],
          "0062000D": [41_661, 41_167, 40_792],
          "0062000F": [code("T-62000", "SRT", "Liver")],
        }),
        dataSet({ "00620004": [2], "00620005": ["Lesion 1"], "0062000F": [code("M-1", "SRT", "Neoplasm")] }),
      ],
    }),
  );

  it("names its segments, with the colours that it recommends", () => {
    expect(segmentation.segments.map(({ label, property }) => [label, property])).toEqual([
      ["Liver", ""],
      ["Lesion 1", "Neoplasm"],
    ]);
    // Slicer's colour of the liver: 221 130 101.
    const [red, green, blue] = only(segmentation.segments).color;
    expect(Math.abs(red - 221) + Math.abs(green - 130) + Math.abs(blue - 101)).toBeLessThan(12);
  });

  it("covers pixels as a share, wholly, or by its number", () => {
    const of = (kind: "binary" | "fractional" | "labelmap") => ({ ...segmentation, kind });
    expect([...coverage([0, 100, 200, 255], of("fractional"), 1)]).toEqual([0, 128, 255, 255]);
    expect([...coverage([0, 1], of("binary"), 1)]).toEqual([0, 255]);
    expect([...coverage([0, 1, 2], of("labelmap"), 2)]).toEqual([0, 0, 255]);
  });

  it("tells of each frame its segment and its sources", () => {
    const frame = only(
      framesFrom(
        slice("1.5", 0, {
          "52009230": [
            dataSet({
              "00089124": [dataSet({ "00082112": [reference("1.1")] })],
              "0062000A": [dataSet({ "0062000B": [2] })],
            }),
          ],
        }),
      ),
    );
    expect(segmentNumberOf(frame)).toBe(2);
    expect(sourcesOf(frame)).toEqual([{ sopInstanceUid: "1.1", frames: [] }]);
  });

  it("has white, black and grey where CIELab has them", () => {
    expect(colorOfLab([65_535, 32_896, 32_896])).toEqual([255, 255, 255]);
    expect(colorOfLab([0, 32_896, 32_896])).toEqual([0, 0, 0]);
    expect(colorOfLab([1, 2])).toBeNull();
  });
});

describe("places of pixels", () => {
  const source = only(framesFrom(slice("1.1", 5)));
  const plane = planeOf(source);

  it("are found below points of the patient's space", () => {
    // Columns are 1 mm apart, rows 2 mm, the first pixel lies at 10, 20, 5.
    expect(plane && pixelAt(plane, [12, 26, 6.5])).toEqual({ x: 2, y: 3, distance: 1.5 });
  });

  it("map from one grid to another that lies in the same plane, and to none elsewhere", () => {
    const fine = only(framesFrom(slice("1.2", 5.2, { "00280030": [1, 0.5], "00200032": [11, 22, 5.2] })));
    const [from, to] = [planeOf(fine), plane];
    if (!from || !to) throw new Error("no planes");
    expect(mapBetween(from, to, 0.5)).toEqual({ a: 0.5, b: 0, c: 0, d: 0.5, e: 1, f: 1 });
    expect(mapBetween(from, to, 0.1)).toBeNull();
    expect(sameSpace(source, fine)).toBe(true);
    expect(toleranceOf(source)).toBeCloseTo(0.45, 12);
  });
});

describe("structures", () => {
  it("have names, colours and contours in the patient's space", () => {
    const [one] = structuresOf(
      dataSet({
        "30060020": [dataSet({ "30060022": [7], "30060026": ["PTV"] })],
        "30060039": [
          dataSet({
            "30060084": [7],
            "3006002A": [255, 0, 10],
            "30060040": [
              dataSet({
                "30060042": ["CLOSED_PLANAR"],
                "30060050": [1, 2, 3, 4, 5, 6],
                "30060016": [reference("1.1")],
              }),
            ],
          }),
        ],
      }),
    );
    expect(one).toMatchObject({ number: 7, label: "PTV", color: [255, 0, 10] });
    expect(one?.contours).toEqual([
      {
        closed: true,
        points: [
          [1, 2, 3],
          [4, 5, 6],
        ],
        references: [{ sopInstanceUid: "1.1", frames: [] }],
      },
    ]);
  });
});

describe("overlay planes", () => {
  const planes = overlayPlanesOf(
    dataSet({
      "60000010": [2],
      "60000011": [3],
      "60000050": [5, 4],
      "60003000": [],
      "60020010": [2],
      "60020011": [3],
      "60020015": [2],
      "60020051": [3],
    }),
  );

  it("lie at their origin, row before column, on their frames", () => {
    expect(planes.map(({ origin, isInPixels }) => [origin, isInPixels])).toEqual([
      [[3, 4], false],
      [[0, 0], true],
    ]);
    const [all, some] = planes;
    if (!all || !some) throw new Error("no planes");
    expect([1, 9].map((frame) => overlayFrame(all, frame))).toEqual([0, 0]);
    expect([2, 3, 4, 5].map((frame) => overlayFrame(some, frame))).toEqual([null, 0, 1, null]);
  });

  it("have frames that follow each other bit by bit", () => {
    const plane = only(planes);
    expect([...overlayBits(new Uint8Array([0b01_000011, 0b0000_1000]), plane, 0)]).toEqual([
      1, 1, 0, 0, 0, 0,
    ]);
    expect([...overlayBits(new Uint8Array([0b01_000011, 0b0000_1000]), plane, 1)]).toEqual([
      1, 0, 0, 0, 0, 1,
    ]);
  });
});
