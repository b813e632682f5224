/** What is open and where: studies, panes, the active one, tools, commands; features build on it. */
import { Commands } from "../commands/registry.ts";
import type { PrefetchProgress } from "../engine/prefetch.ts";
import { type CornerLayout, parseCorners } from "../panes/corner_layout.ts";
import { Grid } from "../panes/grid.ts";
import type { PaneState } from "../panes/messages.ts";
import type { Pane, PaneHooks, Start } from "../panes/pane.ts";
import { areDifferentPeople, type SeriesSummary, type ViewerConfig } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { Pointer } from "../tools/pointer.ts";
import { Tools } from "../tools/tools.ts";
import { listenToWheel } from "../tools/wheel.ts";
import { _ } from "../words/say.ts";
import { part } from "./elements.ts";
import type { PreferenceStore } from "./preferences.ts";

/** Draws something over the images of a pane, after each time that its image was drawn. */
export interface Layer {
  draw(pane: Pane): void;
}

export interface WorkspaceEvents {
  /** A series was opened in a pane; its first image may not be there yet. */
  opened: Pane;
  /** Another image is shown, or failed to be. */
  shown: Pane;
  /** Another image is asked for: by hand, by a film that plays, or by what the pane is linked with. */
  moved: Pane;
  /** A pane was drawn again. */
  changed: Pane;
  /** Another pane is the active one. */
  active: Pane;
  /** Panes came or went. */
  layout: readonly Pane[];
  progress: { pane: Pane; progress: PrefetchProgress };
  state: { pane: Pane; state: PaneState };
  /** Access to a study has ended; its images are gone. */
  ended: Study;
}

/** Two people on one screen are worse than a series that is not shown. */
const OTHER_PERSON = () =>
  _(
    "Not shown beside the others: this study describes another person. Check the names, or ask who keeps the records.",
  );

type Listeners = { [Name in keyof WorkspaceEvents]: Set<(value: WorkspaceEvents[Name]) => void> };

export class Workspace {
  readonly commands = new Commands();
  readonly tools = new Tools();
  readonly grid: Grid;
  /** Shows objects that are no images; true where it does. */
  instead: PaneHooks["instead"] = () => false;
  private activePane: Pane | null = null;
  private corners: CornerLayout;
  private readonly layers: Layer[] = [];
  private readonly pointers = new Map<string, Pointer>();
  private readonly listeners: Listeners = {
    opened: new Set(),
    shown: new Set(),
    moved: new Set(),
    changed: new Set(),
    active: new Set(),
    layout: new Set(),
    progress: new Set(),
    state: new Set(),
    ended: new Set(),
  };

  constructor(
    readonly config: ViewerConfig,
    /** First the one that was opened, then its priors. */
    readonly studies: readonly Study[],
    readonly preferences: PreferenceStore,
    isFinal: (pane: Pane, error: unknown) => boolean,
  ) {
    this.corners = parseCorners(preferences.get("corners"));
    this.grid = new Grid(
      part("grid"),
      {
        presets: config.presets,
        language: config.language,
        layout: () => this.corners,
      },
      {
        opened: (pane) => {
          this.emit("opened", pane);
          this.loadAhead();
        },
        shown: (pane) => this.emit("shown", pane),
        moved: (pane) => this.emit("moved", pane),
        changed: (pane) => this.drawn(pane),
        progressed: (pane, progress) => {
          this.emit("progress", { pane, progress });
          if (pane.isAhead) for (const other of this.alike(pane)) other.hear(progress);
        },
        state: (pane, state) => this.emit("state", { pane, state }),
        instead: (...scene) => this.instead(...scene),
        leader: (pane) => this.alike(pane).find(({ isAhead }) => isAhead) ?? null,
        sharers: () => Math.max(1, new Set(this.panes.flatMap(({ series }) => series?.uid ?? [])).size),
        isFinal,
      },
      (pane) => this.listenTo(pane),
    );
    this.activate(this.first);
    preferences.onChange(() => {
      this.corners = parseCorners(preferences.get("corners"));
      for (const pane of this.panes) pane.view.render();
    });
  }

