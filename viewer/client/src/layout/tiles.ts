/** A table of one series' images: the viewports show images that follow each other, and turn over together. */
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";

/** The first image of the page that an image is on. */
export function pageStart(index: number, size: number): number {
  return Math.floor(index / size) * size;
}

export class Tiles {
  private on = false;
  private turning = false;

  constructor(private readonly workspace: Workspace) {
    workspace.on("moved", (pane) => this.moved(pane));
    workspace.on("opened", (pane) => this.opened(pane));
    workspace.on("shown", (pane) => pane !== workspace.active && this.copyTo(pane));
    workspace.on("changed", (pane) => pane === workspace.active && this.copyToAll());
  }

  get isOn(): boolean {
    return this.on;
  }

  /** Spreads the series of the active pane over all panes. */
  start(): void {
    const { active, panes } = this.workspace;
    this.on = true;
    for (const pane of panes) pane.stepper = (pages) => this.step(pages * panes.length);
    this.spread(active);
  }

  stop(): void {
    this.on = false;
    for (const pane of this.workspace.panes) pane.stepper = null;
  }

  /** Goes on by images, as far as there are any. */
  private step(images: number): void {
    const { active } = this.workspace;
    const last = active.view.count - 1;
    const wanted = active.view.target + images;
    // The last page may be short: a step onto it ends at its last image.
    if (pageStart(wanted, this.workspace.panes.length) <= last) active.view.goTo(wanted);
  }

  private opened(pane: Pane): void {
    if (!this.on || this.turning) return;
    if (pane === this.workspace.active) this.spread(pane);
    else this.place(pane);
  }

  /** All panes show the series of this one. */
  private spread(from: Pane): void {
    const { study, series } = from;
    if (!study || !series) return;
    this.turning = true;
    const { panes } = this.workspace;
    const read = Math.max(0, from.view.target);
    const start = pageStart(read, panes.length);
    panes.forEach((pane, at) => {
      if (pane !== from && pane.series?.uid !== series.uid) void pane.open(study, series, start + at);
    });
    this.turning = false;
    this.turnTo(start);
    const there = panes[read - start];
    if (there) this.workspace.activate(there);
  }

  private moved(pane: Pane): void {
    if (!this.on || this.turning) return;
    const { panes } = this.workspace;
    const { target } = pane.view;
    this.turnTo(pageStart(target, panes.length));
    const there = panes[target % panes.length];
    if (there) this.workspace.activate(there);
  }

  private turnTo(start: number): void {
    this.turning = true;
    this.workspace.panes.forEach((pane, at) => {
      this.put(pane, start + at);
    });
    this.turning = false;
  }

  /** A pane that was opened only now takes its place on the page of the active one. */
  private place(pane: Pane): void {
    const { active, panes } = this.workspace;
    this.turning = true;
    this.put(pane, pageStart(Math.max(0, active.view.target), panes.length) + panes.indexOf(pane));
    this.turning = false;
  }

  private put(pane: Pane, index: number): void {
    if (pane.view.count === 0) return;
    if (index < pane.view.count) pane.view.goTo(index);
    else pane.showNone(pane.view.count - 1, "");
  }

  private copyToAll(): void {
    if (!this.on) return;
    for (const pane of this.workspace.panes) if (pane !== this.workspace.active) this.copyTo(pane);
  }

  /** Window, zoom and place are those of the active pane. */
  private copyTo(pane: Pane): void {
    const { active } = this.workspace;
    if (!this.on || !active.view.frame || pane.series?.uid !== active.series?.uid) return;
    const [from, to] = [active.view, pane.view];
    if (to.placement !== from.placement) to.placement = from.placement;
    if (to.inverted !== from.inverted) to.setInverted(from.inverted);
    const window = from.ownWindow ? null : from.window;
    const same =
      to.ownWindow === from.ownWindow &&
      (window === null || (to.window?.center === window.center && to.window.width === window.width));
    if (!same) to.setWindow(window);
  }
}
