/** The bar under the images, for the active pane: play, rate, loop, n of m, the slider and what of it is loaded. */
import { type Frame, isCine, ownFrameRate } from "../dicom/frames.ts";
import type { PrefetchProgress } from "../engine/prefetch.ts";
import type { Pane } from "../panes/pane.ts";
import { _, _n } from "../words/say.ts";
import { mark, part, press, write } from "./elements.ts";
import { changeIcon } from "./icons.ts";
import type { Workspace } from "./workspace.ts";

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
  private frames: readonly Frame[] = [];
  private due = 0;

  constructor(private readonly workspace: Workspace) {
    this.playButton.addEventListener("click", () => this.toggle());
    this.loopButton.addEventListener("click", () => {
      this.loop = !this.loop;
      press(this.loopButton, this.loop);
    });
    this.slider.addEventListener("input", () => {
      this.pause();
      this.pane.view.goTo(Number(this.slider.value) - 1);
    });
    this.listen();
  }

  private get pane(): Pane {
    return this.workspace.active;
  }

  private listen(): void {
    const mine = (pane: Pane, act: () => void) => {
      if (pane === this.pane) act();
    };
    const { workspace } = this;
    workspace.on("opened", (pane) => mine(pane, () => this.open()));
    workspace.on("active", () => this.open());
    workspace.on("shown", (pane) => mine(pane, () => this.at()));
    workspace.on("progress", ({ pane, progress }) => mine(pane, () => this.progress(progress)));
    workspace.on("ended", () => this.pause());
    // A reader who takes hold of the image has seen enough of the film.
    for (const kind of ["wheel", "pointerdown"]) {
      part("grid").addEventListener(kind, () => this.pause(), { capture: true, passive: true });
    }
    workspace.commands.add({
      id: "cine",
      group: "images",
      title: _("Play, pause"),
      keys: ["Space"],
      run: () => this.toggle(),
    });
  }

  /** The series of the active pane: its length and the rate that its data ask for. */
  private open(): void {
    const { frames, count } = this.pane.view;
    // In a table of images the film goes on from viewport to viewport.
    if (this.playing && frames === this.frames) {
      this.at();
      return;
    }
    this.pause();
    this.frames = frames;
    const [first] = frames;
    const own = isCine(frames) && first ? ownFrameRate(first.dataSet) : null;
    this.slider.max = String(Math.max(1, count));
    this.slider.disabled = count < 2;
    this.playButton.disabled = count < 2;
    const chosen = own === null ? DEFAULT_RATE : Math.min(60, Math.max(1, Math.round(own)));
    this.rateField.replaceChildren(
      ...ratesWith(own).map(
        (rate) => new Option(`${rate} /s`, String(rate), rate === chosen, rate === chosen),
      ),
    );
    this.at();
    this.progress(this.pane.progress ?? { loaded: new Set(), failed: new Set(), total: count });
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  pause(): void {
    this.playing = false;
    this.label("play-fill", _("Play"));
  }

  private at(): void {
    const { target, count } = this.pane.view;
    const n = target + 1;
    this.slider.value = String(Math.max(1, n));
    this.slider.setAttribute("aria-valuetext", _("Image {n} of {count}", { n, count }));
    write(part("cine-position"), count === 0 ? "" : _("{n} of {count}", { n, count }));
  }

  private progress({ loaded, failed, total }: PrefetchProgress): void {
    const loadedWords = _("Loaded {n} of {total}", { n: loaded.size, total });
    const stops = loadedRuns(loaded, total).flatMap(([from, to]) => {
      const [start, end] = [`${(from * 100).toFixed(2)}%`, `${(to * 100).toFixed(2)}%`];
      return [`transparent ${start}`, `var(--loaded) ${start}`, `var(--loaded) ${end}`, `transparent ${end}`];
    });
    const image = stops.length === 0 ? "none" : `linear-gradient(to right, ${stops.join(", ")})`;
    this.slider.style.setProperty("--loaded-image", image);
    const lost = failed.size === 0 ? "" : `, ${_n("{n} failed", "{n} failed", failed.size)}`;
    write(part("cine-loaded"), total === 0 ? "" : `${loadedWords}${lost}`);
  }

  private play(): void {
    if (this.pane.view.count < 2) return;
    this.playing = true;
    this.due = performance.now();
    this.label("pause-fill", _("Pause"));
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
    const { target, count } = this.pane.view;
    const next = following(target, count, this.loop);
    if (next === null) {
      this.pause();
      return;
    }
    if (!this.pane.isSettled(next)) return;
    this.due = Math.max(this.due + every, now);
    this.pane.view.goTo(next);
  }

  private label(iconName: string, words: string): void {
    changeIcon(this.playButton, iconName);
    mark(this.playButton, "aria-label", words);
    mark(this.playButton, "title", `${words} (Space)`);
  }
}
