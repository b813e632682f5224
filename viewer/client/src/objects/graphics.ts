/** Drawings and texts of presentation states (PS3.3 C.10.5). */
import { type DataSet, items, number, numbers, text } from "../dicom/dataset.ts";
import { type Reference, referencesIn } from "./references.ts";
import { ObjectTag } from "./tags.ts";

const GraphicTag = {
  GraphicAnnotationSequence: "00700001",
  GraphicLayer: "00700002",
  BoundingBoxAnnotationUnits: "00700003",
  AnchorPointAnnotationUnits: "00700004",
  GraphicAnnotationUnits: "00700005",
  TextObjectSequence: "00700008",
  GraphicObjectSequence: "00700009",
  BoundingBoxTopLeft: "00700010",
  BoundingBoxBottomRight: "00700011",
  AnchorPoint: "00700014",
  AnchorPointVisibility: "00700015",
  GraphicFilled: "00700024",
  GraphicLayerSequence: "00700060",
  GraphicLayerOrder: "00700062",
} as const;

export type Point = readonly [x: number, y: number];

/** "image": pixels, the centre of the first is [0, 0]; "display": shares of the displayed area. */
export type Space = "image" | "display";

export interface Shape {
  readonly kind: "point" | "polyline" | "curve" | "circle" | "ellipse";
  readonly space: Space;
  readonly points: readonly Point[];
  readonly filled: boolean;
}

export interface Words {
  readonly text: string;
  readonly box: { readonly space: Space; readonly topLeft: Point; readonly bottomRight: Point } | null;
  readonly anchor: { readonly space: Space; readonly point: Point; readonly visible: boolean } | null;
}

/** What belongs to one layer on some of the images. */
export interface Graphic {
  readonly references: readonly Reference[];
  readonly order: number;
  readonly shapes: readonly Shape[];
  readonly words: readonly Words[];
}

/** In PIXEL units the top left corner of the first pixel is 0\0 (PS3.3 C.10.5.1.2), in MATRIX as well. */
function inSpace(units: string, [x, y]: Point): Point {
  return units === "DISPLAY" ? [x, y] : [x - 0.5, y - 0.5];
}

function spaceOf(units: string): Space {
  return units === "DISPLAY" ? "display" : "image";
}

function pointsOf(values: readonly number[], units: string): Point[] {
  const points: Point[] = [];
  for (let index = 0; index + 1 < values.length; index += 2) {
    const [x, y] = [values[index] as number, values[index + 1] as number];
    if (Number.isFinite(x) && Number.isFinite(y)) points.push(inSpace(units, [x, y]));
  }
  return points;
}

const KINDS: Readonly<Record<string, Shape["kind"]>> = {
  POINT: "point",
  POLYLINE: "polyline",
  INTERPOLATED: "curve",
  CIRCLE: "circle",
  ELLIPSE: "ellipse",
};

const LEAST_POINTS: Readonly<Record<Shape["kind"], number>> = {
  point: 1,
  polyline: 2,
  curve: 2,
  circle: 2,
  ellipse: 4,
};

function shapeOf(item: DataSet): Shape[] {
  const kind = KINDS[text(item, ObjectTag.GraphicType)];
  const units = text(item, GraphicTag.GraphicAnnotationUnits);
  const points = pointsOf(numbers(item, ObjectTag.GraphicData), units);
  if (!kind || points.length < LEAST_POINTS[kind]) return [];
  return [{ kind, space: spaceOf(units), points, filled: text(item, GraphicTag.GraphicFilled) === "Y" }];
}

function pointAt(item: DataSet, tag: string, units: string): Point | null {
  return pointsOf(numbers(item, tag), units)[0] ?? null;
}

function wordsOf(item: DataSet): Words[] {
  const boxUnits = text(item, GraphicTag.BoundingBoxAnnotationUnits);
  const anchorUnits = text(item, GraphicTag.AnchorPointAnnotationUnits);
  const topLeft = pointAt(item, GraphicTag.BoundingBoxTopLeft, boxUnits);
  const bottomRight = pointAt(item, GraphicTag.BoundingBoxBottomRight, boxUnits);
  const point = pointAt(item, GraphicTag.AnchorPoint, anchorUnits);
  const words = text(item, ObjectTag.UnformattedTextValue);
  const box = topLeft && bottomRight && { space: spaceOf(boxUnits), topLeft, bottomRight };
  const visible = text(item, GraphicTag.AnchorPointVisibility) === "Y";
  const anchor = point && { space: spaceOf(anchorUnits), point, visible };
  return words === "" || (!box && !anchor) ? [] : [{ text: words, box: box || null, anchor: anchor || null }];
}

/** All drawings of a state, those of lower layers first. */
export function graphicsOf(ds: DataSet): Graphic[] {
  const orders = new Map(
    items(ds, GraphicTag.GraphicLayerSequence).map((layer) => [
      text(layer, GraphicTag.GraphicLayer),
      number(layer, GraphicTag.GraphicLayerOrder) ?? 0,
    ]),
  );
  return items(ds, GraphicTag.GraphicAnnotationSequence)
    .map((item) => ({
      references: referencesIn(item, ObjectTag.ReferencedImageSequence),
      order: orders.get(text(item, GraphicTag.GraphicLayer)) ?? 0,
      shapes: items(item, GraphicTag.GraphicObjectSequence).flatMap(shapeOf),
      words: items(item, GraphicTag.TextObjectSequence).flatMap(wordsOf),
    }))
    .sort((a, b) => a.order - b.order);
}
