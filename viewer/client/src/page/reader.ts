/** Puts the page together: series, viewport, tools, cine, keys, messages. */
import { cache } from "@cornerstonejs/core";
import { number, text } from "../dicom/dataset.ts";
import { type Frame, isCine, ownFrameRate } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { dragged, type Preset } from "../dicom/windows.ts";
import { isColor, load, startLoader } from "../engine/loader.ts";
import { Prefetch, type PrefetchProgress } from "../engine/prefetch.ts";
import { bindTools, chooseTool, pixelsPerImage, startTools, type ToolName } from "../engine/tools.ts";
import { ENGINE_ID, VIEWPORT_ID, View } from "../engine/view.ts";
import type { DicomWeb } from "../http/dicomweb.ts";
import { Refused } from "../http/failures.ts";
import { isEndOfAccess, Watch } from "../http/watch.ts";
import { Cine } from "./cine.ts";
import { mayHoldImages, type SeriesSummary, seriesName, type ViewerConfig } from "./config.ts";
import { Corners, type Shown } from "./corners.ts";
import { part } from "./elements.ts";
import { type Actions, listen } from "./input.ts";
import { startKeyList } from "./keylist.ts";
import { ZOOM_STEP } from "./keys.ts";
import type { Notice } from "./notice.ts";
import { publish } from "./published.ts";
import { Rail } from "./rail.ts";
import { Stage } from "./stage.ts";
import { Toolbar } from "./toolbar.ts";
import { imageTrouble, NOTHING_YET, noImages, refusal, seriesTrouble } from "./words.ts";

/** Decoded pixels that the page keeps at most (bytes). */
const MEMORY = 1_200_000_000;

/** One press of a nudge: pixels of moving, share of the window's width, images of scrolling. */
const NUDGE = { pixels: 20, window: 0.05, images: 10 } as const;

export class Reader implements Actions {
  private readonly stage = new Stage();
  private readonly view: View;
  private readonly rail: Rail;
  private readonly toolbar: Toolbar;
  private readonly cine: Cine;
  private readonly corners: Corners;
  readonly showKeys: () => void;
  private readonly framesBySeries = new Map<string, Promise<Frame[]>>();
  private series: SeriesSummary | null = null;
  private prefetch: Prefetch | null = null;
  private tool: ToolName = "window";
  private picturesAsked = false;
  private readonly watch: Watch;

  constructor(
    private readonly config: ViewerConfig,
    private readonly dicomweb: DicomWeb,
    private readonly notice: Notice,
  ) {
    startLoader(dicomweb);
    startTools();
    this.view = new View(part<HTMLDivElement>("viewport"), {
      shown: (index) => this.shown(index),
      failed: (index, error) => this.failed(index, error),
      waiting: (index) => this.stage.waiting(`Getting image ${index + 1}`),
      changed: () => this.changed(),
    });
    this.rail = new Rail(config.series, (series) => void this.open(series));
    this.corners = new Corners(config, config.presets, document.documentElement.lang);
    this.cine = new Cine({
      goTo: (index) => this.view.goTo(index),
      target: () => this.view.target,
      count: () => this.view.count,
      isLoaded: (index) => this.isLoaded(index),
    });
    this.toolbar = new Toolbar(config.presets, {
      chooseTool: (tool) => this.chooseTool(tool),
      choosePreset: (preset) => this.choosePreset(preset),
      fit: () => this.fit(),
    });
    this.showKeys = startKeyList();
    bindTools(VIEWPORT_ID, ENGINE_ID, {
      step: (images) => this.step(images),
      dragStep: () => pixelsPerImage(this.view.element.clientHeight, this.view.count),
      window: (x, y) => this.dragWindow(x, y),
    });
    this.chooseTool(matchMedia("(pointer: coarse)").matches ? "scroll" : "window");
    listen(this.view.element, this);
    this.watch = new Watch(
      () => dicomweb.stillOpen(config.studyInstanceUid),
      (error) => void this.isFinal(error),
    );
    this.watch.start();
  }

