/** Keeps one viewer token valid: in memory only, renewed before it ends, asked for once at a time. */
import { Unreachable } from "./failures.ts";
import { type Clock, Gate, type Trouble, WALL_CLOCK } from "./gate.ts";

export interface ViewerToken {
  readonly dicomwebUrl: string;
  readonly serverId: string;
  readonly token: string;
  /** Milliseconds for which the portal lets it live, counted from its answer. */
  readonly lifetime: number;
}

export interface TokenKeeperOptions {
  readonly clock?: Clock;
  readonly onTrouble?: (trouble: Trouble | null) => void;
  /** One that is here already, and when it was asked for (milliseconds since the epoch). */
  readonly first?: { readonly value: ViewerToken; readonly asked: number } | null;
}

interface Held {
  readonly value: ViewerToken;
  readonly endsAt: number;
}

/** A token this near to its end is not used for a new request. */
const MARGIN = 5_000;

/** It is renewed when this share of its life has passed. */
const RENEW_AFTER = 0.7;

export class TokenKeeper {
  private held: Held | null = null;
  private flight: Promise<Held> | null = null;
  private cancelRenewal: (() => void) | null = null;
  private readonly clock: Clock;
  private readonly gate: Gate;

  constructor(
    private readonly request: () => Promise<ViewerToken>,
    options: TokenKeeperOptions = {},
  ) {
    this.clock = options.clock ?? WALL_CLOCK;
    this.gate = new Gate(options.onTrouble, this.clock);
    const { first } = options;
    if (first) this.hold({ value: first.value, endsAt: first.asked + first.value.lifetime });
  }

  /** A token that is valid now; waits while the portal cannot be reached, throws where it refuses. */
  async current(): Promise<ViewerToken> {
    if (this.held && this.held.endsAt - MARGIN > this.clock.now()) return this.held.value;
    return (await this.renew()).value;
  }

  /** A token other than one that a server has just refused. */
  async after(refused: ViewerToken): Promise<ViewerToken> {
    if (this.held && this.held.value !== refused) return this.current();
    return (await this.renew()).value;
  }

  tryNow(): void {
    this.gate.tryNow();
  }

  private renew(): Promise<Held> {
    this.flight ??= this.ask().finally(() => {
      this.flight = null;
    });
    return this.flight;
  }

  private async ask(): Promise<Held> {
    for (;;) {
      await this.gate.pass();
      const asked = this.clock.now();
      try {
        const value = await this.request();
        this.gate.succeeded();
        this.hold({ value, endsAt: asked + value.lifetime });
        return { value, endsAt: asked + value.lifetime };
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.gate.failed();
      }
    }
  }

  private hold(held: Held): void {
    this.held = held;
    this.cancelRenewal?.();
    this.cancelRenewal = this.clock.after(held.value.lifetime * RENEW_AFTER, () => {
      // A refusal here shows up, with its reason, at the next request that needs a token.
      this.renew().catch(() => {});
    });
  }
}
