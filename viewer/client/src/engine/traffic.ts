/** Shares the way to the DICOM Servers: whoever waits for an image goes before whatever is loaded ahead. */

/** Bundles at once: a browser opens six connections to a server, two stay free for the reader. */
const LANES = 4;

/** What is loaded ahead gives way to a reader who has waited for this long (ms). */
const PATIENCE = 150;

export class Traffic {
  private readonly running = new Set<AbortController>();
  private readonly waiting = new Set<() => void>();
  private urgent = 0;

  constructor(
    private readonly lanes = LANES,
    private readonly patience = PATIENCE,
  ) {}

  /** Does what a reader waits for. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.urgent += 1;
    const timer = setTimeout(() => this.clear(), this.patience);
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.urgent -= 1;
      this.wake();
    }
  }

  /** A lane for something loaded ahead, or null; then `again` is called when there may be one. */
  take(again: () => void): AbortController | null {
    if (this.urgent > 0 || this.running.size >= this.lanes) {
      this.waiting.add(again);
      return null;
    }
    const lane = new AbortController();
    this.running.add(lane);
    return lane;
  }

  release(lane: AbortController): void {
    this.running.delete(lane);
    this.wake();
  }

  /** Lanes that are taken. */
  get taken(): number {
    return this.running.size;
  }

  private clear(): void {
    for (const lane of this.running) lane.abort();
  }

  /** Each in its turn: whoever waited longest asks first. */
  private wake(): void {
    for (const again of [...this.waiting]) {
      if (this.urgent > 0 || this.running.size >= this.lanes) return;
      this.waiting.delete(again);
      again();
    }
  }
}

/** One for the page: its panes share one machine and, mostly, one line. */
export const traffic = new Traffic();