  on<Name extends keyof WorkspaceEvents>(
    name: Name,
    listener: (value: WorkspaceEvents[Name]) => void,
  ): () => void {
    this.listeners[name].add(listener);
    return () => this.listeners[name].delete(listener);
  }

  emit<Name extends keyof WorkspaceEvents>(name: Name, value: WorkspaceEvents[Name]): void {
    for (const listener of this.listeners[name]) listener(value);
  }

  get panes(): readonly Pane[] {
    return this.grid.panes;
  }

  /** The pane that keys, presets and the bar under the images act on. */
  get active(): Pane {
    return this.activePane ?? this.first;
  }

  /** The study that the page was opened for. */
  get study(): Study {
    const [study] = this.studies;
    if (!study) throw new Error("the page has no study");
    return study;
  }

  activate(pane: Pane): void {
    if (pane === this.activePane || !this.panes.includes(pane)) return;
    this.activePane?.element.removeAttribute("data-active");
    this.activePane = pane;
    pane.element.setAttribute("data-active", "");
    this.emit("active", pane);
    this.commands.changed();
  }

  /** Changes the number of panes; the active one stays. `large`: with a large one over the rows. */
  arrange(rows: number, columns: number, large = false): void {
    this.grid.arrange({ rows, columns, large }, this.activePane);
    for (const id of this.pointers.keys()) {
      if (!this.panes.some((pane) => pane.id === id)) this.pointers.delete(id);
    }
    if (!this.panes.includes(this.active)) this.activate(this.first);
    part("grid").toggleAttribute("data-many", this.panes.length > 1);
    this.emit("layout", this.panes);
    this.loadAhead();
    this.commands.changed();
  }

  /** Shows a series in a pane, the active one by itself. */
  open(study: Study, series: SeriesSummary, pane: Pane = this.active, start?: Start): Promise<void> {
    const others = this.panes.filter((one) => one !== pane && one.study !== null);
    if (others.some((one) => one.study && areDifferentPeople(one.study.config, study.config))) {
      pane.empty();
      pane.say(OTHER_PERSON(), "error");
      return Promise.resolve();
    }
    return pane.open(study, series, start);
  }

  addLayer(layer: Layer): void {
    this.layers.push(layer);
  }

  /** Draws the layers of a pane (or of all) again, without its image. */
  redraw(pane?: Pane): void {
    for (const one of pane ? [pane] : this.panes) {
      if (one.view.frame) for (const layer of this.layers) layer.draw(one);
    }
  }

  /** Ends a drag without its effect; true where there was one. */
  cancelDrag(): boolean {
    return this.pointers.get(this.active.id)?.cancel() ?? false;
  }

  private get first(): Pane {
    const [pane] = this.grid.panes;
    if (!pane) throw new Error("the page has no pane");
    return pane;
  }

  /** Other panes that show the same series. */
  private alike({ study, series, id }: Pane): Pane[] {
    return this.panes.filter(
      (pane) => pane.id !== id && pane.study === study && pane.series?.uid === series?.uid,
    );
  }

  /** Whoever loaded a series ahead for others may have gone. */
  private loadAhead(): void {
    for (const pane of this.panes) pane.loadAhead();
  }

  private drawn(pane: Pane): void {
    for (const layer of this.layers) layer.draw(pane);
    this.emit("changed", pane);
  }

  private listenTo(pane: Pane): void {
    const activate = (one: Pane) => this.activate(one);
    this.pointers.set(pane.id, new Pointer(pane, this.tools, activate));
    listenToWheel(pane, activate);
    pane.viewport.addEventListener("focus", () => this.activate(pane));
    // A focus that a pointer gave needs no ring; the first key brings it back.
    pane.viewport.addEventListener("pointerdown", () => {
      pane.viewport.toggleAttribute("data-by-pointer", true);
      pane.viewport.focus({ preventScroll: true });
    });
    pane.viewport.addEventListener("keydown", () => pane.viewport.removeAttribute("data-by-pointer"));
  }
}
