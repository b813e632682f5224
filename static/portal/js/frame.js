// What every page does: menus that close, the search key, hats by key, toasts that leave, dialogs that open.

import { isTyping } from "./typing.js";

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  closeMenus(target?.closest("details[data-menu]"));
  const opener = target?.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
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
    const keys = document.getElementById("keys");
    if (keys && !keys.open) keys.showModal();
  }
});

for (const toast of document.querySelectorAll("[data-toast]")) {
  if (toast.dataset.toast !== "error") setTimeout(() => toast.remove(), 6000);
}

function showClock() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    clock.textContent = new Intl.DateTimeFormat(document.documentElement.lang, {
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
      timeZone: clock.dataset.clock || undefined,
    }).format(new Date());
  }
}

showClock();
setInterval(showClock, 10_000);
