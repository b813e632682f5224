/** The row of window presets: buttons and digits, for the active pane. */
import { type Preset, presetOf } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import { part } from "./elements.ts";
import type { Workspace } from "./workspace.ts";

/** What a preset's button carries as data-command. */
function idOf({ key }: Preset): string {
  return `preset-${key}`;
}

function choose({ active }: Workspace, { window }: Preset): void {
  if (active.view.frame && !active.isColor) active.view.setWindow(window);
}

/** Presets are in HU: they are for CT only; the data's own window is for every grey image. */
function applies({ active }: Workspace, { window }: Preset): boolean {
  return active.view.frame !== null && !active.isColor && (window === null || active.modality === "CT");
}

function draw({ active, commands, config }: Workspace): void {
  const { view } = active;
  const offer = active.isColor ? "none" : active.modality === "CT" ? "all" : "own";
  part("presets").dataset.offer = offer;
  const own = config.presets.find(({ window }) => window === null);
  const chosen = view.ownWindow ? own : view.window && presetOf(view.window, config.presets);
  for (const preset of config.presets) commands.show(idOf(preset), preset === chosen);
}

export function startPresets(workspace: Workspace): void {
  const { commands, config } = workspace;
  for (const preset of config.presets) {
    commands.add({
      id: idOf(preset),
      group: "window",
      title: preset.name,
      keys: preset.window === null ? [preset.key, "`"] : [preset.key],
      run: () => choose(workspace, preset),
      enabled: () => applies(workspace, preset),
    });
  }
  if (!config.presets.some(({ window }) => window === null)) {
    commands.add({
      id: "preset-own",
      group: "window",
      title: _("From the data"),
      keys: ["`"],
      run: () => workspace.active.view.setWindow(null),
    });
  }
  workspace.on("changed", (pane) => {
    if (pane === workspace.active) draw(workspace);
  });
  workspace.on("active", () => draw(workspace));
  workspace.on("shown", () => commands.changed());
}
