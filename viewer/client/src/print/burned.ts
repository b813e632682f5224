/** Draws measurements and marks into a rendered image, as they stand on the screen. */
import type { Frame } from "../dicom/frames.ts";
import { type Affine, apply, type Size } from "../engine/camera.ts";
import { handlesOf } from "../measure/edit.ts";
import { plateLines } from "../measure/format.ts";
import { type Box, boxAround, nearestOf, nearestOnBox, placePlate } from "../measure/label.ts";
import { joins, ornaments, type Projected } from "../measure/layer.ts";
import { figureOf, isMeasured, type Mark, type Place, type Point } from "../measure/marks.ts";
import { paths } from "../measure/shapes.ts";
import { gridOf, type Numbers, scaleOf } from "../measure/values.ts";
import type { Study } from "../studies/study.ts";
import type { Context } from "./image.ts";
import { font } from "./ink.ts";

/** Where marks come from: what measuring knows of them. */
export interface MarkSource {
  on(study: Study, frame: Frame): readonly Mark[];
  numbers(mark: Mark): Numbers;
  /** The images of a study that somebody marked as key images. */
  keyImages(study: Study): readonly Place[];
}

const COLOR = "#9fe3f5";
const TEXT = 13;
const LINE_HEIGHT = 18;
const PADDING = 6;

type Lines = readonly (readonly Point[])[];

function strokeLines(
  context: Context,
  lines: Lines,
  width: number,
  color: string,
  dash: number[] = [],
): void {
  context.lineWidth = width;
  context.strokeStyle = color;
  context.setLineDash(dash);
  context.beginPath();
  for (const line of lines) {
    line.forEach(([x, y], index) => {
      if (index === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
  }
  context.stroke();
  context.setLineDash([]);
}

function project(mark: Mark, frame: Frame, affine: Affine): Projected {
  const place = (point: Point) => apply(affine, point);
  const figure = figureOf(mark.kind);
  const grid = gridOf(scaleOf(mark, frame.dataSet));
  return {
    id: mark.id,
    mark,
    points: mark.points.map(place),
    handles: handlesOf(figure, mark.points).map(place),
    paths: paths(figure, mark.points, grid).map((path) => path.map(place)),
  };
}

function wordsOf(mark: Mark, source: MarkSource): readonly string[] {
  const lines = isMeasured(mark.kind) ? plateLines(source.numbers(mark)) : [];
  return mark.kind === "arrow" && mark.text !== "" ? [...lines, mark.text] : lines;
}

function drawPlate(context: Context, one: Projected, box: Box, lines: readonly string[]): void {
  const middle: Point = [box.x + box.width / 2, box.y + box.height / 2];
  const end = nearestOf([...one.points, ...one.paths.flat()], middle);
  strokeLines(context, [[nearestOnBox(box, end), end]], 1, COLOR, [2, 3]);
  context.fillStyle = "rgb(0 0 0 / 62%)";
  context.fillRect(box.x, box.y, box.width, box.height);
  context.fillStyle = COLOR;
  context.font = font(TEXT, 600);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  lines.forEach((line, index) => {
    context.fillText(line, box.x + PADDING, box.y + 15 + index * LINE_HEIGHT);
  });
}

function plateSize(context: Context, lines: readonly string[]): Size {
  context.font = font(TEXT, 600);
  const width = Math.max(...lines.map((line) => context.measureText(line).width));
  return { width: Math.ceil(width) + PADDING * 2, height: lines.length * LINE_HEIGHT + 4 };
}

/**
 * Draws the marks of a frame over its image. `unit` is what a CSS pixel of the screen is worth on this canvas: lines
 * and letters keep their proportions to it.
 */
export function drawMarks(
  context: Context,
  frame: Frame,
  marks: readonly Mark[],
  source: MarkSource,
  place: { affine: Affine; size: Size; unit: number },
): void {
  const { unit, size } = place;
  const { a, b, c, d, e, f } = place.affine;
  const affine = { a: a / unit, b: b / unit, c: c / unit, d: d / unit, e: e / unit, f: f / unit };
  const viewport = { width: size.width / unit, height: size.height / unit };
  const drawn = marks.filter(({ kind }) => kind !== "key_image").map((mark) => project(mark, frame, affine));
  const shapes = drawn.map((one) => boxAround([...one.points, ...one.paths.flat()], 6));
  const taken: Box[] = [];
  context.save();
  context.scale(unit, unit);
  context.lineJoin = "round";
  context.lineCap = "round";
  for (const one of drawn) {
    const lines = [...one.paths, ...ornaments(one)].filter((line) => line.length > 1);
    strokeLines(context, lines, 4.5, "#000000");
    strokeLines(context, lines, 1.75, COLOR);
    strokeLines(context, joins(one), 1, COLOR, [2, 3]);
  }
  drawn.forEach((one, index) => {
    const words = wordsOf(one.mark, source);
    const shape = shapes[index];
    if (words.length === 0 || !shape) return;
    const others = [...shapes.filter((_, at) => at !== index), ...taken];
    const box = placePlate(shape, plateSize(context, words), viewport, others);
    taken.push(box);
    drawPlate(context, one, box, words);
  });
  context.restore();
}
