/** Draws contours of structure sets over the images at their place. */

import { text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { groupOf, mapped, type Point, path, svgElement } from "./drawing.ts";
import type { Layer, Pane } from "./host.ts";
import { pixelAt, planeOf, toleranceOf } from "./placing.ts";
import type { Contour, Structure } from "./structures.ts";
import { ObjectTag } from "./tags.ts";

interface Drawn {
  readonly color: string;
  readonly points: readonly Point[];
  readonly closed: boolean;
}

function isOn(contour: Contour, frame: Frame, distance: number): boolean {
  if (contour.references.length === 0) return Math.abs(distance) <= toleranceOf(frame);
  return contour.references.some(({ sopInstanceUid }) => sopInstanceUid === frame.sopInstanceUid);
}

/** The contours of one image in its pixels. */
export function contoursOn(
  frame: Frame,
  structures: readonly Structure[],
  hidden: ReadonlySet<number>,
): Drawn[] {
  const plane = planeOf(frame);
  const space = text(frame.dataSet, ObjectTag.FrameOfReferenceUID);
  if (!plane) return [];
  return structures
    .filter(({ number, frameOfReference }) => !hidden.has(number) && frameOfReference === space)
    .flatMap(({ color, contours }) =>
      contours.flatMap((contour) => {
        const [first] = contour.points;
        if (!first || !isOn(contour, frame, pixelAt(plane, first).distance)) return [];
        const points = contour.points.map((point): Point => {
          const { x, y } = pixelAt(plane, point);
          return [x, y];
        });
        return [{ color: `rgb(${color.join(" ")})`, points, closed: contour.closed }];
      }),
    );
}

export interface ContourSet {
  readonly structures: readonly Structure[];
  readonly hidden: ReadonlySet<number>;
}

export class ContourLayer implements Layer {
  private readonly kept = new WeakMap<Frame, { key: string; drawn: readonly Drawn[] }>();

  constructor(private readonly setsOf: (pane: Pane) => readonly ContourSet[]) {}

  draw(pane: Pane): void {
    const { frame, affine } = pane.view;
    const sets = frame && affine ? this.setsOf(pane) : [];
    const isThere = pane.svg.querySelector(':scope > g[data-layer="contours"]') !== null;
    if (sets.length === 0 && !isThere) return;
    const group = groupOf(pane.svg, "contours");
    if (!frame || !affine) {
      group.replaceChildren();
      return;
    }
    const lines = this.linesOf(frame, sets);
    group.replaceChildren(
      ...lines.map(({ color, points, closed }) => {
        const on = points.map((point) => mapped(affine, point));
        return svgElement("path", { class: "contour", stroke: color, d: path(on, closed) });
      }),
    );
  }

  private linesOf(frame: Frame, sets: readonly ContourSet[]): readonly Drawn[] {
    const key = sets
      .map(({ structures, hidden }) => `${structures.length}:${[...hidden].join(",")}`)
      .join(" ");
    const known = this.kept.get(frame);
    if (known?.key === key) return known.drawn;
    const drawn = sets.flatMap(({ structures, hidden }) => contoursOn(frame, structures, hidden));
    this.kept.set(frame, { key, drawn });
    return drawn;
  }
}
