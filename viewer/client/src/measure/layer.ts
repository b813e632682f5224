/** Draws the marks over the image of a pane, through the pane's own map from pixels to the screen. */
import type { Layer } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import { handlesOf } from "./edit.ts";
import { plateLines } from "./format.ts";
import type { OnScreen } from "./hit.ts";
import { type Box, boxAround, nearestOf, nearestOnBox, placePlate } from "./label.ts";
import type { Marking } from "./marking.ts";
import { figureOf, isMeasured, type Mark, type Point } from "./marks.ts";
import { at, type Grid, paths } from "./shapes.ts";
import { pathData, svg, textWidth } from "./svg.ts";
import { gridOf, scaleOf } from "./values.ts";

const LINE_HEIGHT = 18;
const PLATE_PADDING = 6;
const TICK = 6;
const CROSS = 8;
const HEAD = 12;

/** A mark as it lies on the screen now. */
export interface Projected extends OnScreen {
  readonly mark: Mark;
  readonly points: readonly Point[];
}

/** A short line across the end of another one. */
function tick(end: Point, other: Point): readonly Point[] {
  const [dx, dy] = [end[0] - other[0], end[1] - other[1]];
  const length = Math.hypot(dx, dy) || 1;
  const [x, y] = [(-dy / length) * TICK, (dx / length) * TICK];
  return [
    [end[0] - x, end[1] - y],
    [end[0] + x, end[1] + y],
  ];
}

function cross([x, y]: Point): readonly (readonly Point[])[] {
  const arm = (dx: number, dy: number): readonly Point[] => [
    [x + dx * 2, y + dy * 2],
    [x + dx * CROSS, y + dy * CROSS],
  ];
  return [arm(1, 0), arm(-1, 0), arm(0, 1), arm(0, -1)];
}

/** Two barbs at the tip. */
function arrowHead(tip: Point, tail: Point): readonly (readonly Point[])[] {
  const along = Math.atan2(tail[1] - tip[1], tail[0] - tip[0]);
  return [0.45, -0.45].map((turn) => [
    tip,
    [tip[0] + HEAD * Math.cos(along + turn), tip[1] + HEAD * Math.sin(along + turn)],
  ]);
}

/** What is drawn besides the figure itself, and is no part of what is measured. */
export function ornaments({ mark, points, paths: lines }: Projected): readonly (readonly Point[])[] {
  const figure = figureOf(mark.kind);
  if (figure === "probe") return cross(at(points, 0));
  if (figure === "arrow" && points.length === 2) return arrowHead(at(points, 0), at(points, 1));
  if (!isMeasured(mark.kind) || (figure !== "line" && figure !== "diameter")) return [];
  return lines.flatMap((line) => [tick(at(line, 0), at(line, 1)), tick(at(line, 1), at(line, 0))]);
}

/** The ends of an angle's two lines of Cobb are joined by nothing: a dotted line shows what belongs together. */
export function joins({ mark, points }: Projected): readonly (readonly Point[])[] {
  if (figureOf(mark.kind) !== "cobb" || points.length < 4) return [];
  const middleOf = (a: Point, b: Point): Point => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return [[middleOf(at(points, 0), at(points, 1)), middleOf(at(points, 2), at(points, 3))]];
}

/** What stands in the corners of a pane: plates keep off the patient's name. */
function cornersOf(pane: Pane): Box[] {
  const { left, top } = pane.viewport.getBoundingClientRect();
  return [...pane.element.querySelectorAll(".corner, .scale, .letter")].map((corner) => {
    const box = corner.getBoundingClientRect();
    return { x: box.left - left, y: box.top - top, width: box.width, height: box.height };
  });
}

export class MarksLayer implements Layer {
  private readonly onScreen = new WeakMap<Pane, readonly Projected[]>();

  constructor(private readonly marking: Marking) {}

  /** The marks of a pane as they were drawn last. */
  marksOn(pane: Pane): readonly OnScreen[] {
    return this.onScreen.get(pane) ?? [];
  }

  draw(pane: Pane): void {
    const marks = this.marking.shownOn(pane).filter(({ kind }) => kind !== "key_image");
    const projected = marks.map((mark) => this.project(pane, mark));
    this.onScreen.set(pane, projected);
    const group = this.group(pane, marks.length > 0);
    if (!group) return;
    const plates: SVGElement[] = [];
    const shapes = projected.map((one) => boxAround([...one.points, ...one.paths.flat()], 6));
    const taken: Box[] = projected.length > 0 ? cornersOf(pane) : [];
    projected.forEach((one, index) => {
      const plate = this.plate(pane, one, shapes[index], [
        ...shapes.filter((_, at) => at !== index),
        ...taken,
      ]);
      if (!plate) return;
      taken.push(plate.box);
      plates.push(plate.element);
    });
    group.replaceChildren(...projected.map((one) => this.figure(one)), ...plates);
  }

