/** The page as it will lie on paper, one at a time; images come as they are loaded. */
import type { Picture } from "../engine/picture.ts";
import { part, press, write } from "../page/elements.ts";
import { _ } from "../words/say.ts";
import type { Job } from "./bitmaps.ts";
import { getPictures } from "./getting.ts";
import type { Item } from "./job.ts";
import { pagesFor, partsOf } from "./paper.ts";
import { pageSize } from "./plan.ts";

/** CSS pixels of a millimetre at 100 %. */
const CSS_PER_MM = 96 / 25.4;

/** Room around the page (CSS px). */
const AROUND = 24;

/** Images that arrive within this time (ms) are drawn together. */
const TOGETHER = 200;

export class Preview {
  private readonly canvas = part<HTMLCanvasElement>("print-canvas");
  private readonly paper = part("print-paper");
  private readonly whole = part<HTMLButtonElement>("print-whole");
  private job: Job | null = null;
  private page = 0;
  private isWhole = false;
  private getting = new AbortController();
  private pictures = new Map<Item, Picture | Error>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly observer = new ResizeObserver(() => this.draw());

  constructor() {
    part("print-previous").addEventListener("click", () => this.turn(-1));
    part("print-next").addEventListener("click", () => this.turn(1));
    this.whole.addEventListener("click", () => {
      this.isWhole = !this.isWhole;
      press(this.whole, this.isWhole);
      this.draw();
    });
  }

  /** Shows a job from the page that is open, as far as it has that many. */
  show(job: Job): void {
    this.job = job;
    this.observer.observe(this.paper);
    this.get();
  }

  close(): void {
    this.getting.abort();
    clearTimeout(this.timer);
    this.observer.disconnect();
    this.job = null;
    this.page = 0;
    this.pictures = new Map();
    this.canvas.width = 0;
  }

  private get pages(): Item[][] {
    return this.job ? pagesFor(this.job.items, this.job.choice) : [];
  }

  private turn(by: number): void {
    this.page += by;
    this.get();
  }

  /** Gets what the open page lacks. */
  private get(): void {
    this.getting.abort();
    this.getting = new AbortController();
    const { job, pages } = this;
    this.page = Math.max(0, Math.min(pages.length - 1, this.page));
    const items = pages[this.page] ?? [];
    // The same image is another item after each choice: what is here is known by its frame.
    const known = new Map([...this.pictures].map(([{ frame }, picture]) => [frame, picture]));
    this.pictures = new Map();
    for (const item of items) {
      const picture = known.get(item.frame);
      if (picture) this.pictures.set(item, picture);
    }
    this.draw();
    const missing = items.filter((item) => !this.pictures.has(item));
    if (!job || missing.length === 0) return;
    const { pictures } = this;
    getPictures(job.subject.study, missing, this.getting.signal, (item, picture) => {
      pictures.set(item, picture);
      this.timer ??= setTimeout(() => this.draw(), TOGETHER);
    }).catch((error: unknown) => {
      if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    });
  }

  private draw(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.drawWords();
    const { job } = this;
    if (!job) return;
    const size = pageSize(job.choice.sheet);
    const scale = this.isWhole ? CSS_PER_MM : this.fitting(size);
    const ratio = window.devicePixelRatio || 1;
    const perMm = scale * ratio;
    this.canvas.width = Math.round(size.width * perMm);
    this.canvas.height = Math.round(size.height * perMm);
    this.canvas.style.setProperty("width", `${size.width * scale}px`);
    this.canvas.style.setProperty("height", `${size.height * scale}px`);
    const context = this.canvas.getContext("2d", { alpha: false });
    if (!context) return;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const { pages, page, pictures } = this;
    const of = { ...job, items: pages[page] ?? [], page: page + 1, pages: pages.length };
    for (const one of partsOf(of, pictures)) {
      const { x, y, width, height } = one.box;
      context.save();
      context.translate(Math.round(x * perMm), Math.round(y * perMm));
      one.draw(context, { width: width * perMm, height: height * perMm });
      context.restore();
    }
    const drawn = (pages[page] ?? []).filter((item) => pictures.has(item)).length;
    this.canvas.dataset.images = String(drawn);
  }

  private fitting(size: { width: number; height: number }): number {
    const { clientWidth, clientHeight } = this.paper;
    const fit = Math.min((clientWidth - AROUND) / size.width, (clientHeight - AROUND) / size.height);
    return Math.max(0.5, fit);
  }

  private drawWords(): void {
    const { pages, page } = this;
    const [n, count] = [Math.min(page + 1, pages.length), pages.length];
    write(part("print-page"), count === 0 ? "" : _("{n} of {count}", { n, count }));
    part<HTMLButtonElement>("print-previous").disabled = page <= 0;
    part<HTMLButtonElement>("print-next").disabled = page >= count - 1;
    const images = (pages[page] ?? []).map(({ index }) => index + 1).join(", ");
    const name = _("Page {n} of {count}: images {images}", { n, count, images });
    this.canvas.setAttribute("aria-label", count === 0 ? _("No image chosen") : name);
  }
}
