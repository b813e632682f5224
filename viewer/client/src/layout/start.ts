/** Puts the parts of the layout together: shapes, links, lines, hanging. */
import { part } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";
import { startDropping } from "./dropping.ts";
import { startFull } from "./full.ts";
import { Layouts } from "./layouts.ts";
import { ReferenceLines } from "./lines.ts";
import { Linking } from "./linking.ts";
import { Picker } from "./picker.ts";

/** To be called before the first series is opened. */
export function startLayout(workspace: Workspace): void {
  const grid = part("grid");
  startFull(workspace, grid);
  // Patients and holders of links read one series after the other.
  if (workspace.config.simple) return;
  const layouts = new Layouts(workspace);
  const linking = new Linking(workspace, () => layouts.shown.tiles !== true);
  const picker = new Picker(workspace, layouts);
  new ReferenceLines(workspace);
  startDropping(workspace, grid);
  workspace.on("layout", () => layouts.noteOtherShape());
  workspace.commands.add(
    {
      id: "layout",
      group: "view",
      title: _("Layout"),
      keys: ["V"],
      run: () => picker.toggle(),
    },
    {
      id: "linked",
      group: "view",
      title: _("Link the viewports"),
      keys: ["Y"],
      run: () => {
        linking.isOn = !linking.isOn;
      },
      enabled: () => layouts.shown.tiles !== true,
    },
  );
  workspace.commands.show("linked", false);
}
