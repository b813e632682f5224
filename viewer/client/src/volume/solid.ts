/** A volume in 3D in one pane: coarse while it is turned, in full at rest; it never holds the page up. */
import type { Window } from "../dicom/windows.ts";
import type { Pane } from "../panes/pane.ts";
import type { SeriesSummary } from "../studies/config.ts";
import { _ } from "../words/say.ts";
import { type Box, cutsOf, WHOLE } from "./box.ts";
import { EYES, type Eye } from "./camera.ts";
import { qualityOf } from "./captions.ts";
import type { Camera, Scene, Transfer } from "./cast.ts";
import { Casters, type Hand, type Share } from "./casters.ts";
import { corners, middle } from "./geometry.ts";
import { type Grid, gridOf, lightGrid, partOf, shares } from "./grid.ts";
import { type Look, looksFor, NO_SHIFT, type Shift, transferOf } from "./looks.ts";
import type { OpenVolume } from "./open_volume.ts";
import { colorFrom, greyFrom, SolidFrame } from "./solid_frame.ts";
import { minus, size } from "./space.ts";

/** Pixels across the picture while one turns it, and at most at rest. */
const QUICK = 300;
const FINEST = 1024;

/** Nothing has moved for so long (ms): the picture is made in full. */
const REST = 250;

/** While images still arrive, what turns is made anew at most so often (ms). */
const ANEW = 1500;

/** Slices that travel to a worker at once. */
const TOGETHER = 24;

/** Shows vessels and bones of a CT without drowning them in white. */
const CT_MIP: Window = { center: 250, width: 900 };

/** Air, where nothing was loaded (HU). */
const AIR = -1000;

/** The picture has room for every turn of the volume; at first it is shown without most of that. */
const CLOSER = 1.45;

export type Drawing =
  | { readonly kind: "pending" | "quick" | "full" | "stopped" }
  | { readonly kind: "drawing"; readonly share: number };

function makeHand(): Hand {
  return new Worker(new URL("./castworker.ts", import.meta.url), { type: "module" });
}

/** All cores but one, which draws the page; more than three bring little. */
function handsHere(): number {
  return Math.min(3, Math.max(1, (navigator.hardwareConcurrency || 2) - 1));
}

export class Solid {
  private readonly casters = new Casters(makeHand, handsHere());
  private readonly light: Grid;
  private readonly looks: readonly Look[];
  private look_: Look;
  private shift_: Shift = NO_SHIFT;
  private eye_: Eye = EYES.front;
  private box_: Box = WHOLE;
  private drawing_: Drawing = { kind: "pending" };
  private held = -1;
  private heldAt = 0;
  private stamp = 0;
  private isQuickRunning = false;
  private full: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isEnded = false;
  private isFirst = true;
  private readonly onVolume = () => this.volumeChanged();
  private readonly saying = {
    words: () => ({ series: _("3D"), image: this.look_.title(), place: "", technique: "" }),
    quality: () => qualityOf(this.volume, this.drawing_.kind === "full"),
  };

  constructor(
    readonly volume: OpenVolume,
    readonly pane: Pane,
    private readonly own: Window,
    /** What is drawn, or how far a drawing is, has changed. */
    private readonly onChange: () => void,
  ) {
    const { modality } = volume.of.series;
    this.looks = looksFor(modality);
    this.look_ = this.looks[0] as Look;
    this.light = lightGrid(volume.geometry);
    const { study, series } = volume.of;
    const summary: SeriesSummary = { ...series };
    pane.present(study, summary, [this.blank()], 0);
    pane.tellProgress({ loaded: new Set([0]), failed: new Set(), total: 1 });
    pane.view.setWindow(modality === "CT" ? CT_MIP : own);
    volume.use(this.onVolume);
    this.volumeChanged();
  }

  end(): void {
    this.isEnded = true;
    clearTimeout(this.timer);
    this.full?.abort();
    this.casters.end();
    this.volume.leave(this.onVolume);
  }

  get offered(): readonly Look[] {
    return this.looks;
  }

  get look(): Look {
    return this.look_;
  }

  set look(look: Look) {
    this.look_ = look;
    this.shift_ = NO_SHIFT;
    this.request();
  }

  get shift(): Shift {
    return this.shift_;
  }

  set shift(shift: Shift) {
    this.shift_ = shift;
    this.request();
  }

  get eye(): Eye {
    return this.eye_;
  }

  set eye(eye: Eye) {
    this.eye_ = eye;
    this.request();
  }

  get box(): Box {
    return this.box_;
  }

  set box(box: Box) {
    this.box_ = box;
    this.request();
  }

  get drawing(): Drawing {
    return this.drawing_;
  }

  /** Ends a drawing in full; what is on the screen stays. */
  stop(): void {
    clearTimeout(this.timer);
    this.full?.abort();
    this.full = null;
    this.say({ kind: "stopped" });
  }

  /** Draws coarsely now, and in full once nothing moves. */
  request(): void {
    this.stamp += 1;
    clearTimeout(this.timer);
    this.full?.abort();
    this.full = null;
    // What is on the screen is no longer what was asked for.
    this.say({ kind: "pending" });
    if (!this.isQuickRunning) void this.drawQuickly();
  }

  private say(drawing: Drawing): void {
    if (this.isEnded) return;
    this.drawing_ = drawing;
    this.pane.corners.draw(this.pane);
    this.onChange();
  }

