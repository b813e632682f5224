/** Brings measuring to the page: tools, the layer over the images, the lists, and saving. */
import type { Panel } from "../page/panel.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { Acts } from "./acts.ts";
import { Drawing } from "./drawing.ts";
import { Grabbing } from "./grabbing.ts";
import { MarksLayer } from "./layer.ts";
import { Lists } from "./list.ts";
import { Loupe, magnifierTool } from "./loupe.ts";
import { Marking } from "./marking.ts";
import type { Mark } from "./marks.ts";
import { startLeaving, startNews } from "./news.ts";
import { at } from "./shapes.ts";
import { startTicks } from "./ticks.ts";
import { startTouchBar } from "./touch_bar.ts";
import { askForText } from "./writing.ts";

/** Width of the glass above a finger (CSS px). */
const LOUPE = 132;

/** Asks for the text of an arrow that was just drawn, at its tail. */
function askForArrowText(acts: Acts, pane: Pane, study: Study, mark: Mark): void {
  if (mark.kind !== "arrow") return;
  const tail = pane.view.pixelToCanvas(at(mark.points, 1));
  askForText(pane, tail, "", (text) => {
    if (text) acts.rename(study, mark, text);
  });
}

function startMagnifier({ tools, commands }: Workspace): void {
  tools.add(magnifierTool());
  commands.add({
    id: "magnifier",
    group: "look",
    title: _("Magnifier"),
    keys: ["G"],
    run: () => tools.choose("magnifier"),
  });
  tools.onChoose((name) => commands.show("magnifier", name === "magnifier"));
}

/** Reads what is kept: of the study once its first image is shown, then of its priors. */
function startLoading(marking: Marking): void {
  const { workspace } = marking;
  let begun = false;
  const load = async () => {
    for (const study of workspace.studies) await marking.load(study);
  };
  const stop = workspace.on("shown", () => {
    if (begun) return;
    begun = true;
    stop();
    void load();
  });
  // Another window, or another reader, may have drawn meanwhile.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    for (const store of marking.open) void store.refresh();
  });
}

/** Starts measuring; other features read the marks through what it returns. */
export function startMeasuring(workspace: Workspace, panel: Panel): Marking {
  startMagnifier(workspace);
  const marking = new Marking(workspace);
  const loupe = new Loupe(LOUPE, true);
  const drawing: Drawing = new Drawing(marking, loupe, {
    drawn: (pane, study, mark) => askForArrowText(acts, pane, study, mark),
  });
  const acts: Acts = new Acts(marking, drawing);
  acts.start();
  const layer = new MarksLayer(marking);
  workspace.addLayer(layer);
  workspace.tools.interceptor = new Grabbing(marking, layer, drawing, loupe);
  new Lists(marking, acts, panel);
  startTicks(marking);
  startNews(marking);
  startTouchBar(marking, drawing);
  startLeaving(marking);
  startLoading(marking);
  return marking;
}
