/** Puts the page together: studies, panes, tools, the bars around them, and the features. */
import { listenToKeys } from "../commands/keyboard.ts";
import { startInfo } from "../info/start.ts";
import { type OpenStudy, startLayout } from "../layout/start.ts";
import { startMeasuring } from "../measure/start.ts";
import { startObjects } from "../objects/start.ts";
import { startPrinting } from "../print/start.ts";
import { startReport } from "../report/start.ts";
import type { SeriesSummary, ViewerConfig } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { startVolume } from "../volume/commands.ts";
import { nothingYet } from "../words/troubles.ts";
import { Access } from "./access.ts";
import { Cine } from "./cine.ts";
import { startFolding } from "./folding.ts";
import { startKeyList } from "./keylist.ts";
import { startLater } from "./later.ts";
import { startLooking } from "./looking.ts";
import type { Notice } from "./notice.ts";
import { startOwnSettings } from "./own_settings.ts";
import { Panel } from "./panel.ts";
import { speakPlainly } from "./plain_presets.ts";
import { PreferenceStore } from "./preferences.ts";
import { startPresets } from "./presets.ts";
import { Rail } from "./rail.ts";
import { startSettings } from "./settings.ts";
import { startSheets } from "./sheets.ts";
import { Toolbar } from "./toolbar.ts";
import { Workspace } from "./workspace.ts";

function startRail(workspace: Workspace): void {
  const rail = new Rail(workspace.studies, (study, series) => void workspace.open(study, series));
  const show = () => rail.show(workspace.panes, workspace.active);
  let picturesAsked = false;
  workspace.on("opened", (pane) => {
    show();
    rail.count(pane);
  });
  workspace.on("active", show);
  workspace.on("layout", show);
  workspace.on("ended", (study) => rail.forget(study));
  workspace.on("progress", ({ pane, progress: { loaded, failed, total } }) => {
    rail.progress(pane, total === 0 ? 1 : (loaded.size + failed.size) / total);
  });
  // After the first image, which they would compete with for the network.
  const askForPictures = () => {
    if (picturesAsked) return;
    picturesAsked = true;
    setTimeout(() => rail.loadThumbnails(), 0);
  };
  workspace.on("shown", askForPictures);
  // A study may begin with a document, a video, or an image that cannot be shown: the others have pictures all the same.
  workspace.on("state", () => {
    if (["ready", "error"].includes(workspace.active.messages.state)) askForPictures();
  });
}

/** The page's own state is that of its active pane: tests and style sheets read it. */
function publishState(workspace: Workspace): void {
  const draw = () => {
    document.documentElement.dataset.viewerState = workspace.active.messages.state;
  };
  workspace.on("state", draw);
  workspace.on("active", draw);
}

function startKeys(workspace: Workspace): void {
  const { commands, tools } = workspace;
  listenToKeys(commands, (_event, name) => {
    if (name === "Esc" && workspace.cancelDrag()) return true;
    if (tools.interceptor?.key(workspace.active, name)) return true;
    return tools.chosen?.key?.(workspace.active, name) ?? false;
  });
}

/** Each feature brings its own commands, tools, layers and tabs. */
function startFeatures(workspace: Workspace, panel: Panel, access: Access): OpenStudy {
  // Patients and holders of links look; they do not measure.
  const marking = workspace.config.simple ? null : startMeasuring(workspace, panel);
  if (marking) startReport(workspace, marking);
  if (!workspace.config.simple) startVolume(workspace);
  startPrinting(workspace, marking);
  if (!workspace.config.simple) startInfo(workspace);
  startObjects(workspace, panel);
  return startLayout(workspace, (study) => access.look(study));
}

/** Opens the page on its first series. */
export function startReader(
  config: ViewerConfig,
  studies: readonly Study[],
  first: SeriesSummary | null,
  notice: Notice,
): Workspace {
  const preferences = new PreferenceStore(config.preferences, config.preferencesUrl, config);
  const access: Access = new Access(() => workspace, notice);
  const workspace: Workspace = new Workspace(config, studies, preferences, (pane, error) =>
    access.isFinal(pane, error),
  );
  publishState(workspace);
  workspace.on("opened", ({ study }) => study && access.watch(study));
  startLooking(workspace);
  startPresets(workspace);
  new Cine(workspace);
  startRail(workspace);
  startFolding(workspace);
  startSheets();
  if (config.simple) speakPlainly(config.presets);
  const openStudy = startFeatures(workspace, new Panel(workspace), access);
  startKeyList(workspace.commands);
  startLater(workspace);
  startSettings(workspace);
  startOwnSettings(workspace);
  startKeys(workspace);
  new Toolbar(workspace.commands);
  if (first) openStudy(first);
  else workspace.active.say(nothingYet(), "ready");
  return workspace;
}
