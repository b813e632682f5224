/** Loads the rest of a series in the background, nearest to what is shown first. */

export interface PrefetchProgress {
  readonly loaded: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
  readonly total: number;
}

/** Frames asked for at once: a browser opens six connections to a server, two stay free for the reader. */
const AT_ONCE = 4;

export class Prefetch {
  private readonly loaded = new Set<number>();
  private readonly failed = new Set<number>();
  private readonly running = new Set<number>();
  private center = 0;
  private stopped = false;

  constructor(
    private readonly total: number,
    /** How many frames fit into memory. */
    readonly limit: number,
    private readonly load: (index: number) => Promise<unknown>,
    private readonly onProgress: (progress: PrefetchProgress) => void,
    /** True for a failure after which every other frame would fail too. */
    private readonly isFinal: (error: unknown) => boolean = () => false,
  ) {}

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
    this.report();
  }

  stop(): void {
    this.stopped = true;
  }

  get progress(): PrefetchProgress {
    return { loaded: this.loaded, failed: this.failed, total: this.total };
  }

  private fill(): void {
    while (!this.stopped && this.running.size < AT_ONCE) {
      if (this.loaded.size + this.running.size >= this.limit) return;
      const next = this.next();
      if (next === null) return;
      this.run(next);
    }
  }

  private run(index: number): void {
    this.running.add(index);
    this.load(index)
      .then(
        () => this.loaded.add(index),
        (error: unknown) => {
          this.failed.add(index);
          if (this.isFinal(error)) this.stop();
        },
      )
      .then(() => {
        this.running.delete(index);
        if (this.stopped) return;
        this.report();
        this.fill();
      });
  }

  /** The nearest frame not yet asked for; of two as near, the one ahead. */
  private next(): number | null {
    for (let distance = 0; distance < this.total; distance += 1) {
      for (const index of [this.center + distance, this.center - distance]) {
        if (index < 0 || index >= this.total) continue;
        if (!this.loaded.has(index) && !this.failed.has(index) && !this.running.has(index)) return index;
      }
    }
    return null;
  }

  private report(): void {
    if (!this.stopped) this.onProgress(this.progress);
  }
}
