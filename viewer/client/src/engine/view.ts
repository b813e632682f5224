/** Shows one series as a stack on a canvas: goes to its images, keeps window and place. */
import type { Frame } from "../dicom/frames.ts";
import { type EdgeLetters, pixelAspect } from "../dicom/geometry.ts";
import { ownWindow, rangeOf, type Window } from "../dicom/windows.ts";
import {
  type Affine,
  affineOf,
  apply,
  FITTED,
  fitScale,
  type ImageShape,
  inverse,
  type Placement,
  type Point,
  zoomedAt,
} from "./camera.ts";
import { Canvas } from "./canvas.ts";
import { lettersOn } from "./letters.ts";
import { isColor, isLoaded, load, pictureOf } from "./loader.ts";
import type { GreyPicture, Picture } from "./picture.ts";
import type { Shading } from "./rendering.ts";
import { type GivenGreys, pixelWindow, shadingOf } from "./shading.ts";

export interface ViewEvents {
  /** Another image is on the screen. */
  shown(index: number): void;
  /** The image that was asked for cannot be shown; the screen must not keep another one in its place. */
  failed(index: number, error: unknown): void;
  /** An image is asked for that is not here yet. */
  waiting(index: number): void;
  /** Another image is asked for, here or not. */
  moved(index: number): void;
  /** Some of an image that is waited for has come: a share from 0 to 1. */
  arriving?(index: number, share: number): void;
  /** The canvas was drawn: window, place, size or image changed. */
  changed(): void;
}

/** How long a scroll rests on an image that is not loaded before it is asked for out of turn (ms). */
const REST = 40;
/** The time of one frame of the screen (ms). */
const FRAME = 16;

export class View {
  private frames_: readonly Frame[] = [];
  private shownIndex = -1;
  private targetIndex = -1;
  private generation = 0;
  private restTimer: ReturnType<typeof setTimeout> | undefined;
  private picture: Picture | null = null;
  private fallbackWindow: Window | null = null;
  /** The window that the reader chose; null: each image's own. */
  private chosen: Window | null = null;
  private place: Placement = FITTED;
  private negative = false;
  private redraw: number | null = null;
  private drawnAt = 0;
  /** Asked for each image while the reader has chosen no window; null: as the data set says. */
  greys: ((frame: Frame, picture: GreyPicture) => GivenGreys | null) | null = null;
  private readonly canvas: Canvas;
  private readonly observer: ResizeObserver;

  constructor(
    readonly element: HTMLDivElement,
    private readonly events: ViewEvents,
  ) {
    this.canvas = new Canvas(element);
    this.observer = new ResizeObserver(() => this.render());
    this.observer.observe(element);
  }

  /** The view goes for good. */
  destroy(): void {
    this.close();
    this.observer.disconnect();
    if (this.redraw !== null) cancelAnimationFrame(this.redraw);
    this.canvas.remove();
  }

  get frames(): readonly Frame[] {
    return this.frames_;
  }

  /** The image on the screen, counted from 0; -1 where there is none. */
  get index(): number {
    return this.shownIndex;
  }

  /** The image that was asked for last. */
  get target(): number {
    return this.targetIndex;
  }

  get count(): number {
    return this.frames_.length;
  }

  get frame(): Frame | null {
    return this.frames_[this.shownIndex] ?? null;
  }

  /** The decoded image on the screen. */
  get shownPicture(): Picture | null {
    return this.frame && this.picture;
  }

  /** Takes a series up, beginning with one of its images. */
  open(frames: readonly Frame[], index: number): void {
    this.close();
    this.frames_ = frames;
    this.targetIndex = index;
    const frame = frames[index];
    if (frame) this.fetchAndShow(index, frame);
  }

  /**
   * Takes up other frames in place of these, such as a plane that was turned: window, rotation and inversion stay.
   * One pixel of the new image is put at a point of the viewport, at a size of CSS pixels a pixel.
   */
  exchange(frames: readonly Frame[], index: number, at: { pixel: Point; point: Point; zoom: number }): void {
    const frame = frames[index];
    const picture = frame && pictureOf(frame);
    if (!frame || !picture) return;
    this.generation += 1;
    clearTimeout(this.restTimer);
    this.frames_ = frames;
    this.targetIndex = index;
    this.show(index, picture);
    const { shape } = this;
    const fit = shape ? fitScale(shape, this.canvas.size, this.place.rotation) : 1;
    this.place = { ...this.place, zoom: at.zoom / fit, pan: [0, 0] };
    const [x, y] = this.pixelToCanvas(at.pixel);
    this.panBy(at.point[0] - x, at.point[1] - y);
  }

