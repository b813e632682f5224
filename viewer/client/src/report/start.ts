/** The command that exports what was measured to the DICOM Server of the study, and what it says. */
import { Refused, Unreachable, Unusable } from "../http/failures.ts";
import type { Marking } from "../measure/marking.ts";
import { part, write } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Study } from "../studies/study.ts";
import { _, _n } from "../words/say.ts";
import { refusal } from "../words/troubles.ts";
import type { Exported } from "./export.ts";

function done({ measurements, keyImages }: Exported, institution: string): string {
  const what = [
    measurements > 0 ? _n("{n} mark", "{n} marks", measurements) : "",
    keyImages > 0 ? _n("{n} key image", "{n} key images", keyImages) : "",
  ].filter((words) => words !== "");
  return _("{what} stored with the study at {institution}.", { what: what.join(", "), institution });
}

function trouble(error: unknown): string {
  if (error instanceof Refused) return refusal(error);
  if (error instanceof Unreachable) {
    return _("Not exported: the DICOM Server cannot be reached. Your marks are kept in the portal.");
  }
  if (error instanceof Unusable) return _("Not exported: {why}.", { why: error.message });
  return _("Not exported. Something broke in the viewer; nothing was lost.");
}

/** Studies whose DICOM Server takes reports of this reader. */
function mayExport({ config }: Study): boolean {
  return config.permissions.includes("report") && config.takenOutUrl !== "";
}

export function startReport(workspace: Workspace, marking: Marking): void {
  const { commands, study, config } = workspace;
  if (!mayExport(study)) return;
  let running = false;
  const said = part("panel-said");
  const run = async () => {
    running = true;
    commands.changed();
    write(said, _("Storing the measurements with the study"));
    try {
      const { exportMarks } = await import("./export.ts");
      const exported = await exportMarks(marking, study, config.me, config);
      write(said, done(exported, study.config.institution));
    } catch (error) {
      console.warn(error);
      write(said, trouble(error));
    } finally {
      running = false;
      commands.changed();
    }
  };
  commands.add({
    id: "export-sr",
    group: "edit",
    title: _("Export the measurements (DICOM SR)"),
    keys: ["Shift+E"],
    run: () => void run(),
    enabled: () => !running && marking.storeOf(study).all.some(({ author }) => author.isMe),
  });
  marking.onChange(() => commands.changed());
}
