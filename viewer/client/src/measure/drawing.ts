/** Draws marks with mouse, pen and finger: by two clicks, or by a drag. */
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import type { Drag, Press, Tool } from "../tools/tool.ts";
import { simplified, squared } from "./edit.ts";
import type { Loupe } from "./loupe.ts";
import type { Marking } from "./marking.ts";
import { type Figure, figureOf, isOn, type Kind, type Mark, POINTS, type Point } from "./marks.ts";
import { nameOf } from "./places.ts";
import { at, type Grid } from "./shapes.ts";
import { gridOf, scaleOf } from "./values.ts";

/** A press that moves less than this (CSS px) is a click. */
export const STILL = 4;
export const STILL_TOUCH = 10;

/** A click this near (CSS px) to a curve's first point closes it. */
const CLOSE = 12;

/** How far a line drawn by hand may be from the points that are kept of it (CSS px). */
const HAND = 1.5;

export function stillness(press: Press): number {
  return press.event.pointerType === "touch" ? STILL_TOUCH : STILL;
}

export function apart(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** The points with which a drag goes on to the next one: the first ends of lines. */
const STARTS: Readonly<Record<Figure, readonly number[]>> = {
  line: [0],
  diameter: [0, 2],
  angle: [0],
  cobb: [0, 2],
  circle: [0],
  rectangle: [0],
  curve: [],
  probe: [],
  arrow: [0],
  none: [],
};

/** A mark that is not finished. */
interface Draft {
  readonly pane: Pane;
  readonly study: Study;
  readonly mark: Mark;
  points: readonly Point[];
  /** Where the pointer is: the next point, if it stays there. */
  live: Point | null;
}

export interface DrawingHooks {
  /** A mark was finished. */
  drawn(pane: Pane, study: Study, mark: Mark): void;
}

/** The one mark that is being drawn, whichever tool draws it. */
export class Drawing {
  private draft: Draft | null = null;

  constructor(
    private readonly marking: Marking,
    private readonly loupe: Loupe,
    private readonly hooks: DrawingHooks,
  ) {
    marking.workspace.on("shown", (pane) => this.imageChanged(pane));
    marking.workspace.on("opened", (pane) => this.imageChanged(pane));
  }

  get isOpen(): boolean {
    return this.draft !== null;
  }

  get figure(): Figure | null {
    return this.draft && figureOf(this.draft.mark.kind);
  }

  /** Points placed so far. */
  get count(): number {
    return this.draft?.points.length ?? 0;
  }

  begin(kind: Kind, pane: Pane, press: Press): Drag | null {
    const { study } = pane;
    const place = this.marking.placeOf(pane);
    if (!study || !place) return null;
    if (this.draft && (this.draft.pane !== pane || this.draft.mark.kind !== kind)) this.finish();
    if (!this.draft) {
      this.marking.deselect();
      // What is drawn now is to be seen when it is finished.
      if (this.marking.hidden) this.marking.hidden = false;
      this.draft = { pane, study, mark: this.marking.draft(kind, place, []), points: [], live: null };
    }
    return this.dragOf(this.draft, press);
  }

  hover(pane: Pane, press: Press): void {
    if (this.draft?.pane !== pane) return;
    this.draft.live = this.constrained(this.draft, this.draft.points.length, press.pixel);
    this.show();
  }

  /** Keeps what is complete enough, and forgets the rest. */
  finish(): void {
    const { draft } = this;
    if (!draft) return;
    draft.live = null;
    const figure = figureOf(draft.mark.kind);
    const least = figure === "diameter" ? 2 : POINTS[draft.mark.kind][0];
    const whole =
      figure === "diameter" && draft.points.length === 3 ? draft.points.slice(0, 2) : draft.points;
    if (whole.length >= least && hasSize(figure, whole)) this.commit(draft, whole);
    else this.drop();
  }

  drop(): void {
    this.draft = null;
    this.loupe.hide();
    this.marking.preview = null;
  }

  /** Esc leaves out what is not complete: the short axis of a diameter, or the whole mark. */
  escape(): void {
    if (this.figure === "diameter" && this.count >= 2) this.finish();
    else this.drop();
  }

  takeBackPoint(): void {
    const { draft } = this;
    if (!draft) return;
    draft.points = draft.points.slice(0, -1);
    if (draft.points.length === 0) this.drop();
    else this.show();
  }

  private imageChanged(pane: Pane): void {
    if (this.draft?.pane !== pane) return;
    const { frame } = pane.view;
    if (!frame || !isOn(this.draft.mark, { seriesUid: "", ...nameOf(frame) })) this.finish();
  }

  private dragOf(draft: Draft, first: Press): Drag {
    const index = draft.points.length;
    const figure = figureOf(draft.mark.kind);
    const isStart = STARTS[figure].includes(index);
    draft.points = [...draft.points, this.constrained(draft, index, first.pixel)];
    draft.live = null;
    let dragging = false;
    const move = (press: Press) => {
      if (this.draft !== draft) return;
      dragging ||= apart(press.point, first.point) >= stillness(first);
      if (!dragging) return;
      if (press.event.pointerType === "touch") this.loupe.show(draft.pane, press.point);
      this.follow(draft, index, isStart, press);
    };
    this.show();
    return {
      move,
      end: (press) => {
        this.loupe.hide();
        if (this.draft !== draft) return;
        move(press);
        this.released(draft, index, dragging, press);
      },
      cancel: () => {
        this.loupe.hide();
        if (this.draft !== draft) return;
        draft.points = draft.points.slice(0, index);
        draft.live = null;
        if (index === 0) this.drop();
        else this.show();
      },
    };
  }

  /** A drag places the next point, or goes on moving the one that was put down. */
  private follow(draft: Draft, index: number, isStart: boolean, press: Press): void {
    if (figureOf(draft.mark.kind) === "curve") {
      const last = draft.points.at(-1);
      const far = !last || apart(draft.pane.view.pixelToCanvas(last), press.point) >= 2;
      if (far && draft.points.length < 4000) draft.points = [...draft.points, press.pixel];
    } else if (isStart) {
      draft.live = this.constrained(draft, index + 1, press.pixel);
    } else {
      draft.points = [...draft.points.slice(0, index), this.constrained(draft, index, press.pixel)];
    }
    this.show();
  }

  private released(draft: Draft, index: number, dragged: boolean, press: Press): void {
    const figure = figureOf(draft.mark.kind);
    if (figure === "curve") {
      this.releasedCurve(draft, index, dragged, press);
      return;
    }
    if (dragged && draft.live) draft.points = [...draft.points, draft.live];
    draft.live = null;
    const most = figure === "diameter" ? 4 : POINTS[draft.mark.kind][0];
    if (draft.points.length >= most) this.finish();
    else this.show();
  }

  private releasedCurve(draft: Draft, index: number, dragged: boolean, press: Press): void {
    const { view } = draft.pane;
    const first = at(draft.points, 0);
    const closes = apart(view.pixelToCanvas(first), press.point) <= CLOSE;
    if (dragged) {
      const few = simplified(draft.points.slice(index), HAND / view.zoom).slice(0, 250);
      const points = [...draft.points.slice(0, index), ...few];
      draft.points = closes && points.length > 3 ? [...points.slice(0, -1), first] : points;
      this.finish();
    } else if (index >= 3 && closes) {
      draft.points = [...draft.points.slice(0, index), first];
      this.finish();
    } else if (isSecondClick(draft.points, view.zoom)) {
      // A double click ends the curve where it is.
      draft.points = draft.points.slice(0, -1);
      this.finish();
    } else {
      this.show();
    }
  }

  /** The short axis of a diameter stands at a right angle to the long one. */
  private constrained(draft: Draft, index: number, pixel: Point): Point {
    if (figureOf(draft.mark.kind) !== "diameter" || index !== 3) return pixel;
    const [a, b, start] = [at(draft.points, 0), at(draft.points, 1), at(draft.points, 2)];
    return squared([a, b], start, pixel, this.grid(draft));
  }

  private grid({ pane, mark, points }: Draft): Grid {
    const { frame } = pane.view;
    return frame ? gridOf(scaleOf({ kind: mark.kind, points }, frame.dataSet)) : { x: 1, y: 1 };
  }

  private show(): void {
    const { draft } = this;
    if (!draft) return;
    const points = draft.live ? [...draft.points, draft.live] : draft.points;
    this.marking.preview = { study: draft.study, mark: { ...draft.mark, points } };
  }

  private commit({ pane, study, mark }: Draft, points: readonly Point[]): void {
    this.draft = null;
    this.loupe.hide();
    this.marking.preview = null;
    const finished = { ...mark, points };
    this.marking.edit(study, null, finished);
    this.marking.select(study, mark.id);
    this.hooks.drawn(pane, study, finished);
  }
}

/** Two points in the same place are a mark by mistake. */
function hasSize(figure: Figure, points: readonly Point[]): boolean {
  if (figure === "probe") return true;
  const first = at(points, 0);
  return points.some((point) => apart(point, first) > 1e-6);
}

function isSecondClick(points: readonly Point[], zoom: number): boolean {
  const last = points.at(-1);
  const before = points.at(-2);
  return (
    points.length > 2 && last !== undefined && before !== undefined && apart(last, before) * zoom < STILL
  );
}

/** The tool of one kind. */
export function markTool(name: string, kindOf: () => Kind, drawing: Drawing): Tool {
  return {
    name,
    cursor: "crosshair",
    begin: (pane, press) => drawing.begin(kindOf(), pane, press),
    hover: (pane, press) => drawing.hover(pane, press),
    key(_pane, key) {
      if (!drawing.isOpen) return false;
      if (key === "Enter") drawing.finish();
      else if (key === "Esc") drawing.escape();
      else if (key === "Backspace") drawing.takeBackPoint();
      else return false;
      return true;
    },
    leave: () => drawing.finish(),
  };
}