  /** Shows the picture of the same frame again, which was made anew. */
  refresh(): void {
    const { frame } = this;
    const picture = frame && pictureOf(frame);
    if (!picture) return;
    this.picture = picture;
    this.render();
  }

  /** Forgets the series: nothing that is still on its way is shown any more. */
  close(): void {
    this.generation += 1;
    clearTimeout(this.restTimer);
    this.frames_ = [];
    this.shownIndex = -1;
    this.targetIndex = -1;
    this.picture = null;
    this.chosen = null;
    this.fallbackWindow = null;
    this.place = FITTED;
    this.negative = false;
    this.canvas.clear();
  }

  /** Goes to an image; the last call wins, and none waits for another. */
  goTo(index: number): void {
    if (this.frames_.length === 0) return;
    const target = Math.max(0, Math.min(this.frames_.length - 1, index));
    const moves = target !== this.targetIndex;
    this.targetIndex = target;
    clearTimeout(this.restTimer);
    this.bring(target);
    if (moves) this.events.moved(target);
  }

  /** Shows nothing, beside an image of the series: what is shown elsewhere has no counterpart here. */
  blank(index: number): void {
    clearTimeout(this.restTimer);
    this.generation += 1;
    this.targetIndex = Math.max(0, Math.min(this.frames_.length - 1, index));
    this.shownIndex = -1;
    this.picture = null;
    this.canvas.clear();
  }

  private bring(target: number): void {
    const frame = this.frames_[target];
    if (!frame || target === this.shownIndex) return;
    const picture = pictureOf(frame);
    if (picture) {
      this.show(target, picture);
      return;
    }
    this.events.waiting(target);
    this.restTimer = setTimeout(() => this.fetchAndShow(target, frame), REST);
  }

  step(images: number): void {
    this.goTo(this.targetIndex + images);
  }

  isLoaded(index: number): boolean {
    const frame = this.frames_[index];
    return frame !== undefined && isLoaded(frame);
  }

  setWindow(window: Window | null): void {
    this.chosen = window && { center: window.center, width: Math.max(1, window.width) };
    this.render();
  }

  /** The window on the screen, or null for colours. */
  get window(): Window | null {
    const { frame } = this;
    if (!frame || isColor(frame)) return null;
    return this.chosen ?? this.given?.window ?? ownWindow(frame.dataSet) ?? this.fallbackWindow;
  }

  /** Values at which black ends and white begins. */
  get range(): { lower: number; upper: number } | null {
    return this.window && rangeOf(this.window);
  }

  /** True while each image is shown with its own window. */
  get ownWindow(): boolean {
    return this.chosen === null;
  }

  get inverted(): boolean {
    return this.negative;
  }

  setInverted(inverted: boolean): void {
    this.negative = inverted;
    this.render();
  }

  get placement(): Placement {
    return this.place;
  }

  set placement(placement: Placement) {
    this.place = placement;
    this.render();
  }

  /** Zooms; the point of the viewport (CSS pixels) keeps its place, else the middle does. */
  zoomBy(factor: number, at?: Point): void {
    const { shape } = this;
    if (!shape) return;
    const { width, height } = this.canvas.size;
    this.placement = zoomedAt(shape, this.canvas.size, this.place, factor, at ?? [width / 2, height / 2]);
  }

  /** Zooms so that an area of the viewport (CSS pixels) fills it. */
  zoomTo(area: { x: number; y: number; width: number; height: number }): void {
    const { width, height } = this.canvas.size;
    const factor = Math.min(width / area.width, height / area.height);
    this.panBy(width / 2 - (area.x + area.width / 2), height / 2 - (area.y + area.height / 2));
    this.zoomBy(factor);
  }

  /** Moves the image by CSS pixels. */
  panBy(x: number, y: number): void {
    const { zoom } = this;
    const [panX, panY] = this.place.pan;
    this.placement = { ...this.place, pan: [panX + x / zoom, panY + y / zoom] };
  }

  /** Fits the image into the viewport again, turned and mirrored as it is. */
  fit(): void {
    this.placement = { ...this.place, zoom: 1, pan: [0, 0] };
  }

