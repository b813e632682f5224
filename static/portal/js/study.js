// The study page by keyboard, and the dialog whose button says when the access ends.

import { dayText } from "./dates.js";
import { isTyping } from "./typing.js";

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  const onControl = event.target instanceof Element && event.target.closest("a, button, summary");
  if (event.key === "Enter" && !onControl) document.querySelector("[data-open-images]")?.click();
  if (event.key === "Escape") document.querySelector(".study-banner a")?.click();
});

const until = document.querySelector("#give-access [name='valid_until']");
const button = document.querySelector("[data-until-button]");

function sayEnd() {
  if (until?.value && button) button.textContent = `${button.dataset.words} ${dayText(until.value)}`;
}

until?.addEventListener("input", sayEnd);
sayEnd();
