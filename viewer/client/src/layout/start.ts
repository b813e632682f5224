/** Puts the parts of the layout together: shapes, links, lines, priors, hanging. */
import { part } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { ONE } from "./arrangement.ts";
import { Comparing } from "./compare.ts";
import { startDropping } from "./dropping.ts";
import { startFull } from "./full.ts";
import { Hanger } from "./hang.ts";
import { Layouts } from "./layouts.ts";
import { ReferenceLines } from "./lines.ts";
import { Linking } from "./linking.ts";
import { askedFor } from "./opening.ts";
import { startOwnLayouts } from "./own.ts";
import { Picker } from "./picker.ts";
import { restore } from "./remembered.ts";
import { SecondWindow } from "./second.ts";

/** Opens the study in the way in which it hangs. */
export type OpenStudy = (first: SeriesSummary) => void;

/** Panes whose server cannot be reached say so, where they have no image to show. */
function startTroubles(workspace: Workspace): void {
  for (const study of workspace.studies) {
    study.onTrouble((words) => {
      for (const pane of workspace.panes) {
        if (pane.study !== study || pane.view.frame || pane.messages.state !== "loading") continue;
        if (words) pane.messages.say(words);
        else pane.messages.clear();
      }
    });
  }
}

function addCommands(workspace: Workspace, layouts: Layouts, linking: Linking, picker: Picker): void {
  const comparing = new Comparing(workspace, layouts, linking);
  workspace.commands.add(
    { id: "layout", group: "view", title: _("Layout"), keys: ["V"], run: () => picker.toggle() },
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
    {
      id: "prior",
      group: "view",
      title: _("Compare with a prior, and back"),
      keys: ["P"],
      run: () => void comparing.toggle(),
      enabled: () => comparing.isPossible,
    },
  );
  workspace.commands.show("linked", false);
  workspace.commands.show("prior", false);
}

/** To be called before the first series is opened. */
export function startLayout(workspace: Workspace, lookAgain: (study: Study) => void): OpenStudy {
  const grid = part("grid");
  startFull(workspace, grid);
  startTroubles(workspace);
  // Patients and holders of links read one series after the other.
  const asked = askedFor(workspace.study);
  if (workspace.config.simple) return (first) => void workspace.open(workspace.study, asked?.series ?? first);
  const layouts = new Layouts(workspace);
  const linking = new Linking(workspace, () => layouts.shown.tiles !== true);
  const hanger = new Hanger(workspace, layouts, linking);
  const picker = new Picker(workspace, layouts);
  new ReferenceLines(workspace);
  startDropping(workspace, grid);
  startOwnLayouts(workspace, hanger, picker);
  workspace.on("layout", () => layouts.noteOtherShape());
  addCommands(workspace, layouts, linking, picker);
  const second = new SecondWindow(workspace, layouts, linking, lookAgain);
  workspace.commands.add({
    id: "second-window",
    group: "view",
    title: _("Open a second window for another monitor"),
    keys: ["Shift+W"],
    run: () => second.open(),
    enabled: () => !second.isSecond,
  });
  return () => {
    if (restore(workspace, layouts, linking)) return;
    if (second.isSecond) void second.hang();
    else if (asked) void layouts.hang(ONE, [asked]);
    else hanger.open();
  };
}
