/** The panes on the screen, in rows and columns. */

import type { CornerSettings } from "./corners.ts";
import { Pane, type PaneHooks } from "./pane.ts";
import { newPaneElement } from "./parts.ts";

export interface Shape {
  readonly rows: number;
  readonly columns: number;
}

export const LARGEST: Shape = { rows: 4, columns: 5 };

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

  /** As many panes as the shape has places; those that are too many go, what the others show stays. */
  arrange(shape: Shape): void {
    this.shape_ = shape;
    const wanted = shape.rows * shape.columns;
    while (this.panes_.length > wanted) this.panes_.pop()?.destroy();
    while (this.panes_.length < wanted) {
      const element = newPaneElement();
      this.root.append(element);
      this.adopt(element);
    }
    this.root.style.setProperty("--rows", String(shape.rows));
    this.root.style.setProperty("--columns", String(shape.columns));
  }

  private adopt(element: HTMLElement): void {
    this.made += 1;
    const pane = new Pane(`pane-${this.made}`, element, this.settings, this.hooks);
    this.panes_.push(pane);
    this.onNew(pane);
  }
}