  private volumeChanged(): void {
    const { volume } = this;
    const isDue = volume.progress.isDone || performance.now() - this.heldAt > ANEW;
    if (!volume.isPresentable || !isDue || this.held === volume.version) return;
    this.hold();
    this.request();
  }

  /** Gives each worker its slices of the light grid. */
  private hold(): void {
    const { loaded, version } = this.volume;
    if (!loaded) return;
    this.held = version;
    this.heldAt = performance.now();
    this.casters.forget();
    shares(this.light.slices, this.casters.count).forEach(([from, to], worker) => {
      this.casters.hold(worker, "light", partOf(loaded, this.light, from, to, this.nothing));
    });
  }

  /** Stored value of air, or of no signal. */
  private get nothing(): number {
    const { rescale, of } = this.volume;
    const value = of.series.modality === "CT" ? AIR : 0;
    return (value - rescale.intercept) / rescale.slope;
  }

  /** Table of the look, in stored values. */
  private get transfer(): Transfer | null {
    const { rescale } = this.volume;
    const table = transferOf(this.look_, this.own, this.shift_);
    if (!table) return null;
    const stored = (value: number) => (value - rescale.intercept) / rescale.slope;
    return { ...table, lower: stored(table.lower), upper: stored(table.upper) };
  }

  /** mm across the picture: the whole volume, however it is turned. */
  private get across(): number {
    const all = corners(this.volume.geometry);
    return size(minus(all[7] ?? [0, 0, 0], all[0] ?? [0, 0, 0]));
  }

  private scene(grid: Grid, pixels: number): Scene {
    const { geometry } = this.volume;
    const scale = this.across / pixels;
    const camera: Camera = {
      width: pixels,
      height: pixels,
      scale,
      step: grid.finest,
      focus: middle(geometry),
      ...this.eye_,
    };
    return { camera, toGrid: grid.toGrid, cuts: cutsOf(geometry, this.box_), transfer: this.transfer };
  }

  private blank(): SolidFrame {
    const { camera } = this.scene(this.light, QUICK);
    return this.frameOf(new Float32Array(QUICK * QUICK).fill(Number.NEGATIVE_INFINITY), camera, false);
  }

  private frameOf(cast: Float32Array, camera: Camera, isColor: boolean): SolidFrame {
    const { rescale, isWhole, of } = this.volume;
    const picture = isColor ? colorFrom(cast, camera) : greyFrom(cast, camera, rescale, isWhole);
    return new SolidFrame(camera, picture, of.frames[0]?.dataSet ?? {}, this.saying);
  }

  /** Puts a picture into the pane; the middle stays where it is, at the same size. */
  private show(cast: Float32Array, { camera, transfer }: Scene): void {
    const { view } = this.pane;
    const { frame } = view;
    if (this.isEnded || !(frame instanceof SolidFrame)) return;
    const before = (frame.camera.width - 1) / 2;
    const point = view.pixelToCanvas([before, before]);
    const zoom = (view.zoom / frame.camera.scale) * camera.scale * (this.isFirst ? CLOSER : 1);
    this.isFirst = false;
    const after = (camera.width - 1) / 2;
    view.exchange([this.frameOf(cast, camera, transfer !== null)], 0, { pixel: [after, after], point, zoom });
  }

  private async drawQuickly(): Promise<void> {
    if (this.held < 0 || this.isEnded) return;
    this.isQuickRunning = true;
    const { stamp } = this;
    const scene = this.scene(this.light, QUICK);
    const held: Share[] = [{ name: "light", make: null }];
    const everybody = shares(this.light.slices, this.casters.count).map(() => held);
    try {
      const cast = await this.casters.cast({
        scene,
        shares: everybody,
        signal: new AbortController().signal,
      });
      if (cast) this.show(cast, scene);
    } finally {
      this.isQuickRunning = false;
    }
    if (this.isEnded) return;
    if (stamp !== this.stamp) {
      void this.drawQuickly();
      return;
    }
    this.say({ kind: "quick" });
    this.timer = setTimeout(() => void this.drawInFull(), REST);
  }

  /** Pixels that the screen has for the whole picture, but no more than the volume has voxels. */
  private get pixelsInFull(): number {
    const { view } = this.pane;
    const { frame } = view;
    const onScreen =
      frame instanceof SolidFrame ? view.zoom * frame.camera.width * (devicePixelRatio || 1) : QUICK;
    const { finest } = gridOf(this.volume.geometry, 1);
    return Math.round(Math.max(QUICK, Math.min(FINEST, onScreen, (this.across / finest) * 1.25)));
  }

  private async drawInFull(): Promise<void> {
    const { volume } = this;
    const { loaded, version } = volume;
    if (!loaded || !volume.progress.isDone) return;
    const abort = new AbortController();
    this.full = abort;
    const grid = gridOf(volume.geometry, 1);
    const scene = this.scene(grid, this.pixelsInFull);
    const own = shares(grid.slices, this.casters.count).map(([from, to]) =>
      shares(to - from, Math.ceil((to - from) / TOGETHER)).map(([a, b]): Share => {
        const make = () => partOf(loaded, grid, from + a, from + b, this.nothing);
        return { name: `full:${version}:${from + a}`, make };
      }),
    );
    const onProgress = (share: number) => {
      if (!abort.signal.aborted) this.say({ kind: "drawing", share });
    };
    this.say({ kind: "drawing", share: 0 });
    const cast = await this.casters.cast({ scene, shares: own, signal: abort.signal, onProgress });
    if (!cast || abort.signal.aborted) return;
    this.full = null;
    this.show(cast, scene);
    this.say({ kind: "full" });
  }
}
