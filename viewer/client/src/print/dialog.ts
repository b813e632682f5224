/** The print dialog: what, how, the page beside it; then PDF or paper, after the portal has written it down. */
import "./print.css";
import { keyName } from "../commands/keys.ts";
import { part, press, write } from "../page/elements.ts";
import { _, _n } from "../words/say.ts";
import type { Job } from "./bitmaps.ts";
import { notesOn } from "./choice_notes.ts";
import { ChoiceForm } from "./choosing.ts";
import { saveFile, seriesFileName } from "./files.ts";
import { type Choice, type Item, itemAt, type Subject } from "./job.ts";
import { keyItems } from "./key_images.ts";
import { pagesFor } from "./paper.ts";
import { Picker } from "./picker.ts";
import { range } from "./plan.ts";
import { Preview } from "./preview.ts";
import { forgetPages, printPages } from "./printer.ts";
import { Running } from "./running.ts";
import { bannerWords, countWords, seriesWithin } from "./words.ts";

export class PrintDialog {
  private readonly dialog = part<HTMLDialogElement>("print-dialog");
  private readonly form = new ChoiceForm(part<HTMLFormElement>("print-form"), () => this.changed());
  private readonly picker = new Picker(part("print-picker"), () => this.changed());
  private readonly preview = new Preview();
  private readonly running = new Running({
    progress: part("print-progress"),
    trouble: part("print-trouble"),
    stop: part("print-cancel-words"),
    locks: [
      part<HTMLButtonElement>("print-pdf"),
      part<HTMLButtonElement>("print-paper-button"),
      part("print-choice"),
    ],
  });
  private subject: Subject | null = null;
  private keys: readonly Item[] = [];

  constructor() {
    part("print-close").addEventListener("click", () => this.leave());
    part("print-cancel").addEventListener("click", () => this.leave());
    part("print-pdf").addEventListener("click", () => void this.toPdf());
    part("print-paper-button").addEventListener("click", () => void this.toPaper());
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave();
    });
    this.dialog.addEventListener("close", () => this.closed());
    this.dialog.addEventListener("keydown", (event) => {
      if (keyName(event) !== "Ctrl+P") return;
      event.preventDefault();
      event.stopPropagation();
      void this.toPaper();
    });
  }

  get isOpen(): boolean {
    return this.dialog.open;
  }

  open(subject: Subject): void {
    forgetPages();
    this.subject = subject;
    this.keys = [];
    const [frame] = subject.frames;
    write(part("print-title"), _("Print {series}", { series: seriesWithin(subject.series) }));
    const banner = frame ? bannerWords(frame, subject) : { name: "", rest: "" };
    write(part("print-patient"), banner.name);
    write(part("print-patient-rest"), banner.rest === "" ? "" : `, ${banner.rest}`);
    this.picker.begin(subject);
    this.form.begin(subject);
    this.dialog.showModal();
    this.dialog
      .querySelector<HTMLElement>(subject.frames.length > 1 ? "#print-from" : "input:checked")
      ?.focus();
    this.changed();
    void this.findKeyImages(subject);
  }

  /** Access has ended, or the reader is done. */
  close(): void {
    this.running.stop();
    this.dialog.close();
    forgetPages();
  }

  private closed(): void {
    this.running.stop();
    this.preview.close();
    this.picker.close();
    this.subject = null;
  }

  /** Stops what is under way; with nothing under way, closes. */
  private leave(): void {
    if (this.running.stop()) return;
    this.dialog.close();
  }

  private async findKeyImages(subject: Subject): Promise<void> {
    const field = this.dialog.querySelector<HTMLInputElement>('input[name="what"][value="key"]');
    const draw = (count: number) => {
      write(part("print-key-words"), count === 0 ? _("Key images") : _("Key images {n}", { n: count }));
      if (field) field.disabled = count === 0;
    };
    draw(0);
    const found = await keyItems(subject).catch(() => []);
    if (this.subject !== subject) return;
    this.keys = found;
    draw(found.length);
  }

  private items(subject: Subject, choice: Choice): readonly Item[] {
    const count = subject.frames.length;
    const indices = {
      this: () => [subject.index],
      range: () => range(count, choice.from, choice.to, choice.every),
      click: () => [...this.picker.chosen].sort((a, b) => a - b),
      key: () => [],
    }[choice.what]();
    if (choice.what === "key") return this.keys;
    return indices.map((index) => itemAt(subject, index)).filter((item) => item !== null);
  }

  private job(): Job | null {
    const { subject } = this;
    if (!subject) return null;
    const first = this.form.read(subject.frames.length);
    const items = this.items(subject, first);
    this.form.suggest(items.length);
    const choice = this.form.read(subject.frames.length);
    return { subject, choice, items, now: new Date() };
  }

  private changed(): void {
    const job = this.job();
    if (!job) return;
    const { subject, choice, items } = job;
    part("print-range-fields").hidden = choice.what !== "range";
    part("print-picker").hidden = choice.what !== "click";
    if (choice.what === "click") this.picker.show();
    const pages = pagesFor(items, choice).length;
    const notes = notesOn(subject, choice, items);
    const note = part("print-note");
    write(note, notes.words.join("\n"));
    note.toggleAttribute("data-attention", notes.attention);
    write(part("print-count"), countWords(items.length, pages, choice.sheet.paper));
    write(part("print-now-words"), pages === 0 ? _("Print") : _n("Print {n} page", "Print {n} pages", pages));
    this.running.allow(notes.trouble, items.length > 0 && notes.trouble === "");
    press(part("print-whole"), part("print-whole").getAttribute("aria-pressed") === "true");
    this.preview.show(job);
  }

  private async toPdf(): Promise<void> {
    const job = this.job();
    if (!job) return;
    await this.running.run(job, "pdf", async (signal, progress) => {
      progress.say(_("Preparing the PDF"));
      const { writePdf } = await import("./pdf.ts");
      const { pdf, failed } = await writePdf(job, signal, progress);
      saveFile(pdf, seriesFileName(job.subject.series, "pdf"));
      return failed;
    });
  }

  private async toPaper(): Promise<void> {
    const job = this.job();
    if (!job) return;
    await this.running.run(job, "print", async (signal, progress) => {
      const { failed } = await printPages(job, signal, progress);
      return failed;
    });
  }
}
