/** The panes on the screen, in rows and columns. */

import type { CornerSettings } from "./corners.ts";
import { Pane, type PaneHooks } from "./pane.ts";
import { newPaneElement } from "./parts.ts";

export interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** A large pane stands over the rows: "1 over 3". */
  readonly large?: boolean;
}

export const LARGEST: Shape = { rows: 4, columns: 5 };

/** How many panes a shape has places for. */
export function placesIn({ rows, columns, large }: Shape): number {
  return rows * columns + (large ? 1 : 0);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.rows === b.rows && a.columns === b.columns && (a.large ?? false) === (b.large ?? false);
}

export class Grid {
  private readonly panes_: Pane[] = [];
  private made = 0;
  private shape_: Shape = { rows: 1, columns: 1 };

  constructor(
    private readonly root: HTMLElement,
    private readonly settings: CornerSettings,
    private readonly hooks: PaneHooks,
    /** Called for each pane that comes into being. */
    private readonly onNew: (pane: Pane) => void,
  ) {
    const first = root.querySelector<HTMLElement>(".pane");
    if (!first) throw new Error("the page lacks its first pane");
    this.adopt(first);
  }

  get panes(): readonly Pane[] {
    return this.panes_;
  }

  get shape(): Shape {
    return this.shape_;
  }

  /** As many panes as the shape has places; those that are too many go, but never the one to keep: it becomes the first. */
  arrange(shape: Shape, keep: Pane | null = null): void {
    this.shape_ = shape;
    const wanted = placesIn(shape);
    if (keep && this.panes_.indexOf(keep) >= wanted) this.moveFirst(keep);
    while (this.panes_.length > wanted) this.panes_.pop()?.destroy();
    while (this.panes_.length < wanted) {
      const element = newPaneElement();
      this.root.append(element);
      this.adopt(element);
    }
    this.root.toggleAttribute("data-large", shape.large ?? false);
    this.root.style.setProperty("--rows", String(shape.rows));
    this.root.style.setProperty("--columns", String(shape.columns));
  }

  private moveFirst(pane: Pane): void {
    this.panes_.splice(this.panes_.indexOf(pane), 1);
    this.panes_.unshift(pane);
    this.root.prepend(pane.element);
  }

  private adopt(element: HTMLElement): void {
    this.made += 1;
    const pane = new Pane(`pane-${this.made}`, element, this.settings, this.hooks);
    this.panes_.push(pane);
    this.onNew(pane);
  }
}