  /** Turns clockwise, in the middle of the viewport. */
  rotateBy(degrees: number): void {
    const [x, y] = this.place.pan;
    const angle = (degrees * Math.PI) / 180;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const rotation = (((this.place.rotation + degrees) % 360) + 360) % 360;
    this.placement = { ...this.place, rotation, pan: [cos * x - sin * y, sin * x + cos * y] };
  }

  /** Mirrors left to right as the image lies on the screen. */
  flip(): void {
    const { rotation, flipped, pan } = this.place;
    this.placement = {
      ...this.place,
      flipped: !flipped,
      rotation: (360 - rotation) % 360,
      pan: [-pan[0], pan[1]],
    };
  }

  /** CSS pixels of the screen for one pixel of the image, along its rows; 1 is 100 %. */
  get zoom(): number {
    const { shape } = this;
    return shape ? fitScale(shape, this.canvas.size, this.place.rotation) * this.place.zoom : 1;
  }

  /** From pixels of the image ([column, row], the centre of the first is [0, 0]) to CSS pixels of the viewport. */
  get affine(): Affine | null {
    const { shape } = this;
    return shape && affineOf(shape, this.canvas.size, this.place);
  }

  pixelToCanvas(pixel: Point): Point {
    return this.affine ? apply(this.affine, pixel) : pixel;
  }

  canvasToPixel(point: Point): Point {
    return this.affine ? apply(inverse(this.affine), point) : point;
  }

  /** Where the whole image lies, in CSS pixels of the viewport; parts of it may be outside. */
  imageRect(): { left: number; top: number; width: number; height: number } | null {
    const { shape } = this;
    if (!shape) return null;
    const corners = [
      this.pixelToCanvas([-0.5, -0.5]),
      this.pixelToCanvas([shape.columns - 0.5, shape.rows - 0.5]),
    ];
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    return { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
  }

  get letters(): EdgeLetters {
    return lettersOn(this.frame, this.affine);
  }

  /** Draws at the next frame of the screen. */
  render(): void {
    this.redraw ??= requestAnimationFrame(() => {
      this.redraw = null;
      this.drawNow();
    });
  }

  private get shape(): ImageShape | null {
    const { frame, picture } = this;
    if (!frame || !picture) return null;
    return { columns: picture.columns, rows: picture.rows, aspect: pixelAspect(frame.dataSet) };
  }

  private drawNow(): void {
    const { frame, picture, affine } = this;
    if (!frame || !picture || !affine) {
      this.canvas.clear();
      return;
    }
    const shading = this.shadingFor(frame, picture);
    this.drawnAt = performance.now();
    this.canvas.draw(picture, shading, this.negative, affine);
    this.events.changed();
  }

  /** Greys that were asked for from outside, while the reader has chosen no window. */
  private get given(): GivenGreys | null {
    const { frame, picture, greys } = this;
    return frame && picture?.kind === "grey" && this.chosen === null
      ? (greys?.(frame, picture) ?? null)
      : null;
  }

  private shadingFor(frame: Frame, picture: Picture): Shading {
    const { given } = this;
    if (!given) return shadingOf(frame, picture, this.window, this.chosen !== null, this.negative);
    return this.negative ? given.negative : given.plain;
  }

  private fetchAndShow(index: number, frame: Frame): void {
    const { generation } = this;
    const wanted = () => generation === this.generation && this.targetIndex === index;
    const arriving = (share: number) => {
      if (wanted()) this.events.arriving?.(index, share);
    };
    load(frame, "interaction", arriving).then(
      (picture) => {
        if (wanted()) this.show(index, picture);
      },
      (error: unknown) => {
        if (!wanted()) return;
        this.shownIndex = -1;
        this.events.failed(index, error);
      },
    );
  }

  private show(index: number, picture: Picture): void {
    const frame = this.frames_[index];
    if (!frame) return;
    this.picture = picture;
    this.shownIndex = index;
    if (picture.kind === "grey" && !ownWindow(frame.dataSet)) this.fallbackWindow ??= pixelWindow(picture);
    this.events.shown(index);
    // Whoever turns the wheel sees the next image now; only more of them than the screen has frames wait for one.
    if (this.redraw === null && performance.now() - this.drawnAt > FRAME) this.drawNow();
    else this.render();
  }
}
