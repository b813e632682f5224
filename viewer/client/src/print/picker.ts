/** Small pictures of a whole series, of which one clicks those to print. */
import { press } from "../page/elements.ts";
import { _ } from "../words/say.ts";
import { getPictures } from "./getting.ts";
import { renderImage } from "./image.ts";
import { itemAt, type Subject } from "./job.ts";

/** Side of a small picture (px). */
const SIDE = 96;

export class Picker {
  private readonly buttons: HTMLButtonElement[] = [];
  private subject: Subject | null = null;
  private last = 0;
  private seen: IntersectionObserver | null = null;
  private readonly getting = new Map<number, AbortController>();
  readonly chosen = new Set<number>();

  constructor(
    private readonly root: HTMLElement,
    private readonly onChange: () => void,
  ) {
    root.addEventListener("keydown", (event) => this.key(event));
  }

  /** Begins with a series; the image on the screen is chosen. */
  begin(subject: Subject): void {
    this.close();
    this.subject = subject;
    this.chosen.add(subject.index);
    this.last = subject.index;
  }

  close(): void {
    this.seen?.disconnect();
    for (const abort of this.getting.values()) abort.abort();
    this.getting.clear();
    this.buttons.length = 0;
    this.root.replaceChildren();
    this.chosen.clear();
    this.subject = null;
  }

  /** Makes the buttons when they are wanted first; their pictures come as they are scrolled into sight. */
  show(): void {
    const { subject } = this;
    if (!subject || this.buttons.length > 0) return;
    this.seen = new IntersectionObserver((entries) => this.look(entries), {
      root: this.root,
      rootMargin: "120px",
    });
    for (const index of subject.frames.keys()) {
      const button = this.button(index);
      this.buttons.push(button);
      this.seen.observe(button);
    }
    this.root.replaceChildren(...this.buttons);
    this.buttons[subject.index]?.scrollIntoView({ block: "nearest" });
  }

  private button(index: number): HTMLButtonElement {
    const button = document.createElement("button");
    const label = document.createElement("span");
    button.type = "button";
    button.className = "print-pick";
    button.dataset.index = String(index);
    button.tabIndex = index === this.last ? 0 : -1;
    button.setAttribute("aria-label", _("Image {n}", { n: index + 1 }));
    press(button, this.chosen.has(index));
    label.textContent = String(index + 1);
    button.append(label);
    button.addEventListener("click", (event) => this.click(index, event.shiftKey));
    return button;
  }

  /** A click chooses one or lets it go; with Shift, all from the last one clicked. */
  private click(index: number, all: boolean): void {
    const on = !this.chosen.has(index);
    const [from, to] = all ? [Math.min(this.last, index), Math.max(this.last, index)] : [index, index];
    for (let at = from; at <= to; at += 1) {
      if (on || all) this.chosen.add(at);
      else this.chosen.delete(at);
      const button = this.buttons[at];
      if (button) press(button, this.chosen.has(at));
    }
    this.focus(index);
    this.onChange();
  }

  private focus(index: number): void {
    const [before, now] = [this.buttons[this.last], this.buttons[index]];
    if (!now) return;
    if (before) before.tabIndex = -1;
    now.tabIndex = 0;
    now.focus();
    this.last = index;
  }

  private key(event: KeyboardEvent): void {
    const [first, second] = this.buttons;
    if (!first) return;
    const perRow = Math.max(
      1,
      this.buttons.findIndex((button) => button.offsetTop > first.offsetTop),
    );
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow }[event.key];
    if (step === undefined || !second) return;
    event.preventDefault();
    event.stopPropagation();
    this.focus(Math.max(0, Math.min(this.buttons.length - 1, this.last + step)));
  }

  private look(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const index = Number((target as HTMLElement).dataset.index);
      if (isIntersecting) void this.draw(index);
      else this.getting.get(index)?.abort();
    }
  }

  private async draw(index: number): Promise<void> {
    const { subject } = this;
    const button = this.buttons[index];
    const item = subject && itemAt(subject, index);
    if (!subject || !item || !button || button.querySelector("canvas")) return;
    const abort = new AbortController();
    this.getting.set(index, abort);
    try {
      const picture = (await getPictures(subject.study, [item], abort.signal)).get(item);
      if (!picture || picture instanceof Error) return;
      const { window, inverted, greys, rotation, flipped } = subject;
      const placement = { zoom: 1, pan: [0, 0] as const, rotation, flipped };
      const look = { window, inverted, greys, placement, background: "#000000" };
      const canvas = document.createElement("canvas");
      canvas.width = SIDE;
      canvas.height = SIDE;
      const small = renderImage(item.frame, picture, look, { width: SIDE, height: SIDE });
      canvas.getContext("2d")?.drawImage(small, 0, 0);
      button.prepend(canvas);
    } catch {
      // Scrolled out of sight before it came.
    } finally {
      this.getting.delete(index);
    }
  }
}
