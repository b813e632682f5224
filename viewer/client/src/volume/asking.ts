/** A dialog that says something in plain words and lets the reader choose what to do. */
import { _ } from "../words/say.ts";

export interface Choice {
  readonly label: string;
  readonly isPrimary: boolean;
}

function heading(title: string, id: string): HTMLElement {
  const head = document.createElement("div");
  head.className = "dialog-head";
  const words = document.createElement("h2");
  words.id = id;
  words.textContent = title;
  head.append(words);
  return head;
}

function body(paragraphs: readonly string[]): HTMLElement {
  const element = document.createElement("div");
  element.className = "dialog-body";
  for (const words of paragraphs) {
    const paragraph = document.createElement("p");
    paragraph.textContent = words;
    element.append(paragraph);
  }
  return element;
}

/** The index of the choice; null where the dialog was closed without one. */
export function ask(
  title: string,
  paragraphs: readonly string[],
  choices: readonly Choice[] = [{ label: _("Close"), isPrimary: true }],
): Promise<number | null> {
  const dialog = document.createElement("dialog");
  dialog.className = "volume-dialog";
  dialog.dataset.testid = "volume-dialog";
  dialog.setAttribute("aria-labelledby", "volume-dialog-title");
  const foot = document.createElement("div");
  foot.className = "dialog-foot";
  choices.forEach(({ label, isPrimary }, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = isPrimary ? "button primary" : "button";
    button.textContent = label;
    button.autofocus = isPrimary;
    button.addEventListener("click", () => dialog.close(String(index)));
    foot.append(button);
  });
  dialog.append(heading(title, "volume-dialog-title"), body(paragraphs), foot);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "" ? null : Number(dialog.returnValue));
    });
  });
}
