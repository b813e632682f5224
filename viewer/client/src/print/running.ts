/** One taking-out at a time: asks the portal first, says how far it is, can be stopped, says what went wrong. */
import { write } from "../page/elements.ts";
import { _, _n } from "../words/say.ts";
import type { Job, Progress } from "./bitmaps.ts";
import { type How, noteTaken, type Taken, takenTrouble } from "./taken.ts";

export interface Places {
  readonly progress: HTMLElement;
  readonly trouble: HTMLElement;
  /** The words on the button that stops. */
  readonly stop: HTMLElement;
  /** Not to be used meanwhile. */
  readonly locks: readonly HTMLElement[];
}

/** Makes what is taken out, after the portal said yes; returns how many images are missing in it. */
export type Make = (signal: AbortSignal, progress: Progress) => Promise<number>;

export function takenOf({ items }: Job, how: How): Taken {
  const series = new Set(items.map(({ series: { uid } }) => uid));
  const [only] = series;
  return { how, images: items.length, seriesInstanceUid: series.size === 1 ? only : undefined };
}

function missingWords(failed: number): string {
  return failed === 0
    ? _("Done.")
    : _n(
        "Done. {n} image could not be loaded; the page says so in its place.",
        "Done. {n} images could not be loaded; the pages say so in their place.",
        failed,
      );
}

function brokenWords(): string {
  return _("This could not be made. Something broke in the viewer; nothing was lost.");
}

export class Running {
  private current: AbortController | null = null;
  private allowed = true;
  private why = "";

  constructor(private readonly places: Places) {}

  /** Whether it may begin, and why not. */
  allow(trouble: string, allowed: boolean): void {
    this.allowed = allowed;
    this.why = trouble;
    write(this.places.progress, "");
    this.draw();
  }

  /** Stops what is under way; false where nothing is. */
  stop(): boolean {
    if (!this.current) return false;
    this.current.abort();
    return true;
  }

  run(job: Job, how: How, make: Make): Promise<void> {
    const { study, config } = job.subject;
    return this.runAfter(() => noteTaken(study.config, takenOf(job, how), config), make, missingWords);
  }

  /** `ask` is the portal's leave; nothing is made without it. */
  async runAfter(ask: () => Promise<void>, make: Make, done: (count: number) => string): Promise<void> {
    if (this.current || !this.allowed) return;
    const abort = new AbortController();
    this.current = abort;
    this.why = "";
    write(this.places.progress, "");
    this.draw();
    const progress = { say: (words: string) => write(this.places.progress, words) };
    try {
      await ask();
      try {
        abort.signal.throwIfAborted();
        progress.say(done(await make(abort.signal, progress)));
      } catch (error) {
        write(this.places.progress, "");
        if (abort.signal.aborted) progress.say(_("Stopped. Nothing was given out."));
        else this.failed(error, brokenWords());
      }
    } catch (error) {
      this.failed(error, takenTrouble(error));
    } finally {
      this.current = null;
      this.draw();
    }
  }

  private failed(error: unknown, words: string): void {
    console.warn(error);
    this.why = words;
  }

  private draw(): void {
    const busy = this.current !== null;
    write(this.places.trouble, this.why);
    write(this.places.stop, busy ? _("Stop") : _("Cancel"));
    for (const element of this.places.locks) {
      if (element instanceof HTMLButtonElement) element.disabled = busy || !this.allowed;
      else element.inert = busy;
    }
  }
}