  private group(pane: Pane, wanted: boolean): SVGGElement | null {
    const found = pane.svg.querySelector<SVGGElement>(":scope > g.marks");
    if (found && !wanted) found.remove();
    if (!wanted) return null;
    if (found) return found;
    const made = svg("g", { class: "marks" });
    pane.svg.append(made);
    return made;
  }

  private grid(pane: Pane, mark: Mark): Grid {
    const { frame } = pane.view;
    return frame ? gridOf(scaleOf(mark, frame.dataSet)) : { x: 1, y: 1 };
  }

  private project(pane: Pane, mark: Mark): Projected {
    const { view } = pane;
    const toScreen = (point: Point) => view.pixelToCanvas(point);
    const figure = figureOf(mark.kind);
    return {
      id: mark.id,
      mark,
      points: mark.points.map(toScreen),
      handles: handlesOf(figure, mark.points).map(toScreen),
      paths: paths(figure, mark.points, this.grid(pane, mark)).map((path) => path.map(toScreen)),
    };
  }

  private figure(one: Projected): SVGElement {
    const { mark } = one;
    const selected = this.marking.selected?.id === mark.id || this.marking.preview?.mark.id === mark.id;
    const lines = [...one.paths, ...ornaments(one)].filter((line) => line.length > 1);
    const data = lines.map(pathData).join("");
    const joined = joins(one).map(pathData).join("");
    const group = svg(
      "g",
      { class: "mark", "data-mark": mark.id, "data-kind": mark.kind },
      svg("path", { class: "mark-outline", d: data }),
      svg("path", { class: "mark-line", d: data }),
    );
    if (joined !== "") group.append(svg("path", { class: "mark-join", d: joined }));
    group.toggleAttribute("data-selected", selected);
    if (selected && mark.author.isMe) group.append(...this.handles(one));
    return group;
  }

  private handles({ mark, handles }: Projected): SVGElement[] {
    const held = this.marking.selected?.id === mark.id ? this.marking.selected.handle : null;
    return handles.map(([x, y], index) => {
      const handle = svg("circle", { class: "mark-handle", cx: x, cy: y, r: 5 });
      handle.toggleAttribute("data-held", index === held);
      return handle;
    });
  }

  private lines(mark: Mark): readonly string[] {
    const lines = isMeasured(mark.kind) ? plateLines(this.marking.numbers(mark)) : [];
    const isSelected = this.marking.selected?.id === mark.id;
    const author = !mark.author.isMe && isSelected && mark.author.name !== "" ? [mark.author.name] : [];
    const text = mark.kind === "arrow" && mark.text !== "" ? [mark.text] : [];
    return [...lines, ...text, ...author];
  }

  private plate(
    pane: Pane,
    one: Projected,
    shape: Box | undefined,
    taken: readonly Box[],
  ): { box: Box; element: SVGElement } | null {
    const lines = this.lines(one.mark);
    if (lines.length === 0 || !shape) return null;
    const size = {
      width: Math.max(...lines.map(textWidth)) + PLATE_PADDING * 2,
      height: lines.length * LINE_HEIGHT + 4,
    };
    const { clientWidth: width, clientHeight: height } = pane.viewport;
    // A mark that is wholly out of sight has no plate either.
    const outside =
      shape.x > width || shape.y > height || shape.x + shape.width < 0 || shape.y + shape.height < 0;
    if (outside) return null;
    const box = placePlate(shape, size, { width, height }, taken);
    return { box, element: this.plateElement(one, box, lines) };
  }

  private plateElement(one: Projected, box: Box, lines: readonly string[]): SVGElement {
    const middle: Point = [box.x + box.width / 2, box.y + box.height / 2];
    const end = nearestOf([...one.points, ...one.paths.flat()], middle);
    const start = nearestOnBox(box, end);
    const text = svg("text", { class: "mark-words", x: box.x + PLATE_PADDING });
    lines.forEach((line, index) => {
      text.append(svg("tspan", { x: box.x + PLATE_PADDING, y: box.y + 15 + index * LINE_HEIGHT }, line));
    });
    const { x, y, width, height } = box;
    const group = svg(
      "g",
      { class: "mark-plate", "data-mark": one.mark.id },
      svg("path", { class: "mark-leader", d: pathData([start, end]) }),
      svg("rect", { class: "mark-box", x, y, width, height, rx: 4 }),
      text,
    );
    const { selected, preview } = this.marking;
    group.toggleAttribute("data-selected", selected?.id === one.mark.id || preview?.mark.id === one.mark.id);
    return group;
  }
}
