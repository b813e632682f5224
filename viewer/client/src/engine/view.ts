/** The viewport: shows one series as a stack, goes to its images, keeps window and zoom. */
import {
  cache,
  Enums,
  getRenderingEngine,
  getShouldUseCPURendering,
  RenderingEngine,
  type StackViewport,
  type Types,
} from "@cornerstonejs/core";
import { number } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import {
  cross,
  type EdgeLetters,
  edgeLetters,
  NO_LETTERS,
  negative,
  statedLetters,
} from "../dicom/geometry.ts";
import { Tag } from "../dicom/tags.ts";
import {
  ownWindow,
  rangeOf,
  voiFunction,
  type Window,
  windowFromPixels,
  windowOf,
} from "../dicom/windows.ts";
import { isColor, load, registerFrames } from "./loader.ts";

export const ENGINE_ID = "viewer";
export const VIEWPORT_ID = "main";

export interface ViewEvents {
  /** Another image is on the screen. */
  shown(index: number): void;
  /** The image that was asked for cannot be shown; the screen must not keep another one in its place. */
  failed(index: number, error: unknown): void;
  /** An image is asked for that is not here yet. */
  waiting(index: number): void;
  /** Window, zoom, position or size changed. */
  changed(): void;
}

/** How long a scroll rests on an image that is not loaded before it is asked for out of turn (ms). */
const REST = 40;

export class View {
  private readonly engine: RenderingEngine;
  private frames: readonly Frame[] = [];
  private shownIndex = -1;
  private targetIndex = -1;
  private generation = 0;
  private restTimer: ReturnType<typeof setTimeout> | undefined;
  private fallbackWindow: Window | null = null;
  /** The window that the reader chose; null: each image's own. */
  private chosen: Window | null = null;
  private mounted = false;

  constructor(
    readonly element: HTMLDivElement,
    private readonly events: ViewEvents,
  ) {
    this.engine = new RenderingEngine(ENGINE_ID);
    this.engine.enableElement({
      viewportId: VIEWPORT_ID,
      type: Enums.ViewportType.STACK,
      element,
      defaultOptions: { background: [0, 0, 0] },
    });
    element.addEventListener(Enums.Events.IMAGE_RENDERED, () => this.events.changed());
    new ResizeObserver(() => this.resized()).observe(element);
  }

  get index(): number {
    return this.shownIndex;
  }

  get target(): number {
    return this.targetIndex;
  }

  get count(): number {
    return this.frames.length;
  }

  get frame(): Frame | null {
    return this.frames[this.shownIndex] ?? null;
  }

  get viewport(): StackViewport {
    return this.engine.getViewport(VIEWPORT_ID) as StackViewport;
  }

  /** Takes a series up, beginning with one of its images. */
  open(frames: readonly Frame[], index: number): void {
    this.generation += 1;
    clearTimeout(this.restTimer);
    this.frames = frames;
    this.mounted = false;
    this.shownIndex = -1;
    this.targetIndex = index;
    this.chosen = null;
    this.fallbackWindow = null;
    registerFrames(frames);
    const frame = frames[index];
    if (frame) this.fetchAndShow(index, frame);
  }

  /** Forgets the series: nothing that is still on its way is shown any more. */
  close(): void {
    this.generation += 1;
    clearTimeout(this.restTimer);
    this.frames = [];
    this.shownIndex = -1;
    this.targetIndex = -1;
    this.mounted = false;
  }

  /** Goes to an image; the last call wins, and none waits for another. */
  goTo(index: number): void {
    if (this.frames.length === 0) return;
    const target = Math.max(0, Math.min(this.frames.length - 1, index));
    this.targetIndex = target;
    clearTimeout(this.restTimer);
    const frame = this.frames[target];
    if (!frame || target === this.shownIndex) return;
    if (cache.isLoaded(frame.imageId)) {
      this.show(target);
      return;
    }
    this.events.waiting(target);
    this.restTimer = setTimeout(() => this.fetchAndShow(target, frame), REST);
  }

  step(images: number): void {
    this.goTo(this.targetIndex + images);
  }

  setWindow(window: Window | null): void {
    this.chosen = window && { center: window.center, width: Math.max(1, window.width) };
    this.applyWindow(this.frame);
    this.viewport.render();
  }

  /** The window on the screen, or null for colours. */
  get window(): Window | null {
    const range = this.viewport.getProperties().voiRange;
    return range && this.frame ? windowOf(range) : null;
  }

  get range(): { lower: number; upper: number } | null {
    return this.viewport.getProperties().voiRange ?? null;
  }

  zoomBy(factor: number): void {
    const camera = this.viewport.getCamera();
    this.viewport.setCamera({ parallelScale: (camera.parallelScale ?? 1) / factor });
    this.viewport.render();
  }

  panBy(x: number, y: number): void {
    const [left, top] = this.viewport.getPan();
    this.viewport.setPan([left + x, top + y]);
    this.viewport.render();
  }

