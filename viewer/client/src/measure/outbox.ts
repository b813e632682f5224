/** Saves marks one after the other; what could not be saved yet waits here, also over a reload of the page. */
import { Gone, Refused, Unreachable } from "../http/failures.ts";
import { type Clock, Gate, type Trouble, WALL_CLOCK } from "../http/gate.ts";
import { ChangedMeanwhile, type MarksApi } from "./api.ts";
import type { Mark } from "./marks.ts";

/** What is to be kept of one mark; null: it is to be taken away. */
export interface Wanted {
  readonly mark: Mark | null;
  /** Of the portal, on which it is based. */
  readonly basedOn: number;
}

/** Why a mark cannot be saved, and will not be by trying again. */
export type Refusal = "not-allowed" | "study-gone" | "not-accepted";

export type SaveState =
  | { readonly kind: "saved" }
  | { readonly kind: "saving"; readonly count: number }
  | {
      readonly kind: "waiting";
      readonly count: number;
      readonly signedOut: boolean;
      readonly retryAt: number;
    }
  | { readonly kind: "refused"; readonly why: Refusal };

export interface OutboxHooks {
  /** The portal keeps it now; `version` is what the next change is based on. */
  saved(id: string, kept: Mark | null, version: number): void;
  /** Somebody was faster: `mine` was not saved. */
  conflict(id: string, current: Mark | null, mine: Mark | null): void;
  refused(id: string, why: Refusal): void;
  changed(state: SaveState): void;
}

/** Where the waiting ones outlive a reload; a part of the browser's Storage. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** True where two marks say the same. */
function sameContent(a: Mark, b: Mark): boolean {
  return a.kind === b.kind && a.text === b.text && JSON.stringify(a.points) === JSON.stringify(b.points);
}

export class Outbox {
  private readonly waiting = new Map<string, Wanted>();
  private readonly gate: Gate;
  private trouble: Trouble | null = null;
  private signedOut = false;
  private refusal: Refusal | null = null;
  private running = false;
  /** What was sent last, by mark: its answer may have been lost on the way. */
  private readonly sent = new Map<string, Mark | null>();

  constructor(
    private readonly api: MarksApi,
    private readonly hooks: OutboxHooks,
    private readonly keep: Keep | null,
    private readonly key: string,
    clock: Clock = WALL_CLOCK,
  ) {
    this.gate = new Gate((trouble) => {
      this.trouble = trouble;
      this.changed();
    }, clock);
  }

  get state(): SaveState {
    const count = this.waiting.size;
    if (count > 0 && this.trouble) {
      return { kind: "waiting", count, signedOut: this.signedOut, retryAt: this.trouble.retryAt };
    }
    if (count > 0) return { kind: "saving", count };
    return this.refusal ? { kind: "refused", why: this.refusal } : { kind: "saved" };
  }

  /** The newest wish for a mark; an older one that still waits is forgotten. */
  want(id: string, wanted: Wanted): void {
    const before = this.waiting.get(id);
    // Never seen by the portal, and gone again: there is nothing to save.
    if (wanted.mark === null && wanted.basedOn === 0 && !this.running) this.waiting.delete(id);
    else this.waiting.set(id, before ? { ...wanted, basedOn: before.basedOn } : wanted);
    this.refusal = null;
    this.stored();
    void this.run();
  }

  /** What a page that was left, or reloaded, could not save. */
  restore(): ReadonlyMap<string, Wanted> {
    try {
      const kept: unknown = JSON.parse(this.keep?.getItem(this.key) ?? "[]");
      if (Array.isArray(kept)) {
        for (const [id, wanted] of kept as [string, Wanted][]) this.waiting.set(id, wanted);
      }
    } catch {
      this.keep?.removeItem(this.key);
    }
    return this.waiting;
  }

  has(id: string): boolean {
    return this.waiting.has(id);
  }

  tryNow(): void {
    this.gate.tryNow();
    void this.run();
  }

  async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    this.changed();
    try {
      for (;;) {
        const [next] = this.waiting;
        if (!next) break;
        await this.gate.pass();
        await this.save(...next);
      }
    } finally {
      this.running = false;
      this.changed();
    }
  }

  private async save(id: string, wanted: Wanted): Promise<void> {
    // It may have changed while the gate was closed.
    const newest = this.waiting.get(id) ?? wanted;
    const before = this.sent.get(id);
    this.sent.set(id, newest.mark);
    try {
      const version = await this.send(id, newest);
      this.gate.succeeded();
      this.signedOut = false;
      this.settle(id, newest, version);
    } catch (error) {
      if (!this.answeredBefore(id, before, error)) this.failed(id, newest, error);
    }
    this.stored();
  }

  private async send(id: string, { mark, basedOn }: Wanted): Promise<number> {
    if (mark) {
      const kept = await this.api.put(mark, basedOn);
      this.hooks.saved(id, kept, kept.version);
      return kept.version;
    }
    if (basedOn > 0) await this.api.remove(id, basedOn);
    // The deletion is a version too: bringing the mark back is based on it.
    const version = basedOn > 0 ? basedOn + 1 : 0;
    this.hooks.saved(id, null, version);
    return version;
  }

  /** Sent; what was wished meanwhile waits on, based on the version that is kept now. */
  private settle(id: string, sent: Wanted, version: number): void {
    const newer = this.waiting.get(id);
    if (newer === sent) this.waiting.delete(id);
    else if (newer) this.waiting.set(id, { ...newer, basedOn: version });
  }

  /** The portal kept what was sent last, and its answer never came: what is wished now is based on that. */
  private answeredBefore(id: string, before: Mark | null | undefined, error: unknown): boolean {
    const wanted = this.waiting.get(id);
    if (!(error instanceof ChangedMeanwhile) || !error.current || !before || !wanted) return false;
    if (!sameContent(error.current, before)) return false;
    this.waiting.set(id, { ...wanted, basedOn: error.current.version });
    return true;
  }

  private failed(id: string, sent: Wanted, error: unknown): void {
    const signedOut = error instanceof Refused && error.status === 401;
    if (error instanceof Unreachable || signedOut) {
      this.signedOut = signedOut;
      this.gate.failed();
      return;
    }
    const mine = this.waiting.get(id)?.mark ?? sent.mark;
    this.waiting.delete(id);
    if (error instanceof ChangedMeanwhile) {
      this.hooks.conflict(id, error.current, mine);
      return;
    }
    // Taken away twice is once.
    if (error instanceof Gone && mine === null) return;
    this.refusal =
      error instanceof Refused ? "not-allowed" : error instanceof Gone ? "study-gone" : "not-accepted";
    this.hooks.refused(id, this.refusal);
  }

  private stored(): void {
    try {
      if (this.waiting.size === 0) this.keep?.removeItem(this.key);
      else this.keep?.setItem(this.key, JSON.stringify([...this.waiting]));
    } catch {
      // No room, or switched off: they still wait in memory.
    }
    this.changed();
  }

  private changed(): void {
    this.hooks.changed(this.state);
  }
}
