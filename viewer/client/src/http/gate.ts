/** Holds requests back while a server cannot be reached, and lets them try again, ever more patiently. */

export interface Trouble {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly retryAt: number;
  readonly attempt: number;
}

export interface Clock {
  now(): number;
  /** Calls back once; the returned function cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const WALL_CLOCK: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

const DELAYS = [1_000, 2_000, 4_000, 8_000, 15_000] as const;

/** Milliseconds to wait after the nth failure in a row, counted from 1. */
export function delayAfter(attempt: number): number {
  return DELAYS[Math.min(attempt, DELAYS.length) - 1] ?? DELAYS[0];
}

export class Gate {
  private trouble: Trouble | null = null;
  private closed = false;
  private waiting: (() => void)[] = [];
  private cancelTimer: (() => void) | null = null;

  constructor(
    private readonly onChange: (trouble: Trouble | null) => void = () => {},
    private readonly clock: Clock = WALL_CLOCK,
  ) {}

  /** Resolves at once where nothing is wrong, else when the next try is due. */
  pass(): Promise<void> {
    if (!this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }

  /** Many requests that fail together count as one failure. */
  failed(): void {
    if (this.closed) return;
    const attempt = (this.trouble?.attempt ?? 0) + 1;
    const now = this.clock.now();
    const delay = delayAfter(attempt);
    this.closed = true;
    this.trouble = { since: this.trouble?.since ?? now, retryAt: now + delay, attempt };
    this.cancelTimer = this.clock.after(delay, () => this.open());
    this.onChange(this.trouble);
  }

  succeeded(): void {
    if (!this.trouble) return;
    this.trouble = null;
    this.open();
    this.onChange(null);
  }

  tryNow(): void {
    this.open();
  }

  private open(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.closed = false;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
