/** Lays a prior beside the study that is open: the series that belongs to the active one, linked, and back again. */
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import type { Arrangement, Hung } from "./arrangement.ts";
import { type Layouts, nameOf } from "./layouts.ts";
import { bestPrior } from "./likeness.ts";
import type { Linking } from "./linking.ts";
import { bestSeries } from "./matching.ts";

const BESIDE: Arrangement = { rows: 1, columns: 2 };

interface Before {
  readonly arrangement: Arrangement;
  readonly hung: readonly (Hung | null)[];
  readonly linked: boolean;
}

export function hungOf({ study, series, view }: Pane): Hung | null {
  return study && series ? { study, series, start: Math.max(0, view.target) } : null;
}

export class Comparing {
  private before: Before | null = null;
  private starting = false;

  constructor(
    private readonly workspace: Workspace,
    private readonly layouts: Layouts,
    private readonly linking: Linking,
  ) {
    layouts.onChange(() => {
      // Whoever chooses another layout has left the comparison.
      if (!this.starting && nameOf(layouts.shown) !== nameOf(BESIDE)) this.before = null;
      this.draw();
    });
    workspace.on("opened", () => this.draw());
  }

  get isPossible(): boolean {
    return this.workspace.studies.length > 1;
  }

  private get isOn(): boolean {
    return this.before !== null && this.workspace.panes.some(({ study }) => study?.config.isPrior);
  }

  async toggle(): Promise<void> {
    if (this.isOn) this.leave();
    else await this.enter();
  }

  private async enter(): Promise<void> {
    const { workspace, layouts, linking } = this;
    const [study, ...priors] = workspace.studies;
    const now = workspace.panes.find((pane) => pane === workspace.active && pane.study === study) ?? null;
    const series = now?.series ?? workspace.panes.find((pane) => pane.study === study)?.series;
    if (!study || !series) return;
    const prior = bestPrior(series, priors);
    if (!prior) return;
    this.before = {
      arrangement: layouts.shown,
      hung: workspace.panes.map(hungOf),
      linked: linking.isOn,
    };
    this.starting = true;
    const beside = await bestSeries({ study, series }, prior);
    const start = now ? { start: Math.max(0, now.view.target) } : {};
    const [window, chosen] = [now?.view.window ?? null, now ? !now.view.ownWindow : false];
    const opened = layouts.hang(BESIDE, [
      { study, series, ...start },
      beside && { study: prior.study, series: beside },
    ]);
    this.starting = false;
    this.draw();
    const [left, right] = workspace.panes;
    if (left) workspace.activate(left);
    await opened;
    if (!left || !right || !this.isOn) return;
    // The reader's window, on both: they compare.
    const alike = left.series?.modality === right.series?.modality;
    if (chosen && window && alike) for (const pane of [left, right]) pane.view.setWindow(window);
    linking.isOn = true;
  }

  private leave(): void {
    const { before } = this;
    this.before = null;
    if (!before) return;
    void this.layouts.hang(before.arrangement, before.hung);
    this.linking.isOn = before.linked;
    this.draw();
  }

  private draw(): void {
    this.workspace.commands.show("prior", this.isOn);
  }
}
