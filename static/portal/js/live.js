// The mark "Live": whether the page still hears from the portal, and since when it does not.

import { clockText } from "./dates.js";

let lostAt = null;

/** @param {boolean} isLive */
export function setLive(isLive) {
  const mark = document.querySelector("[data-live]");
  const words = mark?.querySelector("span");
  if (!words) return;
  mark.dataset.words ??= words.textContent;
  if (isLive) lostAt = null;
  else lostAt ??= new Date();
  const text = isLive ? mark.dataset.words : mark.dataset.lost.replace("{time}", clockText(lostAt));
  // The same words again would be said again by a screen reader.
  if (words.textContent !== text) words.textContent = text;
  mark.classList.toggle("is-lost", !isLive);
}

/** Follows what htmx hears; an answer from another page than the asked one means that the sign-in has ended. */
export function followHtmx() {
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.body.addEventListener(failure, () => setLive(false));
  }
  document.body.addEventListener("htmx:afterOnLoad", (event) => {
    const { xhr, pathInfo } = event.detail;
    const asked = new URL(pathInfo.finalRequestPath ?? pathInfo.requestPath, window.location.href);
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked.pathname) window.location.reload();
    else setLive(true);
  });
}
