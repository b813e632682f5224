// The line under the top bar that counts an opening by break-glass down, in minutes.

const EVERY_MS = 10_000;
const MINUTE_MS = 60_000;

function show() {
  for (const line of document.querySelectorAll("[data-ends]")) {
    const left = Date.parse(line.dataset.ends) - Date.now();
    const words = line.querySelector("[data-left]");
    if (!words || Number.isNaN(left)) continue;
    const minutes = String(Math.ceil(left / MINUTE_MS));
    const text = left > 0 ? line.dataset.words.replace("{minutes}", minutes) : line.dataset.over;
    if (words.textContent !== text) words.textContent = text;
    if (left <= 0) line.querySelector("button")?.remove();
  }
}

show();
setInterval(show, EVERY_MS);
