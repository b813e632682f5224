/** The dialog that `?` opens: every command and its keys. */
import { shownKey } from "../commands/keys.ts";
import type { Command, Commands, Group } from "../commands/registry.ts";
import { _ } from "../words/say.ts";
import { part } from "./elements.ts";

type Row = readonly [keys: readonly string[], does: string];

function groups(): readonly (readonly [Group, string])[] {
  return [
    ["images", _("Images")],
    ["look", _("Look")],
    ["measure", _("Measure")],
    ["mark", _("Mark")],
    ["image", _("Image")],
    ["edit", _("Edit")],
    ["window", _("Window")],
    ["view", _("View")],
    ["everywhere", _("Everywhere")],
  ];
}

function mouse(): readonly Row[] {
  return [
    [[_("Left")], _("The chosen tool")],
    [[_("Wheel")], _("Scroll")],
    [[_("Right")], _("Window")],
    [[_("Middle")], _("Move")],
    [[_("Left and right")], _("Zoom")],
  ];
}

/** What the browser does by itself: through the viewports in their order, and out again. */
function viewports(): Row {
  return [["Tab", "⇧ Tab"], _("Next viewport, the one before")];
}

function row([keys, does]: Row): HTMLElement[] {
  const term = document.createElement("dt");
  for (const key of keys) {
    const element = document.createElement("kbd");
    element.textContent = key;
    term.append(element, " ");
  }
  const description = document.createElement("dd");
  description.textContent = does;
  return [term, description];
}

function section(title: string, rows: readonly Row[]): HTMLElement {
  const element = document.createElement("section");
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("dl");
  list.append(...rows.flatMap(row));
  element.append(heading, list);
  return element;
}

function rowsOf(commands: Commands, group: Group): Row[] {
  return commands
    .all()
    .filter((command) => command.group === group)
    .map((command: Command): Row => [commands.keysOf(command).map(shownKey), command.title])
    .filter(([keys]) => keys.length > 0);
}

export function startKeyList(commands: Commands): void {
  const dialog = part<HTMLDialogElement>("key-list");
  const draw = () => {
    const sections = groups().map(([group, title]) => ({ title, rows: rowsOf(commands, group) }));
    sections.find(({ title }) => title === _("View"))?.rows.push(viewports());
    part("key-list-groups").replaceChildren(
      ...sections.filter(({ rows }) => rows.length > 0).map(({ title, rows }) => section(title, rows)),
      section(_("Mouse"), mouse()),
    );
  };
  part("key-list-close").addEventListener("click", () => dialog.close());
  commands.add({
    id: "keys",
    group: "everywhere",
    title: _("List of keys"),
    keys: ["?"],
    inDialogs: true,
    run: () => {
      if (dialog.open) {
        dialog.close();
        return;
      }
      draw();
      dialog.showModal();
    },
  });
}