  /** Opens a series; its frames may have been asked for already. */
  async open(series: SeriesSummary, frames?: Promise<Frame[]>): Promise<void> {
    this.series = series;
    this.prefetch?.stop();
    this.prefetch = null;
    this.rail.open(series.uid);
    this.stage.cover();
    this.stage.state = "loading";
    this.stage.waiting(`Getting ${seriesName(series)}`);
    try {
      const found = await this.framesOf(series, frames);
      if (this.series === series) this.begin(series, found);
    } catch (error) {
      if (this.series !== series) return;
      this.framesBySeries.delete(series.uid);
      console.error(error);
      this.isFinal(error);
      this.stage.say(seriesTrouble(error));
      this.stage.state = "error";
    }
  }

  nothingToOpen(): void {
    this.stage.say(NOTHING_YET);
    this.stage.state = "ready";
  }

  private framesOf(series: SeriesSummary, asked?: Promise<Frame[]>): Promise<Frame[]> {
    const known = this.framesBySeries.get(series.uid);
    if (known) return known;
    const frames = asked ?? this.dicomweb.seriesFrames(this.config.studyInstanceUid, series.uid);
    this.framesBySeries.set(series.uid, frames);
    return frames;
  }

  private begin(series: SeriesSummary, frames: readonly Frame[]): void {
    const [first] = frames;
    const start = isCine(frames) || !first?.position ? 0 : Math.floor((frames.length - 1) / 2);
    this.cine.open(frames.length, isCine(frames) && first ? ownFrameRate(first.dataSet) : null);
    this.cine.at(start, frames.length);
    if (!first) {
      this.stage.say(noImages(mayHoldImages(series) ? "" : series.modality));
      this.stage.state = "ready";
      return;
    }
    this.toolbar.offerPresets(series.modality, isColor(first));
    const prefetch = new Prefetch(
      frames.length,
      framesInMemory(first),
      (index) => loadAt(frames, index),
      (progress) => this.progressed(series, progress),
      (error) => this.isFinal(error),
    );
    this.prefetch = prefetch;
    this.view.open(frames, start);
  }

  private shown(index: number): void {
    const isFirst = this.stage.state === "loading" || this.stage.state === "error";
    this.stage.uncover();
    if (isFirst) this.stage.state = "first-image";
    this.cine.at(index, this.view.count);
    const shown = this.current();
    if (shown) this.corners.draw(shown);
    this.announce();
    this.prefetch?.note(index, true);
    if (isFirst) this.startPrefetch(index);
    else this.prefetch?.moveTo(index);
    // All the others may have come while this one failed.
    if (isFirst && this.series && this.prefetch) this.progressed(this.series, this.prefetch.progress);
    this.changed();
  }

  private failed(index: number, error: unknown): void {
    console.error(error);
    this.isFinal(error);
    this.stage.say(imageTrouble(error, index + 1));
    const isFirst = this.stage.state === "loading";
    if (isFirst) this.stage.state = "error";
    this.cine.at(index, this.view.count);
    this.prefetch?.note(index, false);
    if (isFirst) this.startPrefetch(index);
    publish(this.view, this.series);
  }

  /** After a refusal nothing more is asked for, until somebody says Try now. */
  private isFinal(error: unknown): boolean {
    if (!(error instanceof Refused)) return false;
    const { series } = this;
    this.notice.refused(refusal(error), () => {
      this.notice.accepted();
      this.watch.start();
      if (series) void this.open(series);
    });
    if (isEndOfAccess(error)) this.end(refusal(error));
    return true;
  }

  /** Access has ended: the images leave the screen and the memory. */
  private end(words: string): void {
    this.watch.stop();
    this.prefetch?.stop();
    this.cine.pause();
    this.view.close();
    this.rail.forget();
    this.framesBySeries.clear();
    cache.purgeCache();
    this.stage.say(words);
    this.stage.state = "ended";
  }

  private startPrefetch(index: number): void {
    const { prefetch } = this;
    // The first image is drawn before its neighbours compete for the network.
    setTimeout(() => {
      prefetch?.start(index);
      if (this.picturesAsked) return;
      this.picturesAsked = true;
      void this.rail.loadThumbnails(this.dicomweb, this.config.studyInstanceUid);
    }, 0);
  }

