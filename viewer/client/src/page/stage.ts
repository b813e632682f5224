/** The messages over the viewport, the spoken position, and what tests read off the page. */
import { part, write } from "./elements.ts";

export type PageState = "loading" | "first-image" | "ready" | "error" | "ended";

/** Nothing is said about waiting for this long (ms). */
const QUIET = 300;

/** The position is spoken when scrolling has stopped for this long (ms). */
const STILL = 500;

export class Stage {
  private readonly frame = part("stage-frame");
  private readonly message = part("stage-message");
  private readonly waitingBadge = part("waiting");
  private waitingTimer: ReturnType<typeof setTimeout> | undefined;
  private spokenTimer: ReturnType<typeof setTimeout> | undefined;

  set state(state: PageState) {
    document.documentElement.dataset.viewerState = state;
  }

  get state(): PageState {
    return document.documentElement.dataset.viewerState as PageState;
  }

  /** No image is on the screen: neither the last one nor what stands on it. */
  cover(): void {
    this.frame.dataset.covered = "true";
  }

  uncover(): void {
    this.frame.dataset.covered = "false";
    this.message.hidden = true;
    this.waited();
  }

  /** Says why there is no image, in its place. */
  say(words: string): void {
    this.cover();
    this.waited();
    write(this.message, words);
    this.message.hidden = false;
  }

  waiting(words: string): void {
    this.message.hidden = true;
    if (!this.waitingBadge.hidden) {
      write(part("waiting-words"), words);
      return;
    }
    clearTimeout(this.waitingTimer);
    this.waitingTimer = setTimeout(() => {
      write(part("waiting-words"), words);
      this.waitingBadge.hidden = false;
    }, QUIET);
  }

  waited(): void {
    clearTimeout(this.waitingTimer);
    this.waitingBadge.hidden = true;
  }

  /** Name of the viewport; spoken after scrolling stops. */
  name(words: string): void {
    clearTimeout(this.spokenTimer);
    this.spokenTimer = setTimeout(() => {
      part("viewport").setAttribute("aria-label", words);
      write(part("spoken"), words);
    }, STILL);
  }
}
