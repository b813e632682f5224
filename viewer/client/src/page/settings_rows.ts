/** The rows of the settings dialog: a mouse button's tool, a command's key, an item's corner. */
import { keyName, shownKey } from "../commands/keys.ts";
import type { Command, Commands } from "../commands/registry.ts";
import {
  ALWAYS,
  CORNERS,
  type Corner,
  type CornerLayout,
  cornerOf,
  type Item,
  moved,
  shifted,
} from "../panes/corner_layout.ts";
import { _ } from "../words/say.ts";
import { icon } from "./icons.ts";

export function section(title: string, rows: readonly HTMLElement[]): HTMLElement {
  const element = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  element.append(heading, ...rows);
  return element;
}

function row(words: string, ...controls: readonly HTMLElement[]): HTMLElement {
  const element = document.createElement("div");
  const label = document.createElement("span");
  element.className = "settings-row";
  label.textContent = words;
  element.append(label, ...controls);
  return element;
}

export function selectRow(
  words: string,
  options: readonly (readonly [value: string, words: string])[],
  chosen: string,
  change: (value: string) => void,
): HTMLElement {
  const select = document.createElement("select");
  select.className = "settings-select";
  select.setAttribute("aria-label", words);
  for (const [value, name] of options) select.append(new Option(name, value, false, value === chosen));
  select.addEventListener("change", () => change(select.value));
  return row(words, select);
}

export function switchRow(words: string, on: boolean, change: (on: boolean) => void): HTMLElement {
  const element = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = on;
  box.addEventListener("change", () => change(box.checked));
  element.className = "settings-switch";
  element.append(box, words);
  return element;
}

/** A button that takes the next key press for a command's own. */
export function keyRow(
  commands: Commands,
  command: Command,
  change: (keys: readonly string[]) => string | null,
): HTMLElement {
  const button = document.createElement("button");
  const show = () => {
    button.textContent = commands.keysOf(command).map(shownKey).join(", ") || _("none");
  };
  button.type = "button";
  button.className = "settings-key";
  button.dataset.keyOf = command.id;
  button.setAttribute("aria-label", _("Key for {command}", { command: command.title }));
  show();
  let listening = false;
  button.addEventListener("click", () => {
    listening = true;
    button.textContent = _("Press a key");
  });
  button.addEventListener("blur", () => {
    listening = false;
    show();
  });
  button.addEventListener("keydown", (event) => {
    if (!listening || /^(Shift|Control|Alt|Meta)$/.test(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    listening = false;
    const name = keyName(event);
    if (name === "Esc") {
      show();
      return;
    }
    const trouble = change(name === "Del" && command.id !== "delete-mark" ? [] : [name]);
    if (trouble === null) show();
    else button.textContent = trouble;
  });
  return row(command.title, button);
}

function itemWords(): Readonly<Record<Item, string>> {
  return {
    "patient-name": _("Name"),
    "patient-details": _("Sex, age, birth date"),
    "patient-id": _("Patient ID"),
    institution: _("Institution"),
    "study-date": _("Date, time"),
    accession: _("Accession number"),
    series: _("Series"),
    image: _("Image n of m"),
    place: _("Position, thickness"),
    technique: _("Technique"),
    window: _("Window"),
    zoom: _("Zoom"),
  };
}

function cornerWords(): Readonly<Record<Corner, string>> {
  return {
    "top-left": _("Top left"),
    "top-right": _("Top right"),
    "bottom-left": _("Bottom left"),
    "bottom-right": _("Bottom right"),
  };
}

function orderButton(words: string, name: string, act: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon-button";
  button.setAttribute("aria-label", words);
  button.append(icon(name));
  button.addEventListener("click", act);
  return button;
}

export function cornerRow(
  layout: CornerLayout,
  item: Item,
  change: (layout: CornerLayout) => void,
): HTMLElement {
  const words = itemWords()[item];
  const names = cornerWords();
  const options = CORNERS.map((corner): [string, string] => [corner, names[corner]]);
  if (!ALWAYS.includes(item)) options.push(["", _("Not shown")]);
  const element = selectRow(words, options, cornerOf(layout, item) ?? "", (value) => {
    change(moved(layout, item, CORNERS.find((corner) => corner === value) ?? null));
  });
  element.append(
    orderButton(_("{item} higher", { item: words }), "arrow-up", () => change(shifted(layout, item, -1))),
    orderButton(_("{item} lower", { item: words }), "arrow-down", () => change(shifted(layout, item, 1))),
  );
  return element;
}
