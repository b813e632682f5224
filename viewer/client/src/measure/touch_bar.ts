/** On touch screens: says what the next tap does, with Undo and Done beside it. */
import { _ } from "../words/say.ts";
import type { Drawing } from "./drawing.ts";
import type { Marking } from "./marking.ts";

function button(words: string, testid: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "mark-bar-button";
  made.dataset.testid = testid;
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

function wordsFor(drawing: Drawing): string {
  if (!drawing.isOpen) return _("Drag an end to correct");
  switch (drawing.figure) {
    case "diameter":
      return drawing.count < 2 ? _("Tap the other end") : _("Tap both ends of the short axis, or Done");
    case "angle":
      return drawing.count < 2 ? _("Tap the corner") : _("Tap the end of the second side");
    case "cobb":
      return drawing.count < 2 ? _("Tap the other end") : _("Tap both ends of the second line");
    case "circle":
      return _("Tap the edge");
    case "curve":
      return _("Tap on along the line; tap the first point to close it");
    default:
      return _("Tap the other end");
  }
}

export function startTouchBar(marking: Marking, drawing: Drawing): void {
  const { workspace } = marking;
  const bar = document.createElement("div");
  const words = document.createElement("span");
  bar.className = "mark-bar";
  bar.dataset.testid = "mark-bar";
  words.setAttribute("role", "status");
  const undo = button(_("Undo"), "mark-bar-undo", () => workspace.commands.run("undo"));
  const done = button(_("Done"), "mark-bar-done", () => {
    drawing.finish();
    marking.deselect();
  });
  bar.append(words, undo, done);
  marking.onChange(() => {
    const coarse = matchMedia("(pointer: coarse)").matches;
    const wanted = coarse && (drawing.isOpen || (marking.selectedMark?.author.isMe ?? false));
    if (!wanted) {
      bar.remove();
      return;
    }
    const text = wordsFor(drawing);
    if (words.textContent !== text) words.textContent = text;
    const { element } = workspace.active;
    if (bar.parentElement !== element) element.append(bar);
  });
}
