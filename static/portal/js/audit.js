// The audit log by pointer and keyboard: a row opens below itself by a click anywhere in it, by Enter, and by keys.

import { isTyping } from "./typing.js";

const table = document.querySelector("[data-events]");

function summaries() {
  return table ? [...table.querySelectorAll(".audit-open > summary")] : [];
}

function move(step) {
  const all = summaries();
  if (all.length === 0) return;
  const at = all.indexOf(document.activeElement);
  const to = at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
  all[to].focus({ preventScroll: true });
  all[to].closest("tr").scrollIntoView({ block: "nearest" });
}

table?.addEventListener("click", (event) => {
  const row = event.target.closest(".audit-row");
  // The summary opens by itself; whoever marks text wants to copy it.
  if (!row || event.target.closest("summary, a, button") || !document.getSelection().isCollapsed) return;
  const details = row.querySelector("details");
  details.open = !details.open;
  details.querySelector("summary").focus({ preventScroll: true });
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
  Escape: () => {
    for (const details of table?.querySelectorAll("details[open]") ?? []) details.open = false;
  },
};

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("details[data-menu][open]")) return;
  const act = ACTS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