  /** Fits the image into the viewport again. */
  fit(): void {
    this.viewport.resetCamera();
    this.viewport.render();
  }

  /** True while each image is shown with its own window. */
  get ownWindow(): boolean {
    return this.chosen === null;
  }

  imageIdAt(index: number): string | null {
    return this.frames[index]?.imageId ?? null;
  }

  /** CSS pixels of the screen for one pixel of the image, along its rows; 1 is 100 %. */
  get zoom(): number {
    const rect = this.imageRect();
    const columns = this.frame && number(this.frame.dataSet, Tag.Columns);
    return rect && columns ? rect.width / columns : 1;
  }

  /** Where the whole image lies, in CSS pixels of the viewport; parts of it may be outside. */
  imageRect(): { left: number; top: number; width: number; height: number } | null {
    const data = this.shownIndex === -1 ? undefined : this.viewport.getImageData();
    const indexToWorld = data?.imageData.indexToWorld;
    if (!data || !indexToWorld) return null;
    const { dimensions } = data;
    const corner = (i: number, j: number) =>
      this.viewport.worldToCanvas(indexToWorld([i, j, 0]) as Types.Point3);
    // Without WebGL, Cornerstone counts from the corner of a pixel instead of its centre.
    const half = getShouldUseCPURendering() ? 0 : 0.5;
    const [left, top] = corner(-half, -half);
    const [right, bottom] = corner(dimensions[0] - half, dimensions[1] - half);
    return { left, top, width: right - left, height: bottom - top };
  }

  get letters(): EdgeLetters {
    const frame = this.frame;
    if (!frame) return NO_LETTERS;
    if (!frame.row || !frame.column) return statedLetters(frame.dataSet);
    const { viewUp, viewPlaneNormal } = this.viewport.getCamera();
    if (!viewUp || !viewPlaneNormal) return edgeLetters(frame.row, frame.column);
    return edgeLetters(cross(viewUp, viewPlaneNormal), negative(viewUp));
  }

  private fetchAndShow(index: number, frame: Frame): void {
    const { generation } = this;
    const wanted = () => generation === this.generation && this.targetIndex === index;
    load(frame, "interaction").then(
      () => {
        if (wanted()) this.show(index);
      },
      (error: unknown) => {
        if (!wanted()) return;
        this.shownIndex = -1;
        this.events.failed(index, error);
      },
    );
  }

  private show(index: number): void {
    const { generation } = this;
    const current = () => generation === this.generation && this.targetIndex === index;
    this.put(index)
      .then(() => {
        if (!current()) return;
        this.shownIndex = index;
        this.events.shown(index);
      })
      .catch((error: unknown) => {
        if (!current()) return;
        this.shownIndex = -1;
        this.events.failed(index, error);
      });
  }

  /** Puts a cached image on the screen; rejects where another one stays there. */
  private async put(index: number): Promise<void> {
    const frame = this.frames[index];
    if (!frame) return;
    if (this.mounted) await this.viewport.setImageIdIndex(index);
    else await this.mount(index, frame);
    // Cornerstone keeps silent when it cannot show an image.
    const shown = this.viewport.getCornerstoneImage()?.imageId;
    if (shown !== frame.imageId) throw new Error("the viewport shows another image");
    this.applyWindow(frame);
    this.viewport.render();
  }

  private async mount(index: number, frame: Frame): Promise<void> {
    this.mounted = true;
    const image = cache.getImage(frame.imageId);
    if (image && !image.color && !ownWindow(frame.dataSet)) this.fallbackWindow = pixelWindow(frame, image);
    const imageIds = this.frames.map(({ imageId }) => imageId);
    await this.viewport.setStack(imageIds, index);
    this.viewport.resetCamera();
  }

  /** Sets the chosen window, or the one that the image brings; the viewport keeps none of its own. */
  private applyWindow(frame: Frame | null): void {
    if (!frame || isColor(frame)) return;
    const own = ownWindow(frame.dataSet);
    const window = this.chosen ?? own ?? this.fallbackWindow;
    if (!window) return;
    const by = this.chosen || !own ? "LINEAR" : voiFunction(frame.dataSet);
    const wanted = rangeOf(window, by);
    const shown = this.range;
    if (shown?.lower === wanted.lower && shown.upper === wanted.upper) return;
    this.viewport.setProperties({ voiRange: wanted });
  }

  private resized(): void {
    if (this.element.clientWidth === 0 || !getRenderingEngine(ENGINE_ID)) return;
    const [left, top] = this.viewport.getPan();
    const fitted = Math.abs(this.viewport.getZoom() - 1) < 1e-3 && Math.hypot(left, top) < 1;
    this.engine.resize(true, !fitted);
  }
}

function pixelWindow(frame: Frame, image: Types.IImage): Window {
  const padding = number(frame.dataSet, Tag.PixelPaddingValue);
  const { slope, intercept } = image;
  const shownPadding =
    padding === null ? null : image.preScale?.scaled ? padding * slope + intercept : padding;
  return windowFromPixels(image.getPixelData(), shownPadding);
}
