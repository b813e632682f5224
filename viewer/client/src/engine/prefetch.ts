/** Loads the rest of a series in the background in bundles, nearest to what is shown first. */
import { nearest, Pace } from "./chunks.ts";
import type { Traffic } from "./traffic.ts";

export interface PrefetchProgress {
  readonly loaded: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
  readonly total: number;
}

/** Loads a bundle and tells of each frame; rejects where the rest will not come. */
export type LoadBundle = (
  indices: readonly number[],
  signal: AbortSignal,
  settled: (index: number, error?: unknown) => void,
) => Promise<void>;

export interface PrefetchHooks {
  onProgress(progress: PrefetchProgress): void;
  /** True for a failure after which every other frame would fail too. */
  isFinal?(error: unknown): boolean;
  /** Which of the wanted frames come next, at most so many; absent: those nearest to what is shown. */
  choose?(count: number, isWanted: (index: number) => boolean): readonly number[];
}

/** Progress is told at most this often (ms): telling costs drawing. */
const TELL_EVERY = 100;

export class Prefetch {
  private readonly loaded = new Set<number>();
  private readonly failed = new Set<number>();
  private readonly running = new Set<number>();
  private readonly pace = new Pace();
  private readonly lanes = new Set<AbortController>();
  private readonly refill = () => this.fill();
  private center = 0;
  private stopped = false;
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly total: number,
    /** How many frames fit into memory now. */
    private readonly room: () => number,
    private readonly load: LoadBundle,
    private readonly hooks: PrefetchHooks,
    private readonly traffic: Traffic,
  ) {}

  get limit(): number {
    return this.room();
  }

  start(center: number): void {
    this.center = center;
    this.fill();
  }

  /** The reader moved: what is next to that place comes first. */
  moveTo(center: number): void {
    this.center = center;
  }

  /** A frame came, or failed, because the reader asked for it. */
  note(index: number, succeeded: boolean): void {
    const where = succeeded ? this.loaded : this.failed;
    if (where.has(index)) return;
    where.add(index);
    if (succeeded) this.failed.delete(index);
    this.tell();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.telling);
    for (const lane of this.lanes) lane.abort();
  }

  get progress(): PrefetchProgress {
    return { loaded: this.loaded, failed: this.failed, total: this.total };
  }

  private fill(): void {
    while (!this.stopped && this.lanes.size < this.pace.atOnce) {
      const room = this.limit - this.loaded.size - this.running.size;
      const chunk = this.chosen(Math.min(this.pace.size, room));
      if (chunk.length === 0) return;
      const lane = this.traffic.take(this.refill);
      if (!lane) return;
      void this.run(chunk, lane);
    }
  }

  private chosen(count: number): readonly number[] {
    const isWanted = (index: number) => this.isWanted(index);
    return this.hooks.choose?.(count, isWanted) ?? nearest(this.center, this.total, count, isWanted);
  }

  private async run(chunk: readonly number[], lane: AbortController): Promise<void> {
    const began = performance.now();
    const pending = new Set(chunk);
    this.lanes.add(lane);
    for (const index of chunk) this.running.add(index);
    try {
      await this.load(chunk, lane.signal, (index, error) => {
        pending.delete(index);
        this.settled(index, error);
      });
    } catch (error) {
      // Who gave way asks for the same frames again.
      if (!lane.signal.aborted) for (const index of pending) this.settled(index, error);
    }
    this.pace.note(chunk.length - pending.size, performance.now() - began);
    for (const index of pending) this.running.delete(index);
    this.lanes.delete(lane);
    this.traffic.release(lane);
    this.fill();
  }

  private settled(index: number, error: unknown): void {
    if (this.stopped) return;
    this.running.delete(index);
    if (error === undefined) {
      this.loaded.add(index);
    } else if (!this.loaded.has(index)) {
      this.failed.add(index);
      if (this.hooks.isFinal?.(error)) this.stop();
    }
    this.tell();
  }

  private isWanted(index: number): boolean {
    return !this.loaded.has(index) && !this.failed.has(index) && !this.running.has(index);
  }

  /** Tells at once that all is there; everything else now and then. */
  private tell(): void {
    if (this.stopped) return;
    const isDone = this.loaded.size + this.failed.size >= Math.min(this.total, this.limit);
    if (isDone) {
      clearTimeout(this.telling);
      this.telling = undefined;
      this.hooks.onProgress(this.progress);
      return;
    }
    this.telling ??= setTimeout(() => {
      this.telling = undefined;
      if (!this.stopped) this.hooks.onProgress(this.progress);
    }, TELL_EVERY);
  }
}
