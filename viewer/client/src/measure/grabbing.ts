/** Takes hold of marks that are there already: selects, moves, and nudges them by keys, whichever tool is chosen. */
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import type { Interceptor } from "../tools/intercept.ts";
import type { Drag, Press, Tool } from "../tools/tool.ts";
import { apart, type Drawing, stillness } from "./drawing.ts";
import { handlesOf, moved, withHandle } from "./edit.ts";
import { type Hit, hitAt, MOUSE_REACH, TOUCH_REACH } from "./hit.ts";
import type { MarksLayer } from "./layer.ts";
import type { Loupe } from "./loupe.ts";
import type { Marking } from "./marking.ts";
import { type Figure, figureOf, isOn, type Mark, type Point } from "./marks.ts";
import { at } from "./shapes.ts";
import { gridOf, scaleOf } from "./values.ts";

/** Presses of arrow keys that follow each other within this time (ms) are one change. */
const SETTLE = 700;

const ARROWS: Readonly<Record<string, Point>> = {
  Left: [-1, 0],
  Right: [1, 0],
  Up: [0, -1],
  Down: [0, 1],
};

interface Nudged {
  readonly study: Study;
  readonly before: Mark;
  after: Mark;
  timer: ReturnType<typeof setTimeout>;
}

const MARK_TOOLS: ReadonlySet<string> = new Set<Figure>([
  "line",
  "diameter",
  "angle",
  "cobb",
  "circle",
  "rectangle",
  "curve",
  "probe",
  "arrow",
]);

/** A circle is often drawn where a line is already: a tool that draws takes hold of its own kind alone. */
function isForOther(tool: Tool, mark: Mark): boolean {
  return MARK_TOOLS.has(tool.name) && tool.name !== figureOf(mark.kind);
}

export class Grabbing implements Interceptor {
  private nudged: Nudged | null = null;

  constructor(
    private readonly marking: Marking,
    private readonly layer: MarksLayer,
    private readonly drawing: Drawing,
    private readonly loupe: Loupe,
  ) {
    marking.settlesBy(() => this.settle());
  }

  /** A selected mark is taken hold of; another one is selected by a click, and a drag over it is the tool's. */
  press(pane: Pane, press: Press, tool: Tool): Drag | null {
    this.settle();
    const { study } = pane;
    if (!study || this.drawing.isOpen || this.marking.hidden) return null;
    const touch = press.event.pointerType === "touch";
    const { selected } = this.marking;
    const hit = hitAt(
      press.point,
      this.layer.marksOn(pane),
      selected?.id ?? null,
      touch ? TOUCH_REACH : MOUSE_REACH,
    );
    if (!hit) {
      this.marking.deselect();
      return null;
    }
    const mark = this.marking.storeOf(study).get(hit.id);
    if (!mark || isForOther(tool, mark)) return null;
    const isHeld = selected?.study === study && selected.id === hit.id;
    return isHeld
      ? this.grab(pane, study, mark, hit, press)
      : this.selectOrPass(pane, study, hit, press, tool);
  }

  key(pane: Pane, name: string): boolean {
    if (this.drawing.isOpen) return false;
    const { selected } = this.marking;
    const mark = this.marking.selectedMark;
    if (!selected || !mark) return false;
    const arrow = ARROWS[name.replace("Shift+", "")];
    if (arrow && selected.handle !== null) {
      this.nudge(pane, mark, arrow, name.startsWith("Shift+") ? 10 : 1);
      return true;
    }
    if (name === "Enter" && isOn(mark, this.marking.placeOf(pane))) return this.holdNext(mark);
    if (name !== "Esc") return false;
    this.settle();
    if (selected.handle === null) this.marking.deselect();
    else this.marking.select(selected.study, selected.id);
    return true;
  }

  /** Arrow keys move one handle after the other, then none. */
  private holdNext(mark: Mark): boolean {
    const { selected } = this.marking;
    if (!selected) return false;
    if (!this.isMine(mark)) return true;
    this.settle();
    const next = selected.handle === null ? 0 : selected.handle + 1;
    const count = handlesOf(figureOf(mark.kind), mark.points).length;
    this.marking.select(selected.study, selected.id, next < count ? next : null);
    return true;
  }

