// What every page does: menus that close, the search key, hats by key, toasts that leave, dialogs that open.

import { dayAndClockText } from "./dates.js";
import { isTyping } from "./typing.js";

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

/** Opens a dialog with the first thing to do in focus: the field that is wrong, else the first one. */
function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const fields = ".field input, .field select, .field textarea";
  (dialog.querySelector('[aria-invalid="true"]') ?? dialog.querySelector(fields))?.focus();
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  closeMenus(target?.closest("details[data-menu]"));
  const opener = target?.closest("[data-opens]");
  if (opener) openDialog(document.getElementById(opener.dataset.opens));
  const closer = target?.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const open = document.querySelector("details[data-menu][open]");
    if (open) {
      open.open = false;
      open.querySelector("summary")?.focus();
    }
    return;
  }
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.shiftKey && event.key === "H") {
    const hat = document.querySelector('details[data-key="Shift+H"]');
    if (hat) {
      hat.open = true;
      hat.querySelector(".menu-panel button")?.focus();
    }
  } else if (event.key === "?") {
    openDialog(document.getElementById("keys"));
  }
});

openDialog(document.querySelector("dialog[data-open-at-once]"));

for (const toast of document.querySelectorAll("[data-toast]")) {
  if (toast.dataset.toast !== "error") setTimeout(() => toast.remove(), 6000);
}

function showClock() {
  for (const clock of document.querySelectorAll("[data-clock]")) clock.textContent = dayAndClockText(new Date());
}

showClock();
setInterval(showClock, 10_000);

// On a phone the places stand in a line that scrolls sideways: where one is must be in sight.
const place = document.querySelector(".topnav [aria-current]");
place?.scrollIntoView({ block: "nearest", inline: "nearest" });
