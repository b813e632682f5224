// The orders by keyboard and pointer: one selected row, which Enter or a double click opens; Esc leads back to the list.

import { isTyping } from "./typing.js";

const table = document.querySelector("[data-orders]");

function rows() {
  return table ? [...table.querySelectorAll("tr[data-order]")] : [];
}

function selected() {
  return table?.querySelector('tr[aria-selected="true"]') ?? null;
}

function select(row, { focus = true } = {}) {
  const before = selected();
  if (before && before !== row) {
    before.setAttribute("aria-selected", "false");
    before.tabIndex = -1;
  }
  row.setAttribute("aria-selected", "true");
  row.tabIndex = 0;
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
}

function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(selected());
  select(all[Math.min(Math.max(at + step, 0), all.length - 1)]);
}

function open(row) {
  window.location.assign(row.dataset.open);
}

const phone = window.matchMedia("(width < 900px)");

table?.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-order]");
  if (!row || phone.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!event.target.closest(".row-link")) select(row);
});

table?.addEventListener("dblclick", (event) => {
  const row = event.target.closest("tr[data-order]");
  if (row && !phone.matches) open(row);
});

const ACTS = {
  j: () => move(1),
  J: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  K: () => move(-1),
  ArrowUp: () => move(-1),
  Home: () => move(-Infinity),
  End: () => move(Infinity),
  Enter: () => selected() && open(selected()),
};

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    document.querySelector("[data-back]")?.click();
    return;
  }
  if (!table) return;
  const onControl = event.target instanceof Element && event.target.closest("a, button, summary, select");
  if (onControl && (event.key === "Enter" || event.key === " ")) return;
  const act = ACTS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

document.body.addEventListener("htmx:afterSettle", () => {
  const shown = document.querySelector("[data-shown]");
  if (shown) shown.textContent = String(rows().length);
});

const first = rows()[0];
if (first) select(first, { focus: false });