  private isMine(mark: Mark): boolean {
    if (!mark.author.isMe) this.marking.tell({ kind: "not-yours", author: mark.author.name });
    return mark.author.isMe;
  }

  private selectOrPass(pane: Pane, study: Study, hit: Hit, first: Press, tool: Tool): Drag {
    let passed: Drag | null = null;
    let isDrag = false;
    return {
      move: (press) => {
        if (!isDrag && apart(press.point, first.point) >= stillness(first)) {
          isDrag = true;
          this.marking.deselect();
          passed = tool.begin(pane, first);
        }
        passed?.move(press);
      },
      end: (press) => {
        if (isDrag) passed?.end(press);
        else this.marking.select(study, hit.id);
      },
      cancel: () => passed?.cancel(),
    };
  }

  private grab(pane: Pane, study: Study, mark: Mark, { handle }: Hit, first: Press): Drag {
    let changed: Mark | null = null;
    return {
      move: (press) => {
        if (!changed && apart(press.point, first.point) < stillness(first)) return;
        if (!mark.author.isMe) return;
        const by: Point = [press.pixel[0] - first.pixel[0], press.pixel[1] - first.pixel[1]];
        changed = this.dragged(pane, mark, handle, by);
        if (press.event.pointerType === "touch" && handle !== null) {
          const end = at(handlesOf(figureOf(mark.kind), mark.points), handle);
          const held = pane.view.pixelToCanvas([end[0] + by[0], end[1] + by[1]]);
          this.loupe.show(pane, held, press.point);
        }
        this.marking.preview = { study, mark: changed };
      },
      end: (press) => {
        this.loupe.hide();
        this.marking.preview = null;
        const isDrag = apart(press.point, first.point) >= stillness(first);
        if (changed) this.marking.edit(study, mark, changed);
        else if (isDrag) this.isMine(mark);
        else this.marking.select(study, mark.id, mark.author.isMe ? handle : null);
      },
      cancel: () => {
        this.loupe.hide();
        this.marking.preview = null;
      },
    };
  }

  private dragged(pane: Pane, mark: Mark, handle: number | null, [x, y]: Point): Mark {
    if (handle === null) return { ...mark, points: moved(mark.points, x, y) };
    const figure = figureOf(mark.kind);
    const [column, row] = at(handlesOf(figure, mark.points), handle);
    const { frame } = pane.view;
    const grid = frame ? gridOf(scaleOf(mark, frame.dataSet)) : { x: 1, y: 1 };
    return { ...mark, points: withHandle(figure, mark.points, handle, [column + x, row + y], grid) };
  }

  /** By pixels of the image, in the direction of the key on the screen, however the image lies. */
  private nudge(pane: Pane, mark: Mark, [x, y]: Point, pixels: number): void {
    const { selected } = this.marking;
    if (!selected || selected.handle === null || !this.isMine(mark)) return;
    const before = this.nudged?.after ?? mark;
    const [fromX, fromY] = pane.view.canvasToPixel([0, 0]);
    const [toX, toY] = pane.view.canvasToPixel([x, y]);
    const [dx, dy] = [toX - fromX, toY - fromY];
    const by: Point =
      Math.abs(dx) >= Math.abs(dy) ? [Math.sign(dx) * pixels, 0] : [0, Math.sign(dy) * pixels];
    const after = this.dragged(pane, before, selected.handle, by);
    clearTimeout(this.nudged?.timer);
    const timer = setTimeout(() => this.settle(), SETTLE);
    this.nudged = { study: selected.study, before: this.nudged?.before ?? mark, after, timer };
    this.marking.preview = { study: selected.study, mark: after };
  }

  /** What arrow keys did so far becomes one change. */
  settle(): void {
    const { nudged } = this;
    if (!nudged) return;
    clearTimeout(nudged.timer);
    this.nudged = null;
    this.marking.preview = null;
    this.marking.edit(nudged.study, nudged.before, nudged.after);
  }
}
