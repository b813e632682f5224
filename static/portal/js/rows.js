// Rows of a table of which one is selected, by keyboard and by pointer: studies, orders, what was found elsewhere.

// On a phone a row is a card with a link, and nothing is selected.
const phone = window.matchMedia("(width < 900px)");

export class Rows {
  /** `chosen` hears of each row that a person selects. */
  constructor(holder, selector, chosen = () => {}) {
    this.holder = holder;
    this.selector = selector;
    this.chosen = chosen;
  }

  get all() {
    return this.holder ? [...this.holder.querySelectorAll(this.selector)] : [];
  }

  get selected() {
    return this.holder?.querySelector('tr[aria-selected="true"]') ?? null;
  }

  /** Selects a row without moving there, as the server drew it. */
  begin(row) {
    if (row) this.mark(row);
  }

  select(row) {
    if (!row) return;
    const before = this.selected;
    this.mark(row);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (before !== row) this.chosen(row);
  }

  move(step) {
    const { all } = this;
    this.select(all[Math.min(Math.max(all.indexOf(this.selected) + step, 0), all.length - 1)]);
  }

  /** What the keys do that move the selection. */
  get keys() {
    const down = () => this.move(1);
    const up = () => this.move(-1);
    return {
      j: down,
      J: down,
      ArrowDown: down,
      k: up,
      K: up,
      ArrowUp: up,
      Home: () => this.move(-Infinity),
      End: () => this.move(Infinity),
    };
  }

  /** A click selects, a double click opens; `onLink` says what a plain click on the row's own link does. */
  followPointer(open, onLink) {
    this.holder?.addEventListener("click", (event) => {
      const row = event.target.closest(this.selector);
      if (!row || phone.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.target.closest(".row-link")) onLink(event, row);
      else this.select(row);
    });
    this.holder?.addEventListener("dblclick", (event) => {
      const row = event.target.closest(this.selector);
      if (row && !phone.matches) open(row);
    });
  }

  mark(row) {
    const before = this.selected;
    if (before && before !== row) {
      before.setAttribute("aria-selected", "false");
      before.tabIndex = -1;
    }
    row.setAttribute("aria-selected", "true");
    row.tabIndex = 0;
  }
}

/** Says in the list's foot how many of its rows are shown, after each change. */
export function countShown(rows) {
  document.body.addEventListener("htmx:afterSettle", () => {
    const shown = document.querySelector("[data-shown]");
    if (shown) shown.textContent = String(rows.all.length);
  });
}
