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
  if (until?.value && button) button.textContent = `${button.dataset.words} ${dayText(until.value.slice(0, 10))}`;
}

until?.addEventListener("input", sayEnd);
sayEnd();

const receivers = [...document.querySelectorAll("#give-access [name='to']")];

/** Shows the fields of the kind of receiver that is chosen; without script all of them stand there. */
function showReceiver() {
  const chosen = receivers.find((one) => one.checked)?.value;
  for (const part of document.querySelectorAll("[data-shown-for]")) {
    part.hidden = part.dataset.shownFor !== chosen;
  }
}

for (const one of receivers) one.addEventListener("change", showReceiver);
if (receivers.length) showReceiver();
