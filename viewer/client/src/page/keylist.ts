/** The dialog that `?` opens: every key and what it does. */
import { part } from "./elements.ts";
import { KEY_LIST } from "./keys.ts";

function row(keys: string, does: string): HTMLElement[] {
  const term = document.createElement("dt");
  for (const word of keys.split(" ")) {
    const isKey = !/^(and|…)$/.test(word);
    const element = document.createElement(isKey ? "kbd" : "span");
    element.textContent = word;
    term.append(element, " ");
  }
  const description = document.createElement("dd");
  description.textContent = does;
  return [term, description];
}

export function startKeyList(): () => void {
  const dialog = part<HTMLDialogElement>("key-list");
  const groups = KEY_LIST.map(([title, rows]) => {
    const section = document.createElement("section");
    const heading = document.createElement("h3");
    heading.textContent = title;
    const table = document.createElement("dl");
    table.append(...rows.flatMap(([keys, does]) => row(keys, does)));
    section.append(heading, table);
    return section;
  });
  part("key-list-groups").replaceChildren(...groups);
  part("key-list-close").addEventListener("click", () => dialog.close());
  const toggle = () => {
    if (dialog.open) dialog.close();
    else dialog.showModal();
  };
  part("show-keys").addEventListener("click", toggle);
  return toggle;
}
