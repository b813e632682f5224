// The orders by keyboard and pointer: one selected row, which Enter or a double click opens; Esc leads back to the list.

import { countShown, Rows } from "./rows.js";
import { isTyping } from "./typing.js";

const table = document.querySelector("[data-orders]");

const rows = new Rows(table, "tr[data-order]");

function open(row) {
  window.location.assign(row.dataset.open);
}

// The row's own link leads to the order, as links do.
rows.followPointer(open, () => {});

const ACTS = {
  ...rows.keys,
  Enter: () => rows.selected && open(rows.selected),
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

countShown(rows);
rows.begin(rows.all[0]);
