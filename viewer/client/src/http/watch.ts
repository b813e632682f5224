/** Asks again and again whether the study is still open to the reader, also while they ask for nothing themselves. */
import { Refused } from "./failures.ts";
import { type Clock, WALL_CLOCK } from "./gate.ts";

/** Access that ends anywhere closes an open viewer within a minute: the server learns of it within half of that. */
export const WATCH_EVERY = 20_000;

/** True where the reader may no longer open the study; false where they are merely signed out, or a server is away. */
export function isEndOfAccess(error: unknown): boolean {
  return error instanceof Refused && (error.code === "token_revoked" || error.code === "not_found");
}

export class Watch {
  private cancel: (() => void) | null = null;

  constructor(
    private readonly ask: () => Promise<void>,
    private readonly ended: (error: unknown) => void,
    private readonly clock: Clock = WALL_CLOCK,
  ) {}

  start(): void {
    this.cancel?.();
    this.cancel = this.clock.after(WATCH_EVERY, () => void this.look());
  }

  stop(): void {
    this.cancel?.();
    this.cancel = null;
  }

  private async look(): Promise<void> {
    try {
      await this.ask();
    } catch (error) {
      if (isEndOfAccess(error)) {
        this.stop();
        this.ended(error);
        return;
      }
    }
    if (this.cancel) this.start();
  }
}
