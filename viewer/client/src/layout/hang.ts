/** Hangs the study when it is opened, and keeps the reader's own way of hanging its kind. */
import { sendJson } from "../http/portal.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Start } from "../panes/pane.ts";
import { firstSeries, type Hanging, mayHoldImages, type SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import type { Hung } from "./arrangement.ts";
import { Breasts } from "./breasts.ts";
import {
  isProjection,
  type KeptPlan,
  keptFor,
  keptLayout,
  keptPlaces,
  kindOf,
  mainSeries,
  usualPlan,
} from "./hanging.ts";
import type { Layouts } from "./layouts.ts";
import type { Linking } from "./linking.ts";
import { breastPlan, chestPlan, type Projection, projectionOf } from "./projections.ts";

/** X-rays of a study that are looked at for what they show. */
const LOOKED_AT = 12;

interface At {
  readonly series: SeriesSummary;
  readonly start: Start;
}

export class Hanger {
  private hangings: readonly Hanging[];
  private readonly breasts: Breasts;

  constructor(
    private readonly workspace: Workspace,
    private readonly layouts: Layouts,
    private readonly linking: Linking,
  ) {
    this.hangings = workspace.config.hangings;
    this.breasts = new Breasts(workspace);
  }

  get kind(): ReturnType<typeof kindOf> {
    return kindOf(this.workspace.study.config);
  }

  /** The layout that the reader kept for this kind of study. */
  get kept(): KeptPlan | null {
    return keptFor(this.kind, this.hangings);
  }

  /** The reader's own way, else the usual one. */
  open(): void {
    if (this.kept && !this.layouts.isNarrow) this.hangKept(this.kept);
    else this.hangUsual();
  }

  /** Keeps what is on the screen for studies of this kind; false where the portal does not take it. */
  async keep(): Promise<boolean> {
    const { config, panes } = this.workspace;
    const places = panes.map(({ study, series }) => ({ series, isPrior: study?.config.isPrior ?? false }));
    const layout = keptLayout(this.layouts.shown, places, this.linking.isOn);
    const { modality, bodyPart } = this.kind;
    const body = { modality, body_part: bodyPart, layout };
    const { status } = await sendJson("PUT", config.hangingsUrl, body, config);
    if (status >= 300) return false;
    this.hangings = [...this.others(), { modality, bodyPart, layout }];
    return true;
  }

  /** Forgets the reader's own way, and hangs as usual. */
  async reset(): Promise<void> {
    const { config } = this.workspace;
    const { modality, bodyPart } = this.kind;
    const query = new URLSearchParams({ modality, body_part: bodyPart });
    if (this.kept) await sendJson("DELETE", `${config.hangingsUrl}?${query}`, undefined, config);
    this.hangings = this.others();
    this.hangUsual();
  }

  private others(): Hanging[] {
    const { modality, bodyPart } = this.kind;
    return this.hangings.filter((one) => one.modality !== modality || one.bodyPart !== bodyPart);
  }

  private hangUsual(): void {
    const { study } = this.workspace;
    if (isProjection(this.kind) && !this.layouts.isNarrow) {
      void this.hangProjections(study).catch(() => this.hangPlan(study));
    } else this.hangPlan(study);
  }

  private hangPlan(study: Study): void {
    const { arrangement, series, linked } = usualPlan(study.config);
    const narrow = this.layouts.isNarrow;
    const first = firstSeries(study.config.series);
    const wanted = narrow ? [first] : series;
    void this.hang(
      arrangement,
      wanted.map((one) => one && { study, series: one }),
      linked && !narrow,
    );
  }

  private hangKept(plan: KeptPlan): void {
    const { study, studies } = this.workspace;
    void this.hang(plan.arrangement, keptPlaces(plan, study, studies.slice(1)), plan.linked);
  }

  private async hang(
    arrangement: Parameters<Layouts["hang"]>[0],
    hung: readonly (Hung | null)[],
    linked: boolean,
  ): Promise<void> {
    const opened = this.layouts.hang(arrangement, hung);
    const [first] = this.workspace.panes;
    if (first) this.workspace.activate(first);
    await opened;
    if (linked !== this.linking.isOn) this.linking.isOn = linked;
  }

  /** By what the images say they show; all of them are here within one answer a series. */
  private async hangProjections(study: Study): Promise<void> {
    const all = study.config.series.filter(mayHoldImages);
    const [only] = all;
    if (!only || (all.length === 1 && only.count === 1)) {
      this.hangPlan(study);
      return;
    }
    const before = this.workspace.panes.map(({ series }) => series);
    const images: Projection<At>[] = [];
    const looked = mainSeries(all, LOOKED_AT);
    for (const series of looked) study.prepare(series);
    for (const series of looked) {
      for (const frame of await study.frames(series)) {
        const { sopInstanceUid, frameNumber } = frame;
        if (frameNumber > 1 || images.length >= LOOKED_AT) continue;
        images.push(projectionOf(frame, { series, start: { sopInstanceUid, frameNumber } }));
      }
    }
    // The reader has chosen something else meanwhile.
    if (this.workspace.panes.some(({ series }, at) => series !== before[at])) return;
    const plan = this.kind.modality === "MG" ? breastPlan(images) : chestPlan(images);
    const hung = plan.places.map((way): Hung | null => way && { study, ...way.place });
    if (!hung.some((one) => one !== null)) {
      this.hangPlan(study);
      return;
    }
    await this.hang(plan.arrangement, hung, false);
    this.breasts.turn(this.workspace.panes, plan.places);
  }
}
