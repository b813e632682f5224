/** Lists the marks of a study with geometry, numbers, units and codes: what reports and exports are made of. */
import type { DataSet } from "../dicom/dataset.ts";
import type { Study } from "../studies/study.ts";
import { type CodedNumber, codedNumbers } from "./codes.ts";
import { mainWords } from "./format.ts";
import type { Marking } from "./marking.ts";
import { type Figure, figureOf, type Mark, type Point } from "./marks.ts";
import { isOnPlane } from "./places.ts";
import { at, corners, radii, smooth } from "./shapes.ts";
import { gridOf, type Numbers, scaleOf } from "./values.ts";

/** A figure as DICOM SR has them (PS3.3 C.18.6.1.2), in pixels whose first centre is [0, 0]: shift on export. */
export interface Graphic {
  readonly type: "POINT" | "POLYLINE" | "CIRCLE" | "ELLIPSE";
  readonly points: readonly Point[];
}

export interface ReportedMark {
  readonly mark: Mark;
  readonly figure: Figure;
  readonly graphics: readonly Graphic[];
  readonly numbers: Numbers;
  readonly coded: readonly CodedNumber[];
  /** "19.5 mm", as the reader sees it. */
  readonly words: string;
  readonly label: string;
  /** Attributes of the image: its SOP Class, its place. */
  readonly dataSet: DataSet | null;
}

/** A circle that is round in the patient is an ellipse in pixels that are not square. */
function circleGraphic(mark: Mark, ds: DataSet | null): Graphic {
  const [center, edge] = [at(mark.points, 0), at(mark.points, 1)];
  const grid = ds ? gridOf(scaleOf(mark, ds)) : { x: 1, y: 1 };
  const [rx, ry] = radii([center, edge], grid);
  if (Math.abs(rx - ry) < 1e-6 * rx) return { type: "CIRCLE", points: [center, edge] };
  const [x, y] = center;
  const across: Point[] = [
    [x - rx, y],
    [x + rx, y],
  ];
  const down: Point[] = [
    [x, y - ry],
    [x, y + ry],
  ];
  return { type: "ELLIPSE", points: rx >= ry ? [...across, ...down] : [...down, ...across] };
}

export function graphicsOf(mark: Mark, ds: DataSet | null): readonly Graphic[] {
  const { points } = mark;
  const line = (from: number): Graphic => ({ type: "POLYLINE", points: points.slice(from, from + 2) });
  switch (figureOf(mark.kind)) {
    case "probe":
      return [{ type: "POINT", points: [at(points, 0)] }];
    case "circle":
      return [circleGraphic(mark, ds)];
    case "rectangle":
      return [{ type: "POLYLINE", points: [...corners(points), at(corners(points), 0)] }];
    case "diameter":
    case "cobb":
      return points.length === 4 ? [line(0), line(2)] : [line(0)];
    case "curve":
      return [{ type: "POLYLINE", points: smooth(points) }];
    case "none":
      return [];
    default:
      return [{ type: "POLYLINE", points }];
  }
}

/** All marks of a study in the order of their making; key images among them. */
export function marksForReport(marking: Marking, study: Study): readonly ReportedMark[] {
  const kept = marking.storeOf(study).all.filter((mark) => !isOnPlane(mark));
  return kept.map((mark) => {
    const numbers = marking.numbers(mark);
    const dataSet = marking.frameOf(mark)?.dataSet ?? null;
    return {
      mark,
      figure: figureOf(mark.kind),
      graphics: graphicsOf(mark, dataSet),
      numbers,
      coded: codedNumbers(mark, numbers),
      words: mainWords(numbers),
      label: mark.text,
      dataSet,
    };
  });
}
