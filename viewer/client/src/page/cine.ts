/** The bar under the image: play, rate, loop, n of m, the slider and what of it is loaded. */
import type { PrefetchProgress } from "../engine/prefetch.ts";
import { part, press, write } from "./elements.ts";
import { changeIcon } from "./icons.ts";

export interface CineHooks {
  goTo(index: number): void;
  readonly target: () => number;
  readonly count: () => number;
  readonly isLoaded: (index: number) => boolean;
}

const RATES = [1, 2, 5, 8, 10, 15, 20, 25, 30, 60] as const;
export const DEFAULT_RATE = 10;

/** The rates to choose from, with the data's own among them. */
export function ratesWith(own: number | null): number[] {
  const wanted = own === null ? [] : [Math.min(60, Math.max(1, Math.round(own)))];
  return [...new Set<number>([...RATES, ...wanted])].sort((a, b) => a - b);
}

/** The image after this one, or null at the end where it does not loop. */
export function following(index: number, count: number, loop: boolean): number | null {
  if (index + 1 < count) return index + 1;
  return loop && count > 1 ? 0 : null;
}

/** Runs of loaded images as shares of the slider: [from, to) between 0 and 1. */
export function loadedRuns(loaded: ReadonlySet<number>, total: number): [from: number, to: number][] {
  const runs: [number, number][] = [];
  for (const index of [...loaded].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[1] === index) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs.map(([from, to]) => [from / total, to / total]);
}

export class Cine {
  private readonly playButton = part<HTMLButtonElement>("cine-play");
  private readonly rateField = part<HTMLSelectElement>("cine-rate");
  private readonly loopButton = part<HTMLButtonElement>("cine-loop");
  private readonly slider = part<HTMLInputElement>("cine-slider");
  private loop = true;
  private playing = false;
  private due = 0;

  constructor(private readonly hooks: CineHooks) {
    this.playButton.addEventListener("click", () => this.toggle());
    this.loopButton.addEventListener("click", () => {
      this.loop = !this.loop;
      press(this.loopButton, this.loop);
    });
    this.slider.addEventListener("input", () => {
      this.pause();
      hooks.goTo(Number(this.slider.value) - 1);
    });
  }

  /** A new series: its length and the rate that its data ask for. */
  open(count: number, ownRate: number | null): void {
    this.pause();
    this.slider.max = String(Math.max(1, count));
    this.slider.disabled = count < 2;
    this.playButton.disabled = count < 2;
    const rates = ratesWith(ownRate);
    const chosen = ownRate === null ? DEFAULT_RATE : Math.min(60, Math.max(1, Math.round(ownRate)));
    this.rateField.replaceChildren(
      ...rates.map((rate) => new Option(`${rate} /s`, String(rate), rate === chosen, rate === chosen)),
    );
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  pause(): void {
    this.playing = false;
    this.label("play-fill", "Play");
  }

  at(index: number, count: number): void {
    this.slider.value = String(index + 1);
    this.slider.setAttribute("aria-valuetext", `Image ${index + 1} of ${count}`);
    write(part("cine-position"), count === 0 ? "" : `${index + 1} of ${count}`);
  }

  progress({ loaded, failed, total }: PrefetchProgress): void {
    const stops = loadedRuns(loaded, total).flatMap(([from, to]) => {
      const [start, end] = [`${(from * 100).toFixed(2)}%`, `${(to * 100).toFixed(2)}%`];
      return [`transparent ${start}`, `var(--loaded) ${start}`, `var(--loaded) ${end}`, `transparent ${end}`];
    });
    const image = stops.length === 0 ? "none" : `linear-gradient(to right, ${stops.join(", ")})`;
    this.slider.style.setProperty("--loaded-image", image);
    const lost = failed.size === 0 ? "" : `, ${failed.size} failed`;
    write(part("cine-loaded"), `Loaded ${loaded.size} of ${total}${lost}`);
  }

  private play(): void {
    if (this.hooks.count() < 2) return;
    this.playing = true;
    this.due = performance.now();
    this.label("pause-fill", "Pause");
    requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    if (!this.playing) return;
    const every = 1000 / Number(this.rateField.value || DEFAULT_RATE);
    if (now >= this.due) this.advance(now, every);
    if (this.playing) requestAnimationFrame((later) => this.tick(later));
  }

  /** Plays what is loaded; at an image that is not, it waits instead of skipping it. */
  private advance(now: number, every: number): void {
    const at = this.hooks.target();
    const next = following(at, this.hooks.count(), this.loop);
    if (next === null) {
      this.pause();
      return;
    }
    if (!this.hooks.isLoaded(next)) return;
    this.due = Math.max(this.due + every, now);
    this.hooks.goTo(next);
  }

  private label(iconName: string, words: string): void {
    changeIcon(this.playButton, iconName);
    this.playButton.setAttribute("aria-label", words);
    this.playButton.title = `${words} (Space)`;
  }
}
