/** Tests which image follows which: by place in the patient, or by how far one went since linking. */
import { describe, expect, it } from "vitest";
import { anchorAt, counterpart, joiningAt, relationTo, standAt } from "../../src/layout/counterpart.ts";
import { axial, CORONAL, film, series } from "./slices.ts";

function range(count: number, from: number, step: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index * step);
}

/** 41 images, 5 mm apart, from z 100 down to −100. */
const THICK = axial(range(41, 100, -5));
/** 101 images, 1 mm apart, from z 50 down to −50. */
const THIN = axial(range(101, 50, -1));

describe("series of one frame of reference", () => {
  const stand = (index: number) => standAt(THICK, index, anchorAt(THICK, index));
  const anchor = anchorAt(THIN, 0);

  it("are linked by place, whatever they showed when they were linked", () => {
    // Image 16 of the thick ones lies at z 20: 30 mm under the first thin one.
    expect(counterpart(stand(16), THIN, anchor, 0)).toEqual({ relation: "space", index: 30, here: true });
  });

  it("show nothing where the other series does not reach", () => {
    expect(counterpart(stand(9), THIN, anchor, 50)).toEqual({ relation: "space", index: 0, here: false });
    expect(counterpart(stand(31), THIN, anchor, 50)).toEqual({ relation: "space", index: 100, here: false });
  });

  it("follow with the nearest image of thicker ones", () => {
    const thin = standAt(THIN, 33, anchorAt(THIN, 33));
    // z 17 is nearest to z 15.
    expect(counterpart(thin, THICK, anchorAt(THICK, 0), 0)).toEqual({
      relation: "space",
      index: 17,
      here: true,
    });
  });

  it("are linked though their planes differ by a little, by the middle of the image", () => {
    const angle = (5 * Math.PI) / 180;
    const tilted = series({
      orientation: [1, 0, 0, 0, Math.cos(angle), Math.sin(angle)],
      positions: range(41, 100, -5).map((z) => [-50, -50, z]),
    });
    expect(relationTo(stand(20), tilted)).toBe("space");
    // The middle of image 20 (z 0) is [−0.5, −0.5, 0]: 4.3 mm more along the tilted normal than that of the tilted 20.
    expect(counterpart(stand(20), tilted, anchorAt(tilted, 0), 0)?.index).toBe(21);
  });

  it("are not linked where their planes are others", () => {
    const front = series({ orientation: CORONAL, positions: range(20, 0, 2).map((y) => [-50, y, 50]) });
    expect(relationTo(stand(3), front)).toBeNull();
    expect(counterpart(stand(3), front, anchorAt(front, 0), 0)).toBeNull();
  });
});

describe("series without a common frame of reference", () => {
  const prior = axial(range(50, 1000, -3), { frameOfReference: "2.25.9" });

  it("go as many millimetres as the others since they were linked", () => {
    const linkedAt = anchorAt(THICK, 10);
    const ownStart = anchorAt(prior, 20);
    // Four images of 5 mm are 20 mm: 6.67 images of 3 mm.
    const stand = standAt(THICK, 14, linkedAt);
    expect(stand.shift).toEqual({ mm: 20, images: 4 });
    expect(counterpart(stand, prior, ownStart, 20)).toEqual({ relation: "shift", index: 27, here: true });
  });

  it("show nothing beyond their ends", () => {
    const stand = standAt(THICK, 40, anchorAt(THICK, 0));
    expect(counterpart(stand, prior, anchorAt(prior, 20), 20)).toMatchObject({ index: 49, here: false });
  });

  it("are of another space though the frame of reference is the same, where the patient is another", () => {
    const other = axial(range(41, 100, -5), { patient: "P2" });
    expect(relationTo(standAt(THICK, 3, anchorAt(THICK, 3)), other)).toBe("shift");
  });

  it("go image by image where no place is known", () => {
    const stand = standAt(film(30), 12, { mm: null, images: 10 });
    expect(counterpart(stand, film(20), { mm: null, images: 3 }, 3)).toEqual({
      relation: "shift",
      index: 5,
      here: true,
    });
    expect(counterpart(stand, film(5), { mm: null, images: 3 }, 3)).toMatchObject({ index: 4, here: false });
  });
});

describe("a series opened while others are linked", () => {
  it("goes from then on as far as they do", () => {
    const later = standAt(THICK, 14, anchorAt(THICK, 10));
    const prior = axial(range(50, 1000, -3), { frameOfReference: "2.25.9" });
    const anchor = joiningAt(later, prior, 20);
    expect(counterpart(later, prior, anchor, 20)).toMatchObject({ index: 20, here: true });
    const moved = standAt(THICK, 17, anchorAt(THICK, 10));
    expect(counterpart(moved, prior, anchor, 20)).toMatchObject({ index: 25, here: true });
  });

  it("goes to the same place in the same space", () => {
    const later = standAt(THICK, 14, anchorAt(THICK, 10));
    const anchor = joiningAt(later, THIN, 80);
    expect(counterpart(later, THIN, anchor, 80)).toMatchObject({ relation: "space", index: 20, here: true });
  });
});
