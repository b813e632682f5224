/** The command that opens Info; what it says, and the names of DICOM's attributes, come when it is first used. */
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";
import type { InfoSheet } from "./sheet.ts";

export function startInfo(workspace: Workspace): void {
  let sheet: Promise<InfoSheet> | null = null;
  const open = async () => {
    sheet ??= import("./sheet.ts").then(({ InfoSheet: Sheet }) => new Sheet(workspace));
    try {
      (await sheet).toggle();
    } catch (error) {
      console.error(error);
      // It may be asked for again.
      sheet = null;
      workspace.active.notice("info", _("Info did not come; try again in a moment"));
    }
  };
  workspace.commands.add({
    id: "info",
    group: "everywhere",
    title: _("Info: UIDs and all attributes of the image"),
    keys: ["Shift+I"],
    run: () => void open(),
    enabled: () => workspace.active.series !== null,
  });
  workspace.commands.show("info", false);
  for (const name of ["opened", "layout"] as const) workspace.on(name, () => workspace.commands.changed());
}
