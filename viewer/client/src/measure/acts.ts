/** What a reader does to marks by command: choose tools, mark key images, undo, hide, delete, jump. */
import type { Command } from "../commands/registry.ts";
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { type Drawing, markTool } from "./drawing.ts";
import type { Marking } from "./marking.ts";
import { isOn, type Kind, type Mark, type Point } from "./marks.ts";
import { isOnPlane, nameOf } from "./places.ts";

/** Kinds that can be drawn without numbers too. */
const PLAIN: Readonly<Record<string, Kind>> = {
  line: "draw_line",
  circle: "draw_circle",
  rectangle: "draw_rectangle",
  curve: "draw_curve",
};

export class Acts {
  /** Lines, circles, rectangles and curves are drawn without numbers. */
  private plain = false;
  private enabled = "";

  constructor(
    private readonly marking: Marking,
    private readonly drawing: Drawing,
  ) {}

  /** Tools and commands of the groups Measure, Mark and Edit. */
  start(): void {
    const { workspace } = this.marking;
    const { commands, tools } = workspace;
    const choose = (id: string, group: Command["group"], title: string, keys: readonly string[]): Command => {
      const kindOf = () => (this.plain ? (PLAIN[id] ?? (id as Kind)) : (id as Kind));
      tools.add(markTool(id, kindOf, this.drawing));
      return { id, group, title, keys, run: () => tools.choose(id) };
    };
    const toolCommands = [
      choose("line", "measure", _("Line"), ["L"]),
      choose("diameter", "measure", _("Diameter: long axis, then short axis"), ["D"]),
      choose("angle", "measure", _("Angle"), ["N"]),
      choose("cobb", "measure", _("Cobb angle: two lines"), ["B"]),
      choose("circle", "measure", _("Circle"), ["C"]),
      choose("rectangle", "measure", _("Rectangle"), ["R"]),
      choose("curve", "measure", _("Curve: by clicks, or by hand"), ["U"]),
      choose("probe", "measure", _("Probe"), ["O"]),
      choose("arrow", "mark", _("Arrow, text"), ["T"]),
    ];
    commands.add(...toolCommands, ...this.markCommands(), ...this.editCommands());
    tools.onChoose((name) => {
      for (const { id } of toolCommands) commands.show(id, id === name);
    });
    commands.show("draw-only", false);
    commands.show("hide-marks", false);
    this.marking.onChange(() => this.showState());
  }

  private markCommands(): Command[] {
    const { workspace } = this.marking;
    const hasImage = () => workspace.active.view.frame !== null;
    return [
      {
        id: "key-image",
        group: "mark",
        title: _("Key image"),
        keys: ["K"],
        run: () => this.toggleKeyImage(),
        enabled: () => hasImage() && !this.isPlane(workspace.active),
      },
      {
        id: "draw-only",
        group: "mark",
        title: _("Draw without numbers: line, circle, rectangle, curve"),
        keys: ["Shift+L"],
        run: () => {
          this.drawing.finish();
          this.plain = !this.plain;
          workspace.commands.show("draw-only", this.plain);
        },
      },
      {
        id: "place-mark",
        group: "measure",
        title: _("The chosen mark, in the middle of the image"),
        keys: ["Enter"],
        run: () => this.placeInTheMiddle(),
        enabled: () => hasImage() && this.toolKind() !== null,
      },
    ];
  }

  private editCommands(): Command[] {
    const { history } = this.marking;
    return [
      {
        id: "undo",
        group: "edit",
        title: _("Undo"),
        keys: ["Ctrl+Z"],
        run: () => this.undo(),
        enabled: () => history.canUndo || this.drawing.isOpen,
      },
      {
        id: "redo",
        group: "edit",
        title: _("Redo"),
        keys: ["Ctrl+Y", "Ctrl+Shift+Z"],
        run: () => {
          this.marking.settle();
          history.redo();
        },
        enabled: () => history.canRedo,
      },
      {
        id: "hide-marks",
        group: "edit",
        title: _("Hide all marks"),
        keys: ["H"],
        run: () => {
          this.marking.hidden = !this.marking.hidden;
        },
      },
      {
        id: "delete-mark",
        group: "edit",
        title: _("Delete"),
        keys: ["Del", "Backspace"],
        run: () => this.remove(),
        enabled: () => this.marking.selectedMark !== null,
      },
    ];
  }

  private showState(): void {
    const { commands } = this.marking.workspace;
    commands.show("hide-marks", this.marking.hidden);
    commands.show("key-image", this.ownKeyImage(this.marking.workspace.active) !== null);
    const ids = ["undo", "redo", "delete-mark", "key-image", "place-mark"];
    const enabled = ids.map((id) => commands.isEnabled(id)).join(" ");
    // Drawing all buttons again with each image would be felt in scrolling.
    if (enabled === this.enabled) return;
    this.enabled = enabled;
    commands.changed();
  }

