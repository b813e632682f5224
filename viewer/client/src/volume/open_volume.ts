/** One open volume: the voxels of a series as they come, shared by planes and 3D. */

import type { DataSet } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import type { Vector3 } from "../dicom/geometry.ts";
import { forgetPicture, loadAhead, pictureOf, registerFrames } from "../engine/loader.ts";
import type { Picture, Rescale } from "../engine/picture.ts";
import { type LoadBundle, Prefetch, type PrefetchHooks } from "../engine/prefetch.ts";
import { traffic } from "../engine/traffic.ts";
import { Refused, Unusable } from "../http/failures.ts";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { rescaleOf } from "./budget.ts";
import { Filling, type Progress, type Source, thinned } from "./filling.ts";
import type { Geometry } from "./geometry.ts";
import { valueAt } from "./reslice.ts";
import { mapped } from "./space.ts";
import type { Loaded, Pixels } from "./voxels.ts";

/** What is shown is made anew at most so often while images arrive (ms). */
const EVERY = 250;

export interface VolumeSeries {
  readonly study: Study;
  readonly series: SeriesSummary;
  readonly frames: readonly Frame[];
}

/** The pixels of a picture in the terms of one rescale; its own array where it has that very rescale. */
export function comparable(picture: Picture, { slope, intercept }: Rescale): Pixels {
  if (picture.kind !== "grey") throw new Unusable(_("it is in colour"));
  const { stored, rescale } = picture;
  if (rescale.slope === slope && rescale.intercept === intercept) return stored;
  const [factor, more] = [rescale.slope / slope, (rescale.intercept - intercept) / slope];
  return Float32Array.from(stored, (value) => value * factor + more);
}

/** The rescale that the values of all images are told in: that of the first, if greater values are more. */
function commonRescale(dataSet: DataSet | undefined): Rescale {
  const rescale = dataSet ? rescaleOf(dataSet) : { slope: 1, intercept: 0 };
  return rescale.slope > 0 ? rescale : { slope: 1, intercept: 0 };
}

/** Images in bundles, in this order, as the reader's own wishes leave room. */
function bring(
  frames: readonly Frame[],
  order: readonly number[],
  settled: (index: number, error?: unknown) => void,
  refused: (error: unknown) => void,
): () => void {
  const indexOf = new Map(frames.map((frame, index) => [frame, index]));
  const load: LoadBundle = (indices, signal, note) =>
    loadAhead(
      indices.flatMap((index) => frames[index] ?? []),
      signal,
      (frame, error) => {
        const index = indexOf.get(frame) ?? -1;
        if (error === undefined) settled(index);
        note(index, error);
      },
    );
  const hooks: PrefetchHooks = {
    // What gave way to a reader is asked for again: only what failed for good is told.
    onProgress: ({ failed }) => {
      for (const index of failed) settled(index, new Unusable("it did not come"));
    },
    isFinal: (error) => {
      if (error instanceof Refused) refused(error);
      return error instanceof Refused;
    },
    choose: (count, isWanted) => order.filter(isWanted).slice(0, count),
  };
  const prefetch = new Prefetch(frames.length, () => frames.length, load, hooks, traffic);
  prefetch.start(0);
  return () => prefetch.stop();
}

export class OpenVolume {
  readonly rescale: Rescale;
  private readonly filling: Filling;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private version_ = 0;
  private users = 0;
  /** Why filling ended before its time. */
  failure: unknown = null;

  constructor(
    readonly of: VolumeSeries,
    readonly geometry: Geometry,
    /** 1: all pixels; n: every n-th of rows and columns. */
    readonly reduction: number,
    private readonly onClosed: (volume: OpenVolume) => void,
  ) {
    this.rescale = commonRescale(of.frames[0]?.dataSet);
    registerFrames(of.frames, of.study.dicomweb);
    this.filling = new Filling(
      geometry,
      this.source(),
      (progress) => this.progressed(progress),
      (error) => {
        this.failure = error;
        this.tell();
      },
    );
  }

  /** Somebody shows it. */
  use(listener: () => void): void {
    this.listeners.add(listener);
    this.users += 1;
    if (this.users === 1) this.filling.start();
  }

  /** Nobody shows it any more: it lets go of the voxels. */
  leave(listener: () => void): void {
    if (!this.listeners.delete(listener)) return;
    this.users -= 1;
    if (this.users > 0) return;
    clearTimeout(this.timer);
    this.filling.stop();
    this.onClosed(this);
  }

  get loaded(): Loaded | null {
    return this.filling.volume;
  }

  get progress(): Progress {
    return this.filling.progress;
  }

  get isPresentable(): boolean {
    return this.filling.isPresentable;
  }

  /** Grows each time that there is more to be seen. */
  get version(): number {
    return this.version_;
  }

  /** Whole numbers are shaded by a table. */
  get isWhole(): boolean {
    return this.loaded?.slices.every((pixels) => !(pixels instanceof Float32Array)) ?? false;
  }

  /** The value of the modality at a place of the patient; null where there is none. */
  valueAt(point: Vector3): number | null {
    const { loaded, geometry, rescale } = this;
    if (!loaded) return null;
    const [x, y, z] = mapped(geometry.fromPatient, point);
    const value = valueAt(loaded, x, y, z);
    return Number.isNaN(value) ? null : value * rescale.slope + rescale.intercept;
  }

  private source(): Source {
    const { frames } = this.of;
    const known = (index: number): Pixels | null => {
      const frame = frames[index];
      const picture = frame && pictureOf(frame);
      if (!picture) return null;
      const pixels = comparable(picture, this.rescale);
      if (this.reduction === 1) return pixels;
      // The whole picture would take the memory that reducing saves.
      forgetPicture(frame);
      return thinned(pixels, picture.columns, picture.rows, this.reduction);
    };
    return { known, bring: (order, settled, refused) => bring(frames, order, settled, refused) };
  }

  private progressed({ isDone }: Progress): void {
    if (isDone) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.tell();
      return;
    }
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.tell();
    }, EVERY);
  }

  private tell(): void {
    this.version_ += 1;
    for (const listener of this.listeners) listener();
  }
}
