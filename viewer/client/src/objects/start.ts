/** Objects other than plain images: shown in panes, or laid over the images that they speak of. */
import type { DataSet } from "../dicom/dataset.ts";
import { type Kind, kindOfSeries } from "../dicom/kinds.ts";
import type { Panel, Tab } from "../page/panel.ts";
import { _ } from "../words/say.ts";
import { Finder, seriesByInstance } from "./finding.ts";
import { startFlags } from "./flags.ts";
import type { Pane, SeriesSummary, Study, Workspace } from "./host.ts";
import { Overlays } from "./overlays.ts";
import { ObjectsPanel } from "./panel.ts";
import { showObject } from "./stage.ts";

/** Kinds that lie over images: opening their series opens those images. */
const OVER_IMAGES: ReadonlySet<Kind> = new Set<Kind>(["presentation states", "segmentation", "structures"]);

/** The first image that the objects lie on, or null where the study does not hold it. */
async function imageBelow(study: Study, instances: readonly DataSet[]) {
  const finder = new Finder(study);
  const named = instances.flatMap((ds) => [...seriesByInstance(ds).keys()]);
  if (named.length === 0) return null;
  await finder.read(instances);
  for (const sopInstanceUid of named) {
    const found = finder.find({ sopInstanceUid, frames: [] });
    if (found) return found;
  }
  return null;
}

class Objects {
  private readonly overlays: Overlays;
  private panel: { readonly tab: Tab; readonly view: ObjectsPanel } | null = null;

  constructor(
    private readonly workspace: Workspace,
    private readonly side: Panel,
  ) {
    this.overlays = new Overlays(workspace);
    workspace.instead = (pane, study, series, instances) => this.instead(pane, study, series, instances);
    workspace.on("shown", (pane) => void this.read(pane));
    workspace.on("active", () => this.draw());
    workspace.on("opened", (pane) => {
      // A state belongs to the images that it was put on.
      this.overlays.states.forget(pane);
      this.draw();
    });
    workspace.on("ended", (study) => this.overlays.forget(study));
  }

  /** True where something else than images is shown. */
  private instead(pane: Pane, study: Study, series: SeriesSummary, instances: readonly DataSet[]): boolean {
    const kind = kindOfSeries(instances);
    if (kind === "images" || instances.length === 0) return false;
    const scene = { pane, study, series, instances, kind };
    if (OVER_IMAGES.has(kind)) void this.openBelow(scene);
    else void showObject(scene, this.workspace);
    return true;
  }

  /** Opens the images that lie below, with the objects on them. */
  private async openBelow(scene: Parameters<typeof showObject>[0]): Promise<void> {
    const { pane, study, kind, instances } = scene;
    const { signal } = pane;
    const below = await imageBelow(study, instances).catch(() => null);
    if (signal.aborted) return;
    if (!below) {
      await showObject(scene, this.workspace);
      return;
    }
    await pane.open(study, below.series, below.frames[below.index]);
    const objects = await this.overlays.read(study);
    this.addPanel();
    if (kind === "presentation states" && pane.series === below.series) {
      const ids = new Set(instances.map((ds) => ds["00080018"]?.Value?.[0]));
      const state = objects.states.find(({ state: { sopInstanceUid } }) => ids.has(sopInstanceUid));
      if (state) this.whenShown(pane, () => this.overlays.apply(pane, state));
    }
    this.panel?.tab.show();
    this.draw();
  }

  private whenShown(pane: Pane, run: () => void): void {
    if (pane.view.shownPicture) {
      run();
      this.draw();
      return;
    }
    const stop = this.workspace.on("shown", (one) => {
      if (one !== pane) return;
      stop();
      run();
      this.draw();
    });
  }

  private async read(pane: Pane): Promise<void> {
    const { study } = pane;
    if (!study) return;
    const objects = await this.overlays.read(study);
    if (!objects.isEmpty || this.overlays.hasPlanes(pane)) this.addPanel();
    this.workspace.redraw(pane);
    if (pane === this.workspace.active) this.draw();
  }

  private addPanel(): void {
    if (this.panel) return;
    const tab = this.side.add("objects", _("On images"));
    const view = new ObjectsPanel(tab.body, this.workspace, this.overlays);
    this.panel = { tab, view };
    this.draw();
  }

  private draw(): void {
    this.panel?.view.draw();
  }
}

export function startObjects(workspace: Workspace, panel: Panel): void {
  startFlags(workspace);
  new Objects(workspace, panel);
}
