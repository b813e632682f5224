import { describe, expect, it } from "vitest";
import { framesOf, isCine, lossyRatio, ownFrameRate, readingDirection } from "../src/dicom/frames.ts";
import { Tag } from "../src/dicom/tags.ts";
import { dataSet, image, SERIES } from "./samples.ts";

const uids = (instances: Parameters<typeof framesOf>[0]) =>
  framesOf(instances, SERIES).map(({ sopInstanceUid }) => sopInstanceUid);

describe("the order of images", () => {
  it("is from head to feet in axial slices, whatever their numbers say", () => {
    expect(
      uids([image("low", 1, [0, 0, -30]), image("high", 3, [0, 0, 10]), image("middle", 2, [0, 0, -10])]),
    ).toEqual(["high", "middle", "low"]);
  });

  it("is from front to back in coronal slices", () => {
    const coronal = [1, 0, 0, 0, 0, -1];
    expect(uids([image("back", 1, [0, 50, 0], coronal), image("front", 2, [0, -50, 0], coronal)])).toEqual([
      "front",
      "back",
    ]);
  });

  it("is from right to left in sagittal slices", () => {
    const sagittal = [0, 1, 0, 0, 0, -1];
    expect(uids([image("left", 1, [60, 0, 0], sagittal), image("right", 2, [-60, 0, 0], sagittal)])).toEqual([
      "right",
      "left",
    ]);
  });

  it("follows the tilted normal, not one axis", () => {
    const tilted = [1, 0, 0, 0, 0.9397, -0.342];
    const place = (distance: number) => [0, 0.342 * distance, 0.9397 * distance];
    expect(
      uids([
        image("a", 1, place(0), tilted),
        image("b", 2, place(5), tilted),
        image("c", 3, place(10), tilted),
      ]),
    ).toEqual(["c", "b", "a"]);
  });

  it("is by instance number where positions are missing", () => {
    expect(uids([image("b", 2), image("a", 1), image("c", 10)])).toEqual(["a", "b", "c"]);
  });

  it("is by instance number where two images share a place", () => {
    expect(uids([image("t1", 2, [0, 0, 5]), image("t0", 1, [0, 0, 5]), image("t2", 3, [0, 0, 0])])).toEqual([
      "t0",
      "t1",
      "t2",
    ]);
  });

  it("is by instance number where orientations differ, as in a scout of two directions", () => {
    expect(uids([image("b", 2, [0, 0, 9]), image("a", 1, [0, 0, 0], [0, 1, 0, 0, 0, -1])])).toEqual([
      "a",
      "b",
    ]);
  });

  it("is by instance number where a position is no number", () => {
    expect(uids([image("b", 2, [0, 0, Number.NaN]), image("a", 1, [0, 0, 3])])).toEqual(["a", "b"]);
  });

  it("does not depend on the order of arrival where numbers are equal", () => {
    expect(uids([image("9.9", 1), image("9.10", 1)])).toEqual(uids([image("9.10", 1), image("9.9", 1)]));
  });

  it("puts images without a number last", () => {
    const unnumbered = { ...image("x", 0), [Tag.InstanceNumber]: undefined };
    expect(uids([unnumbered, image("a", 5)])).toEqual(["a", "x"]);
  });

  it("keeps the direction of reading positive along the patient's axes", () => {
    expect(readingDirection([0, 0, 1])).toEqual([-0, -0, -1]);
    expect(readingDirection([0, 1, 0])).toEqual([0, 1, 0]);
    expect(readingDirection([-1, 0, 0])).toEqual([1, -0, -0]);
  });
});

