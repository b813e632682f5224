/** The small window in which a layout is chosen: a table of cells, named shapes, keys. */

import { part, press, write } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import { LARGEST } from "../panes/grid.ts";
import { type Arrangement, ONE } from "./arrangement.ts";
import { type Layouts, nameOf, ONE_OVER_THREE } from "./layouts.ts";

const NAMED: Readonly<Record<string, Arrangement>> = { one: ONE, "one-over-three": ONE_OVER_THREE };

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly button: HTMLButtonElement;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export class Picker {
  private readonly element = part("layout-picker");
  private readonly table = part("layout-cells");
  private readonly cells: readonly Cell[];
  private readonly opener = document.querySelector<HTMLElement>('[data-command="layout"]');
  /** A digit typed first: the rows. */
  private typed: number | null = null;
  private closedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly workspace: Workspace,
    private readonly layouts: Layouts,
  ) {
    this.cells = this.makeCells();
    this.table.append(...this.cells.map(({ button }) => button));
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("pointerleave", () => this.light(this.layouts.shown));
    for (const [id, arrangement] of Object.entries(NAMED)) {
      part(`layout-${id}`).addEventListener("click", () => this.choose(arrangement));
    }
    for (const field of this.fields()) {
      field.addEventListener("change", () => this.light(this.layouts.shown));
    }
    this.element.addEventListener("beforetoggle", (event) => {
      const opens = event.newState === "open";
      this.opener?.setAttribute("aria-expanded", String(opens));
      if (!opens) this.closedAt = performance.now();
    });
    layouts.onChange(() => write(part("layout-name"), nameOf(layouts.shown)));
  }

  toggle(): void {
    if (this.element.matches(":popover-open")) this.element.hidePopover();
    // A press on the button closes it as any press beside it does; its click must not open it again.
    else if (performance.now() - this.closedAt > 100) this.open();
  }

  close(): void {
    if (this.element.matches(":popover-open")) this.element.hidePopover();
  }

  onOpen(listener: () => void): void {
    this.element.addEventListener("beforetoggle", (event) => {
      if (event.newState === "open") listener();
    });
  }

  private open(): void {
    const { shown } = this.layouts;
    for (const field of this.fields()) field.checked = (field.value === "images") === (shown.tiles ?? false);
    this.element.showPopover();
    this.place();
    this.typed = null;
    this.light(shown);
    const at = this.cells.find(({ row, column }) => row === shown.rows && column === shown.columns);
    (at ?? this.cells[0])?.button.focus();
  }

  /** Under its button, within the window. */
  private place(): void {
    const from = (this.opener ?? document.body).getBoundingClientRect();
    const { width } = this.element.getBoundingClientRect();
    const left = Math.max(8, Math.min(window.innerWidth - width - 8, from.right - width));
    this.element.style.setProperty("left", `${left}px`);
    this.element.style.setProperty("top", `${from.bottom + 6}px`);
  }

  private fields(): HTMLInputElement[] {
    return [...this.element.querySelectorAll<HTMLInputElement>('input[name="layout-shows"]')];
  }

  private get showsImages(): boolean {
    return this.fields().some(({ value, checked }) => checked && value === "images");
  }

  private makeCells(): Cell[] {
    const cells: Cell[] = [];
    for (let row = 1; row <= LARGEST.rows; row += 1) {
      for (let column = 1; column <= LARGEST.columns; column += 1) {
        const button = document.createElement("button");
        const shape = { rows: row, columns: column };
        button.type = "button";
        button.className = "layout-cell";
        button.dataset.testid = `layout-${row}-${column}`;
        button.tabIndex = -1;
        button.setAttribute("aria-label", `${row} × ${column}`);
        button.addEventListener("click", () => this.chooseGrid(row, column));
        button.addEventListener("pointerenter", () => this.light(shape));
        button.addEventListener("focus", () => this.light(shape));
        cells.push({ row, column, button });
      }
    }
    return cells;
  }

  /** Lights the cells of a shape, and names it. */
  private light(shape: Arrangement): void {
    for (const { row, column, button } of this.cells) {
      const lit = !shape.large && row <= shape.rows && column <= shape.columns;
      button.toggleAttribute("data-lit", lit);
      button.tabIndex = row === shape.rows && column === shape.columns ? 0 : -1;
      press(button, this.isShown(row, column));
    }
    if (!this.cells.some(({ button }) => button.tabIndex === 0)) {
      const [first] = this.cells;
      if (first) first.button.tabIndex = 0;
    }
    for (const [id, arrangement] of Object.entries(NAMED)) {
      press(part(`layout-${id}`), nameOf(arrangement) === nameOf(this.layouts.shown));
    }
    write(part("layout-words"), nameOf({ ...shape, tiles: this.showsImages }));
  }

  private isShown(row: number, column: number): boolean {
    const { rows, columns, large } = this.layouts.shown;
    return !large && rows === row && columns === column;
  }

  /** Arrows go from cell to cell; two digits are rows and columns. */
  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const step = STEPS[event.key];
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : null;
    if (!step && digit === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.move(step);
    else if (digit !== null) this.type(digit);
  }

  private move([down, right]: readonly [number, number]): void {
    const from = this.cells.find(({ button }) => button === document.activeElement) ?? this.cells[0];
    if (!from) return;
    this.cellAt(from.row + down, from.column + right)?.button.focus();
  }

  private type(digit: number): void {
    const rows = this.typed;
    this.typed = null;
    if (rows === null) {
      const cell = this.cellAt(digit, 1);
      cell?.button.focus();
      if (cell) this.typed = digit;
    } else if (digit <= LARGEST.columns) this.chooseGrid(rows, digit);
  }

  private cellAt(row: number, column: number): Cell | undefined {
    return this.cells.find((cell) => cell.row === row && cell.column === column);
  }

  private chooseGrid(rows: number, columns: number): void {
    this.choose({ rows, columns, tiles: this.showsImages && rows * columns > 1 });
  }

  private choose(arrangement: Arrangement): void {
    this.close();
    this.layouts.show(arrangement);
    this.workspace.active.viewport.focus({ preventScroll: true });
  }
}