  private progressed(series: SeriesSummary, progress: PrefetchProgress): void {
    if (this.series !== series) return;
    const { loaded, failed, total } = progress;
    this.cine.progress(progress);
    this.rail.progress(series.uid, (loaded.size + failed.size) / total);
    const done = loaded.size + failed.size >= Math.min(total, this.prefetch?.limit ?? total);
    if (done && this.stage.state === "first-image") this.stage.state = "ready";
  }

  private current(): Shown | null {
    const { frame, index, count } = this.view;
    if (!frame || !this.series) return null;
    return {
      frame,
      series: this.series,
      index,
      count,
      window: this.view.window,
      color: isColor(frame),
      zoom: this.view.zoom,
      letters: this.view.letters,
    };
  }

  private changed(): void {
    const shown = this.current();
    if (shown) {
      this.corners.drawView(shown);
      this.toolbar.showWindow(shown.window, this.view.ownWindow);
    }
    publish(this.view, this.series);
  }

  private announce(): void {
    const { frame, index, count } = this.view;
    if (!frame || !this.series) return;
    const { modality, number: seriesNumber, description } = this.series;
    const which = seriesNumber === null ? description : `series ${seriesNumber}`;
    const parts = [modality, which, `image ${index + 1} of ${count}`, description];
    this.stage.name([...new Set(parts.filter((words) => words !== ""))].join(", "));
  }

  private isLoaded(index: number): boolean {
    const { prefetch } = this;
    const imageId = this.view.imageIdAt(index);
    return (prefetch?.progress.failed.has(index) ?? false) || (imageId !== null && cache.isLoaded(imageId));
  }

  step(images: number): void {
    this.cine.pause();
    this.view.step(images);
  }

  chooseTool(tool: ToolName): void {
    this.tool = tool;
    chooseTool(tool);
    this.toolbar.showTool(tool);
  }

  first(): void {
    this.cine.pause();
    this.view.goTo(0);
  }

  last(): void {
    this.cine.pause();
    this.view.goTo(this.view.count - 1);
  }

  playOrPause(): void {
    this.cine.toggle();
  }

  zoomBy(factor: number): void {
    if (this.view.frame) this.view.zoomBy(factor);
  }

  fold(): void {
    this.toolbar.fold();
  }

  choosePresetKey(key: string): void {
    const preset = this.config.presets.find((candidate) => candidate.key === key);
    if (preset) this.choosePreset(preset);
  }

  private choosePreset(preset: Preset): void {
    const { frame } = this.view;
    if (!frame || isColor(frame)) return;
    if (preset.window !== null && this.series?.modality !== "CT") return;
    this.view.setWindow(preset.window);
  }

  fit(): void {
    if (this.view.frame) this.view.fit();
  }

  goToSeries(by: 1 | -1): void {
    const all = this.config.series;
    const at = all.findIndex(({ uid }) => uid === this.series?.uid);
    const next = all[at + by];
    if (next) void this.open(next);
  }

  nudge(x: number, y: number): void {
    if (!this.view.frame) return;
    const { window } = this.view;
    if (this.tool === "scroll") this.step(NUDGE.images * (x + y));
    else if (this.tool === "move") this.view.panBy(x * NUDGE.pixels, y * NUDGE.pixels);
    else if (this.tool === "zoom") this.view.zoomBy(ZOOM_STEP ** (x - y));
    else if (window) {
      const by = Math.max(1, window.width * NUDGE.window);
      this.view.setWindow({ center: window.center + y * by, width: window.width + x * by });
    }
  }

  private dragWindow(x: number, y: number): void {
    const { frame, window } = this.view;
    if (frame && window && !isColor(frame)) this.view.setWindow(dragged(window, x, y));
  }
}

function framesInMemory(frame: Frame): number {
  const ds = frame.dataSet;
  const pixels = (number(ds, Tag.Rows) ?? 1) * (number(ds, Tag.Columns) ?? 1);
  const bytes = text(ds, Tag.PhotometricInterpretation).startsWith("MONOCHROME") ? 2 : 3;
  return Math.max(1, Math.floor(MEMORY / (pixels * bytes)));
}

function loadAt(frames: readonly Frame[], index: number): Promise<unknown> {
  const frame = frames[index];
  return frame ? load(frame, "prefetch") : Promise.resolve();
}