describe("frames", () => {
  const cine = { ...image("cine", 1), [Tag.NumberOfFrames]: { vr: "IS", Value: ["3"] } };

  it("have DICOMweb addresses counted from 1", () => {
    expect(framesOf([cine], SERIES).map(({ url }) => url)).toEqual(
      [1, 2, 3].map(
        (n) => `https://pacs.example/dicomweb/studies/1.2.3/series/1.2.3.4/instances/cine/frames/${n}`,
      ),
    );
  });

  it("of a cine count as watched, slices do not", () => {
    expect(isCine(framesOf([cine], SERIES))).toBe(true);
    expect(isCine(framesOf([image("a", 1, [0, 0, 1]), image("b", 2, [0, 0, 2])], SERIES))).toBe(false);
    expect(isCine([])).toBe(false);
  });

  it("take their place and window from the functional groups of an enhanced image", () => {
    const group = (z: number, width: number) =>
      dataSet({
        "00209113": [dataSet({ [Tag.ImagePositionPatient]: [0, 0, z] })],
        "00289132": [dataSet({ [Tag.WindowCenter]: [40], [Tag.WindowWidth]: [width] })],
      });
    const enhanced = {
      ...image("e", 1),
      ...dataSet({
        [Tag.NumberOfFrames]: [2],
        [Tag.SharedFunctionalGroupsSequence]: [
          dataSet({ "00209116": [dataSet({ [Tag.ImageOrientationPatient]: [1, 0, 0, 0, 1, 0] })] }),
        ],
        [Tag.PerFrameFunctionalGroupsSequence]: [group(0, 100), group(8, 200)],
      }),
    };
    const frames = framesOf([enhanced], SERIES);
    expect(frames.map(({ frameNumber }) => frameNumber)).toEqual([2, 1]);
    expect(frames.map(({ position }) => position?.[2])).toEqual([8, 0]);
    expect(frames[0]?.dataSet[Tag.WindowWidth]?.Value).toEqual([200]);
    expect(frames[0]?.dataSet[Tag.PerFrameFunctionalGroupsSequence]).toBeUndefined();
  });

  it("leave out objects without pixels and without UID", () => {
    const report = dataSet({ [Tag.SOPInstanceUID]: ["sr"], [Tag.Modality]: ["SR"] });
    const nameless = { ...image("", 1) };
    expect(uids([report, nameless, image("a", 1)])).toEqual(["a"]);
  });

  it.each([[[0, 0]], [[Number.NaN, 1]], [[-1, -1]], [[0.5]]])("forget a pixel spacing of %j", (spacing) => {
    const broken = { ...image("a", 1), [Tag.PixelSpacing]: { vr: "DS", Value: spacing } };
    expect(framesOf([broken], SERIES)[0]?.dataSet[Tag.PixelSpacing]).toBeUndefined();
  });

  it("without a modality are of an unknown one", () => {
    const { [Tag.Modality]: _modality, ...without } = image("a", 1);
    expect(framesOf([without], SERIES)[0]?.dataSet[Tag.Modality]?.Value).toEqual(["OT"]);
  });
});

describe("what a data set says of itself", () => {
  it("is a frame rate, from the frame time where nothing else is said", () => {
    expect(ownFrameRate(dataSet({ [Tag.RecommendedDisplayFrameRate]: [15], [Tag.FrameTime]: [100] }))).toBe(
      15,
    );
    expect(ownFrameRate(dataSet({ [Tag.FrameTime]: ["40"] }))).toBe(25);
    expect(ownFrameRate(dataSet({ [Tag.FrameTime]: [0] }))).toBeNull();
  });

  it("is how much a lossy compression threw away, in its last step", () => {
    expect(lossyRatio(dataSet({ [Tag.LossyImageCompression]: ["00"] }))).toBeNull();
    expect(lossyRatio(dataSet({ [Tag.LossyImageCompression]: ["01"] }))).toBe("");
    const twice = { [Tag.LossyImageCompression]: ["01"], [Tag.LossyImageCompressionRatio]: [4, 10.2] };
    expect(lossyRatio(dataSet(twice))).toBe("1:10");
    const baseline = { [Tag.AvailableTransferSyntaxUID]: ["1.2.840.10008.1.2.4.50"] };
    expect(lossyRatio(dataSet(baseline))).toBe("");
    expect(lossyRatio(dataSet({ ...baseline, [Tag.LossyImageCompression]: ["00"] }))).toBe("");
  });
});
