/** A button that copies a text, and says that it did. */
import { part, write } from "../page/elements.ts";
import { icon } from "../page/icons.ts";
import { _ } from "../words/say.ts";

/** How long the button says what it did (ms). */
const SAID = 3000;

/** `what` names the text for those who cannot see beside what the button stands. */
export function copyButton(what: string, field: HTMLElement): HTMLButtonElement {
  const button = document.createElement("button");
  const words = document.createElement("span");
  button.type = "button";
  button.className = "button small";
  words.textContent = _("Copy");
  button.setAttribute("aria-label", _("Copy: {what}", { what }));
  button.append(icon("copy"), words);
  const say = (said: string) => {
    words.textContent = said;
    write(part("spoken"), said);
    setTimeout(() => {
      words.textContent = _("Copy");
    }, SAID);
  };
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(field.textContent ?? "").then(
      () => say(_("Copied")),
      () => {
        // Not allowed here: it is selected, so that the keys for copying work.
        getSelection()?.selectAllChildren(field);
        say(_("Press Ctrl C"));
      },
    );
  });
  return button;
}