  private undo(): void {
    this.marking.settle();
    if (this.drawing.isOpen) this.drawing.takeBackPoint();
    else this.marking.history.undo();
  }

  /** Takes the selected mark away; those of others are theirs. */
  remove(): void {
    this.marking.settle();
    const { selected, selectedMark } = this.marking;
    if (selected && selectedMark) this.removeMark(selected.study, selectedMark);
  }

  removeMark(study: Study, mark: Mark): void {
    if (mark.author.isMe) this.marking.edit(study, this.newest(study, mark), null);
    else this.marking.tell({ kind: "not-yours", author: mark.author.name });
  }

  /** A mark of somebody else as one's own, to be changed. */
  copy(study: Study, mark: Mark): void {
    const { seriesUid, sopInstanceUid, frameNumber, kind, points, text } = mark;
    const copy = { ...this.marking.draft(kind, { seriesUid, sopInstanceUid, frameNumber }, points), text };
    this.marking.edit(study, null, copy);
    this.marking.select(study, copy.id);
  }

  rename(study: Study, mark: Mark, text: string): void {
    if (text === mark.text) return;
    const newest = this.newest(study, mark);
    this.marking.edit(study, newest, { ...newest, text });
  }

  /** The mark as it is now: since the list was drawn, keys may have moved it. */
  private newest(study: Study, mark: Mark): Mark {
    this.marking.settle();
    return this.marking.storeOf(study).get(mark.id) ?? mark;
  }

  /** Shows the image of a mark in the active pane, and the mark selected. */
  async jump(study: Study, mark: Mark): Promise<void> {
    const { workspace } = this.marking;
    const pane = workspace.active;
    const index = pane.view.frames.findIndex((frame) => isOn(mark, { seriesUid: "", ...nameOf(frame) }));
    if (pane.study === study && index !== -1) {
      pane.view.goTo(index);
    } else if (!isOnPlane(mark)) {
      const series = study.config.series.find(({ uid }) => uid === mark.seriesUid);
      if (series) await pane.open(study, series, mark);
    }
    if (mark.kind !== "key_image") this.marking.select(study, mark.id);
  }

  private isPlane(pane: Pane): boolean {
    const place = this.marking.placeOf(pane);
    return place !== null && isOnPlane(place);
  }

  private ownKeyImage(pane: Pane): Mark | null {
    const place = this.marking.placeOf(pane);
    if (!pane.study || !place) return null;
    const marks = this.marking.storeOf(pane.study).on(place);
    return marks.find(({ kind, author }) => kind === "key_image" && author.isMe) ?? null;
  }

  private toggleKeyImage(): void {
    const { active } = this.marking.workspace;
    const place = this.marking.placeOf(active);
    if (!active.study || !place) return;
    const found = this.ownKeyImage(active);
    if (found) this.marking.edit(active.study, found, null);
    else this.marking.edit(active.study, null, this.marking.draft("key_image", place, []));
  }

  private toolKind(): Kind | null {
    const name = this.marking.workspace.tools.chosen?.name ?? "";
    const kinds: readonly string[] = [
      "line",
      "angle",
      "cobb",
      "circle",
      "rectangle",
      "probe",
      "arrow",
      "diameter",
    ];
    if (!kinds.includes(name)) return null;
    return this.plain ? (PLAIN[name] ?? (name as Kind)) : (name as Kind);
  }

  /** By keys alone: a mark in the middle of what is seen; Enter and the arrow keys then move its handles. */
  private placeInTheMiddle(): void {
    const { active } = this.marking.workspace;
    const kind = this.toolKind();
    const place = this.marking.placeOf(active);
    if (!kind || !place || !active.study || this.drawing.isOpen) return;
    const { clientWidth, clientHeight } = active.viewport;
    const [x, y] = [clientWidth / 2, clientHeight / 2];
    const point = (dx: number, dy: number): Point => {
      const [column, row] = active.view.canvasToPixel([x + dx * 40, y + dy * 40]);
      return [Math.round(column), Math.round(row)];
    };
    const mark = this.marking.draft(kind, place, startingPoints(kind, point));
    this.marking.edit(active.study, null, mark);
    this.marking.select(active.study, mark.id, 0);
  }
}

function startingPoints(kind: Kind, point: (dx: number, dy: number) => Point): readonly Point[] {
  switch (kind) {
    case "probe":
      return [point(0, 0)];
    case "angle":
      return [point(-1, 0), point(0, 0), point(0, -1)];
    case "cobb":
      return [point(-1, -1), point(1, -1), point(-1, 1), point(1, 1)];
    case "circle":
    case "draw_circle":
      return [point(0, 0), point(1, 0)];
    default:
      return [point(-1, 0), point(1, kind.endsWith("rectangle") ? 1 : 0)];
  }
}
