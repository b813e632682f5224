/** What a pane says: in place of its image, while it waits, and aloud. */
import { write } from "../page/elements.ts";
import type { Parts } from "./parts.ts";

export type PaneState = "empty" | "loading" | "first-image" | "ready" | "error" | "ended";

/** Nothing is said about waiting for this long (ms). */
const QUIET = 300;

/** The position is spoken when scrolling has stopped for this long (ms). */
const STILL = 500;

export class Messages {
  private waitingTimer: ReturnType<typeof setTimeout> | undefined;
  private spokenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly parts: Parts,
    private readonly onState: (state: PaneState) => void,
  ) {}

  set state(state: PaneState) {
    this.parts.root.dataset.state = state;
    this.onState(state);
  }

  get state(): PaneState {
    return this.parts.root.dataset.state as PaneState;
  }

  /** No image is on the screen: neither the last one nor what stands on it. */
  cover(): void {
    this.parts.root.dataset.covered = "true";
  }

  uncover(): void {
    this.parts.root.dataset.covered = "false";
    this.parts.get("message").hidden = true;
    this.waited();
  }

  /** Says why there is no image, in its place. */
  say(words: string): void {
    this.cover();
    this.waited();
    const message = this.parts.get("message");
    write(message, words);
    message.hidden = false;
  }

  /** Says nothing any more. */
  clear(): void {
    this.parts.get("message").hidden = true;
    this.waited();
  }

  waiting(words: string): void {
    this.parts.get("message").hidden = true;
    const badge = this.parts.get("waiting");
    if (!badge.hidden) {
      write(this.parts.get("waiting-words"), words);
      return;
    }
    clearTimeout(this.waitingTimer);
    this.waitingTimer = setTimeout(() => {
      write(this.parts.get("waiting-words"), words);
      badge.hidden = false;
    }, QUIET);
  }

  waited(): void {
    clearTimeout(this.waitingTimer);
    this.parts.get("waiting").hidden = true;
  }

  /** Name of the viewport; spoken after scrolling stops. */
  name(words: string, aloud: boolean): void {
    clearTimeout(this.spokenTimer);
    this.spokenTimer = setTimeout(() => {
      this.parts.get("viewport").setAttribute("aria-label", words);
      const spoken = document.getElementById("spoken");
      if (aloud && spoken) write(spoken, words);
    }, STILL);
  }
}
