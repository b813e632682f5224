/** One place of the screen in which a series is read: its view, what stands on it, what it says. */
import { type DataSet, text } from "../dicom/dataset.ts";
import { beginning, type Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { isColor, loadAhead, MEMORY, registerFrames } from "../engine/loader.ts";
import { Prefetch, type PrefetchProgress } from "../engine/prefetch.ts";
import { traffic } from "../engine/traffic.ts";
import { View } from "../engine/view.ts";
import { write } from "../page/elements.ts";
import { mayHoldImages, type SeriesSummary, seriesName } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { imageTrouble, noImages, seriesTrouble } from "../words/troubles.ts";
import { framesWithin } from "./budget.ts";
import { type CornerSettings, Corners } from "./corners.ts";
import { Messages, type PaneState } from "./messages.ts";
import { Parts } from "./parts.ts";
import { Preview, previewKey } from "./preview.ts";
import { publish } from "./published.ts";

/** What a pane tells the page. */
export interface PaneHooks {
  opened(pane: Pane): void;
  shown(pane: Pane): void;
  moved(pane: Pane): void;
  changed(pane: Pane): void;
  progressed(pane: Pane, progress: PrefetchProgress): void;
  state(pane: Pane, state: PaneState): void;
  /** True where something else than the images of a series is shown; it says for itself when it is there. */
  instead(pane: Pane, study: Study, series: SeriesSummary, instances: readonly DataSet[]): boolean;
  /** Another pane that loads the same series ahead. */
  leader(pane: Pane): Pane | null;
  /** How many different series share the memory. */
  sharers(): number;
  /** True for a failure after which nothing more is to be asked for. */
  isFinal(pane: Pane, error: unknown): boolean;
}

/** An image that comes sooner needs no preview (ms). */
const PREVIEW_AFTER = 200;

/** Which image to begin with: by place, or by name. */
export type Start = number | { readonly sopInstanceUid: string; readonly frameNumber: number };

export class Pane {
  readonly parts: Parts;
  readonly viewport: HTMLDivElement;
  /** Over the image, in CSS pixels of the viewport; layers draw into groups of their own. */
  readonly svg: SVGSVGElement;
  readonly view: View;
  readonly messages: Messages;
  readonly corners: Corners;
  private readonly preview: Preview;
  study: Study | null = null;
  series: SeriesSummary | null = null;
  /** Short words under the badge, by cause. */
  readonly notices = new Map<string, string>();
  /** Takes the steps of wheel, keys and drags in the place of the view, where several panes go together. */
  stepper: ((images: number) => void) | null = null;
  private prefetch: Prefetch | null = null;
  private told: PrefetchProgress | null = null;
  private leads = false;
  private generation = 0;
  private over = new AbortController();

  constructor(
    readonly id: string,
    readonly element: HTMLElement,
    settings: CornerSettings,
    private readonly hooks: PaneHooks,
  ) {
    this.parts = new Parts(element);
    this.viewport = this.parts.get<HTMLDivElement>("viewport");
    this.svg = this.parts.get<SVGSVGElement>("svg");
    this.messages = new Messages(this.parts, (state) => hooks.state(this, state));
    this.corners = new Corners(this.parts, settings);
    this.preview = new Preview(this.parts);
    this.view = new View(this.viewport, {
      shown: (index) => this.shown(index),
      failed: (index, error) => this.failed(index, error),
      moved: () => this.hooks.moved(this),
      waiting: (index) => this.messages.waiting(_("Getting image {n}", { n: index + 1 })),
      arriving: (_index, share) => this.preview.arriving(share),
      changed: () => this.changed(),
    });
    this.messages.state = "empty";
  }

  destroy(): void {
    this.close();
    this.view.destroy();
    this.element.remove();
  }

  /** Opens a series, in the middle of a stack, at the beginning of a film, or where it is told to. */
  async open(study: Study, series: SeriesSummary, start?: Start): Promise<void> {
    this.clear();
    const { generation } = this;
    this.study = study;
    this.series = series;
    this.messages.state = "loading";
    this.messages.waiting(_("Getting {series}", { series: seriesName(series) }));
    this.startPreview(study, series, start);
    try {
      const [frames, instances] = await Promise.all([study.frames(series), study.instances(series)]);
      if (generation !== this.generation) return;
      if (this.hooks.instead(this, study, series, instances)) this.hooks.opened(this);
      else this.begin(study, series, frames, start);
    } catch (error) {
      if (generation !== this.generation) return;
      console.error(error);
      this.preview.end();
      this.hooks.isFinal(this, error);
      this.messages.say(seriesTrouble(error));
      this.messages.state = "error";
    }
  }

  /** Shows frames that are made here, such as planes of a volume: there is nothing to wait for. */
  present(study: Study, series: SeriesSummary, frames: readonly Frame[], index: number): void {
    this.close();
    this.study = study;
    this.series = series;
    this.messages.state = "loading";
    this.view.open(frames, index);
    this.hooks.opened(this);
  }

  /** Takes everything off: images, words, what is on its way. */
  close(): void {
    this.preview.end();
    this.clear();
  }

  private clear(): void {
    this.generation += 1;
    this.prefetch?.stop();
    this.prefetch = null;
    this.leads = false;
    this.told = null;
    this.over.abort();
    this.over = new AbortController();
    this.view.close();
    this.notices.clear();
    this.corners.drawNotices([]);
    const object = this.parts.get("object");
    object.replaceChildren();
    object.hidden = true;
    this.study = null;
    this.series = null;
    this.svg.replaceChildren();
    this.messages.cover();
    this.messages.waited();
    publish(this);
  }

  /** Says words in place of the image. */
  say(words: string, state: PaneState): void {
    this.preview.end();
    this.messages.say(words);
    this.messages.state = state;
  }

  /** Takes everything off and says how to fill the place. */
  empty(): void {
    this.close();
    this.messages.clear();
    this.messages.state = "empty";
  }

  /** Says why no image of the open series stands here, near to one of its places. */
  showNone(index: number, words: string): void {
    this.view.blank(index);
    this.messages.say(words);
    publish(this);
  }

  /** Says how the pane follows others; "" where it does not. */
  sayLink(words: string): void {
    const line = this.parts.get("link");
    write(line, words);
    line.hidden = words === "";
  }

  /** Something else than an image is there: nothing is waited for any more. */
  showed(state: PaneState): void {
    this.messages.waited();
    this.messages.state = state;
  }

  /** Ends when something else is shown. */
  get signal(): AbortSignal {
    return this.over.signal;
  }

  step(images: number): void {
    if (this.stepper) this.stepper(images);
    else this.view.step(images);
  }

  get progress(): PrefetchProgress | null {
    return this.leads ? (this.prefetch?.progress ?? null) : (this.told ?? this.prefetch?.progress ?? null);
  }

  /** True while this pane loads its series ahead, for itself and for others that show it. */
  get isAhead(): boolean {
    return this.leads;
  }

  /** Loads the rest of the series, unless another pane does. */
  loadAhead(): void {
    const { prefetch } = this;
    const begun = ["first-image", "ready", "error"].includes(this.messages.state);
    if (!prefetch || this.leads || !begun) return;
    const leader = this.hooks.leader(this);
    if (!leader) {
      this.leads = true;
      prefetch.start(Math.max(0, this.view.target));
    } else if (leader.progress) this.hear(leader.progress);
  }

  /** Another pane loads the series: how far it is. */
  hear(progress: PrefetchProgress): void {
    this.told = progress;
    this.progressed(progress);
  }

  /** How far what made frames are made of is loaded. */
  tellProgress(progress: PrefetchProgress): void {
    this.told = progress;
    this.hooks.progressed(this, progress);
  }

  /** True for an image that is here, or that will never come. */
  isSettled(index: number): boolean {
    return this.view.isLoaded(index) || (this.progress?.failed.has(index) ?? false);
  }

  /** Says something under the badge; null takes it away. */
  notice(cause: string, words: string | null): void {
    if (words === null) this.notices.delete(cause);
    else this.notices.set(cause, words);
    this.corners.drawNotices([...this.notices.values()]);
  }

  private begin(study: Study, series: SeriesSummary, frames: readonly Frame[], start?: Start): void {
    const [first] = frames;
    if (!first) {
      this.hooks.opened(this);
      this.say(noImages(mayHoldImages(series) ? "" : series.modality), "ready");
      return;
    }
    registerFrames(frames, study.dicomweb);
    this.prefetch = new Prefetch(
      frames.length,
      () => framesWithin((MEMORY * 0.8) / this.hooks.sharers(), first),
      (indices, signal, settled) => loadBundle(frames, indices, signal, settled),
      {
        onProgress: (progress) => {
          // Of a series that another pane loads, that one knows more.
          if (this.leads) this.progressed(progress);
        },
        isFinal: (error) => this.hooks.isFinal(this, error),
      },
      traffic,
    );
    this.view.open(frames, startOf(frames, start));
    this.hooks.opened(this);
  }

  private shown(index: number): void {
    const { state } = this.messages;
    const isFirst = state === "loading" || state === "error";
    this.preview.end();
    this.messages.uncover();
    if (isFirst) this.messages.state = "first-image";
    this.announce();
    this.prefetch?.note(index, true);
    if (isFirst) this.startPrefetch();
    else this.prefetch?.moveTo(index);
    this.hooks.shown(this);
    // All the others may have come while this one failed.
    if (isFirst && this.progress) this.progressed(this.progress);
    else if (isFirst) this.messages.state = "ready";
    publish(this);
  }

  private failed(index: number, error: unknown): void {
    console.error(error);
    this.preview.end();
    this.hooks.isFinal(this, error);
    this.messages.say(imageTrouble(error, index + 1));
    const isFirst = this.messages.state === "loading";
    if (isFirst) this.messages.state = "error";
    this.prefetch?.note(index, false);
    if (isFirst) this.startPrefetch();
    this.hooks.shown(this);
    publish(this);
  }

  /** It shows the middle of a series, where reading begins; nobody is shown another image than they asked for. */
  private startPreview(study: Study, series: SeriesSummary, start: Start | undefined): void {
    const key = previewKey(study.uid, series.uid);
    if (start !== undefined || !mayHoldImages(series)) {
      this.preview.end();
      return;
    }
    const { generation } = this;
    if (!this.preview.isOf(key)) this.preview.end();
    setTimeout(() => {
      const isWaiting = generation === this.generation && this.messages.state === "loading";
      if (isWaiting) void this.preview.begin(key, study.picture(series));
    }, PREVIEW_AFTER);
  }

  private startPrefetch(): void {
    // The first image is drawn before its neighbours compete for the network.
    setTimeout(() => this.loadAhead(), 0);
  }

  private progressed(progress: PrefetchProgress): void {
    const { loaded, failed, total } = progress;
    const done = loaded.size + failed.size >= Math.min(total, this.prefetch?.limit ?? total);
    if (done && this.messages.state === "first-image") this.messages.state = "ready";
    this.hooks.progressed(this, progress);
  }

  private changed(): void {
    this.corners.draw(this);
    this.hooks.changed(this);
    publish(this);
  }

  private announce(): void {
    const { frame, index, count } = this.view;
    if (!frame || !this.series) return;
    const { modality, number, description } = this.series;
    const which = number === null ? description : _("series {n}", { n: number });
    const image = _("image {n} of {count}", { n: index + 1, count });
    const said = [modality, which, image, description].filter((words) => words !== "");
    this.messages.name([...new Set(said)].join(", "), this.element.hasAttribute("data-active"));
  }

  /** Modality of the image, else of the series. */
  get modality(): string {
    const { frame } = this.view;
    return (frame && text(frame.dataSet, Tag.Modality)) || this.series?.modality || "";
  }

  get isColor(): boolean {
    return this.view.frame !== null && isColor(this.view.frame);
  }
}

function startOf(frames: readonly Frame[], start: Start | undefined): number {
  if (typeof start === "number") return Math.max(0, Math.min(frames.length - 1, start));
  if (start) {
    const { sopInstanceUid, frameNumber } = start;
    const at = frames.findIndex(
      (frame) => frame.sopInstanceUid === sopInstanceUid && frame.frameNumber === frameNumber,
    );
    if (at !== -1) return at;
  }
  return beginning(frames);
}

function loadBundle(
  frames: readonly Frame[],
  indices: readonly number[],
  signal: AbortSignal,
  settled: (index: number, error?: unknown) => void,
): Promise<void> {
  const places = new Map<Frame, number>();
  for (const index of indices) {
    const frame = frames[index];
    if (frame) places.set(frame, index);
  }
  return loadAhead([...places.keys()], signal, (frame, error) => {
    const index = places.get(frame);
    if (index !== undefined) settled(index, error);
  });
}
