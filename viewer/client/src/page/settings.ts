/** The dialog in which readers change keys, mouse buttons and corners; kept for them by the portal. */
import { isSingleCharacter, shownKey } from "../commands/keys.ts";
import type { Command } from "../commands/registry.ts";
import { CORNERS, ITEMS, keptCorners, parseCorners } from "../panes/corner_layout.ts";
import { _ } from "../words/say.ts";
import { part, write } from "./elements.ts";
import { BUTTON_TOOLS, bindingsOf, keysOf, withTool } from "./own_settings.ts";
import { cornerRow, keyRow, section, selectRow, switchRow } from "./settings_rows.ts";
import type { Workspace } from "./workspace.ts";

/** What this dialog changes. */
const OWN = ["mouse", "keys", "single_letter_keys", "corners"] as const;

function mouseSection({ preferences }: Workspace): HTMLElement {
  const names: Readonly<Record<string, string>> = {
    scroll: _("Scroll"),
    window: _("Window"),
    zoom: _("Zoom"),
    move: _("Move"),
  };
  const tools = BUTTON_TOOLS.map((name): [string, string] => [name, names[name] ?? name]);
  const bindings = bindingsOf(preferences.all);
  const button = (which: keyof typeof bindings, words: string) =>
    selectRow(words, tools, bindings[which], (tool) =>
      preferences.set("mouse", withTool(preferences.all, which, tool)),
    );
  return section(_("Mouse"), [
    button("right", _("Right button")),
    button("middle", _("Middle button")),
    button("both", _("Left and right together")),
  ]);
}

/** Gives a command other keys; says which command has them already. */
function giveKeys(
  { commands, preferences }: Workspace,
  command: Command,
  keys: readonly string[],
): string | null {
  const [key] = keys;
  const holder = key === undefined ? null : commands.byKey(key);
  if (key !== undefined && holder && holder.id !== command.id) {
    return _("{key} is {command}", { key: shownKey(key), command: holder.title });
  }
  preferences.set("keys", { ...keysOf(preferences.all).keys, [command.id]: keys });
  return null;
}

function keysSection(workspace: Workspace): HTMLElement {
  const { commands, preferences } = workspace;
  const single = switchRow(
    _("Single letters and digits are keys"),
    keysOf(preferences.all).singleCharacters,
    (on) => preferences.set("single_letter_keys", on),
  );
  const rows = commands
    .all()
    .map((command) => keyRow(commands, command, (keys) => giveKeys(workspace, command, keys)));
  return section(_("Keys"), [single, ...rows]);
}

function cornersSection({ preferences }: Workspace): HTMLElement {
  const layout = parseCorners(preferences.get("corners"));
  const shown = CORNERS.flatMap((corner) => layout[corner]);
  const hidden = ITEMS.filter((item) => !shown.includes(item));
  const rows = [...shown, ...hidden].map((item) =>
    cornerRow(layout, item, (changed) => preferences.set("corners", keptCorners(changed))),
  );
  return section(_("Corners of the images"), rows);
}

export function startSettings(workspace: Workspace): void {
  const { commands, preferences } = workspace;
  const dialog = part<HTMLDialogElement>("settings");
  const draw = () => {
    const body = part("settings-body");
    const focused = [...body.querySelectorAll("select, button, input")].indexOf(
      document.activeElement ?? body,
    );
    const columns = document.createElement("div");
    columns.className = "settings-columns";
    columns.append(mouseSection(workspace), cornersSection(workspace), keysSection(workspace));
    body.replaceChildren(columns);
    const again = body.querySelectorAll<HTMLElement>("select, button, input")[focused];
    if (dialog.open) again?.focus();
    const hasSingle = commands.all().some(({ keys }) => keys.some(isSingleCharacter));
    write(part("settings-note"), hasSingle ? _("Press a key's button, then the new key. Del: no key.") : "");
  };
  commands.add({
    id: "settings",
    group: "everywhere",
    title: _("Change keys, mouse, corners"),
    keys: [],
    inDialogs: true,
    run: () => {
      part<HTMLDialogElement>("key-list").close();
      draw();
      dialog.showModal();
    },
  });
  part("settings-close").addEventListener("click", () => dialog.close());
  part("settings-reset").addEventListener("click", () => {
    for (const name of OWN) preferences.set(name, undefined);
  });
  preferences.onChange(() => {
    if (dialog.open) draw();
  });
}
