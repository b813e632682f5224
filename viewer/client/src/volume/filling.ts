/** Fills a volume with the images of a series: those that are there at once, the others from coarse to fine. */
import type { Geometry } from "./geometry.ts";
import { HOLE, type Loaded, loaded, type Pixels, type SliceAt } from "./voxels.ts";

/** The first pass takes every so many-th slice. */
const COARSEST = 16;

/**
 * Every index once: first the two ends and every 16th, then those half way between, and so on. A part of the list
 * covers the whole series evenly.
 */
export function coarseToFine(count: number): number[] {
  if (count === 0) return [];
  const order = [0, count - 1];
  for (let stride = COARSEST; stride >= 1; stride /= 2) {
    for (let index = 0; index < count; index += stride) order.push(index);
  }
  return [...new Set(order)];
}

/** How many images of the list make the first picture. */
export function firstPass(count: number): number {
  return Math.min(count, Math.ceil(count / COARSEST) + 1);
}

export interface Source {
  /** Pixels of an image that is decoded already, or null. */
  known(index: number): Pixels | null;
  /**
   * Brings images in this order and tells of each: its pixels are known then, or there is an error. `refused` hears
   * of a failure after which every other image would fail too. Returns what stops it.
   */
  bring(
    order: readonly number[],
    settled: (index: number, error?: unknown) => void,
    refused: (error: unknown) => void,
  ): () => void;
}

export interface Progress {
  readonly loaded: number;
  readonly failed: readonly number[];
  readonly total: number;
  /** Nothing more will come. */
  readonly isDone: boolean;
}

export class Filling {
  private readonly slices: (Pixels | null)[];
  private readonly failed = new Set<number>();
  private readonly queue: number[];
  private stopBringing: (() => void) | null = null;
  private stopped = false;
  private count = 0;
  private current: Loaded | null = null;
  private isStale = true;

  constructor(
    private readonly geometry: Geometry,
    private readonly source: Source,
    private readonly onProgress: (progress: Progress) => void,
    private readonly onEnd: (error: unknown) => void,
  ) {
    const total = geometry.places.length;
    this.slices = Array<Pixels | null>(total).fill(null);
    this.queue = coarseToFine(total).filter((index) => {
      const pixels = this.pixelsOf(index);
      if (pixels) this.put(index, pixels);
      return !pixels;
    });
  }

  start(): void {
    this.onProgress(this.progress);
    if (this.queue.length === 0) return;
    this.stopBringing = this.source.bring(
      this.queue,
      (index, error) => this.settled(index, error),
      (error) => this.refused(error),
    );
  }

  /** Asks for nothing more and lets go of the pixels. */
  stop(): void {
    this.stopped = true;
    this.stopBringing?.();
    this.slices.fill(null);
    this.current = null;
    this.isStale = false;
  }

  get progress(): Progress {
    const total = this.slices.length;
    const failed = [...this.failed].sort((a, b) => a - b);
    return { loaded: this.count, failed, total, isDone: this.count + failed.length === total };
  }

  /** True once enough is there to show planes: every 16th slice and both ends, or what can be had of them. */
  get isPresentable(): boolean {
    const { loaded: there, failed, total } = this.progress;
    return there > 1 && there + failed.length >= firstPass(total);
  }

  /** What is there now, ready to be cut; null before the first image. */
  get volume(): Loaded | null {
    if (this.isStale) this.current = this.gathered();
    this.isStale = false;
    return this.current;
  }

  private gathered(): Loaded | null {
    const { places, step } = this.geometry;
    const there: SliceAt[] = [];
    this.slices.forEach((pixels, index) => {
      if (pixels) there.push({ place: places[index] ?? 0, pixels });
    });
    // Until everything has come the gaps between what is there are bridged; afterwards they are holes.
    const { isDone } = this.progress;
    return loaded(this.geometry, there, step, (from, to) => isDone && to - from > HOLE * step);
  }

  private put(index: number, pixels: Pixels): void {
    this.slices[index] = pixels;
    this.count += 1;
    this.isStale = true;
  }

  private settled(index: number, error: unknown): void {
    if (this.stopped || this.slices[index] || this.failed.has(index)) return;
    const pixels = error === undefined ? this.pixelsOf(index) : null;
    if (pixels) this.put(index, pixels);
    else {
      this.failed.add(index);
      this.isStale = true;
    }
    this.onProgress(this.progress);
  }

  /** null where the image is not what the series is made of. */
  private pixelsOf(index: number): Pixels | null {
    try {
      const pixels = this.source.known(index);
      return pixels?.length === this.geometry.columns * this.geometry.rows ? pixels : null;
    } catch (error) {
      console.error(error);
      return null;
    }
  }

  private refused(error: unknown): void {
    if (this.stopped) return;
    this.stop();
    this.onEnd(error);
  }
}

/** Every n-th pixel of rows and columns. */
export function thinned(pixels: Pixels, columns: number, rows: number, nth: number): Pixels {
  const width = Math.ceil(columns / nth);
  const height = Math.ceil(rows / nth);
  const Kind = pixels.constructor as new (length: number) => Pixels;
  const out = new Kind(width * height);
  for (let row = 0; row < height; row += 1) {
    const from = row * nth * columns;
    for (let column = 0; column < width; column += 1) {
      out[row * width + column] = pixels[from + column * nth] as number;
    }
  }
  return out;
}
