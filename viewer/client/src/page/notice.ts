/** The one line that says what is wrong with the connection, when it is tried again, and Try now. */
import type { Trouble } from "../http/gate.ts";
import { _ } from "../words/say.ts";
import { part, write } from "./elements.ts";

interface Cause {
  readonly words: string;
  /** Milliseconds since the epoch; null: nobody tries again. */
  readonly retryAt: number | null;
  readonly tryNow: () => void;
}

export class Notice {
  private readonly box = part("notice");
  private readonly words = part("notice-words");
  private readonly countdown = part("notice-countdown");
  private readonly button = part<HTMLButtonElement>("notice-try");
  private readonly causes = new Map<string, Cause>();
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.button.addEventListener("click", () => {
      for (const { tryNow } of [...this.causes.values()]) tryNow();
    });
  }

  /** What a gate reports: trouble, or that it is over. */
  reporter(
    name: string,
    say: (since: number) => string,
    tryNow: () => void,
  ): (trouble: Trouble | null) => void {
    return (trouble) => {
      if (trouble) this.causes.set(name, { words: say(trouble.since), retryAt: trouble.retryAt, tryNow });
      else this.causes.delete(name);
      this.draw();
    };
  }

  /** Says that nothing more is given out; Try now asks again. */
  refused(words: string, tryNow: () => void): void {
    this.causes.set("refused", { words, retryAt: null, tryNow });
    this.draw();
  }

  accepted(): void {
    if (this.causes.delete("refused")) this.draw();
  }

  private draw(): void {
    const [cause] = this.causes.values();
    clearInterval(this.ticking);
    this.box.hidden = !cause;
    if (!cause) return;
    const { words, retryAt } = cause;
    write(this.words, words);
    write(this.countdown, "");
    if (retryAt === null) return;
    const tick = () => {
      const seconds = Math.ceil((retryAt - Date.now()) / 1000);
      write(this.countdown, seconds > 0 ? _("Trying again in {seconds} s.", { seconds }) : _("Trying now."));
    };
    tick();
    this.ticking = setInterval(tick, 500);
  }
}
