// The list by keyboard and pointer: one selected row, its panel, opening, and what is new.

import { followHtmx, setLive } from "./live.js";
import { countShown, Rows } from "./rows.js";
import { isTyping } from "./typing.js";

const list = document.querySelector("[data-list]");
const panel = document.getElementById("panel");
let panelRequest = null;
let panelTimer = 0;

async function showPanel(row) {
  panelRequest?.abort();
  panelRequest = new AbortController();
  try {
    const answer = await fetch(row.dataset.panel, {
      headers: { "X-Requested-With": "fetch" },
      signal: panelRequest.signal,
    });
    if (answer.ok && panel) panel.innerHTML = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") setLive(false);
  }
}

const rows = new Rows(list, "tr[data-study]", (row) => {
  // Holding a key down passes many rows; only the one it stops at is asked for.
  clearTimeout(panelTimer);
  panelTimer = setTimeout(() => showPanel(row), 120);
});

function open(row) {
  window.location.assign(row.dataset.open);
}

rows.followPointer(open, (event, row) => {
  event.preventDefault();
  rows.select(row);
});

const ACTS = {
  ...rows.keys,
  Enter: () => rows.selected && open(rows.selected),
  " ": () => document.querySelector(".worklist")?.classList.toggle("without-panel"),
  e: () => document.querySelector("[data-elsewhere-link]")?.click(),
  ".": () => document.querySelector("[data-show-new]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const onControl = event.target instanceof Element && event.target.closest("a, button, summary");
  if (onControl && (event.key === "Enter" || event.key === " ")) return;
  const act = ACTS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

followHtmx();

// Rows whose images still arrive are asked for again; a cell that changed keeps a tint for four seconds.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("[data-new]")) return;
  const growing = [...document.querySelectorAll("[data-growing]")].map((cell) => cell.dataset.growing);
  if (growing.length > 0) event.detail.parameters.growing = growing;
});

const plain = (element) => element.textContent.replace(/\s+/g, " ").trim();

document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const cell = fragment.firstElementChild;
  if (!target.matches("td") || !cell) return;
  if (plain(target) === plain(cell)) {
    event.detail.shouldSwap = false;
    return;
  }
  cell.classList.add("is-changed");
  setTimeout(() => cell.classList.remove("is-changed"), 4000);
});

document.body.addEventListener("htmx:afterOnLoad", (event) => {
  const title = document.title.replace(/^\(\d+\) /, "");
  const fresh = document.querySelector("[data-new] [data-show-new]");
  document.title = fresh ? `(${fresh.textContent.match(/\d+/)?.[0] ?? ""}) ${title}` : title;
  const shown = document.querySelector("[data-shown]");
  if (shown && event.target.closest?.("[data-list]")) shown.textContent = String(rows.all.length);
});
countShown(rows);

// The server drew the panel of the first row.
rows.begin(rows.all[0]);
