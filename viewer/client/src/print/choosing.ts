/** Reads the choices from the form of the print dialog, and fills in what fits the series at hand. */
import { _ } from "../words/say.ts";
import type { Choice, Subject, What } from "./job.ts";
import { MOST, wholeNumber } from "./plan.ts";
import { screenWindowWords } from "./words.ts";

const WHATS: readonly What[] = ["this", "key", "range", "click"];

/** Images across and down for so many of them, upright; more than twenty go on further pages. */
export function suggestedPlaces(images: number): readonly [across: number, down: number] {
  const sizes = [
    [1, 1],
    [1, 2],
    [2, 2],
    [2, 3],
    [3, 3],
    [3, 4],
  ] as const;
  return sizes.find(([across, down]) => across * down >= images) ?? [4, 5];
}

/** Steps through a series that leave about two pages. */
export function suggestedStep(count: number, steps: readonly number[]): number {
  return steps.find((step) => Math.ceil(count / step) <= 40) ?? steps.at(-1) ?? 1;
}

export class ChoiceForm {
  /** The reader wrote how many images stand across and down: no longer changed by itself. */
  private placesAreSet = false;

  constructor(
    readonly form: HTMLFormElement,
    onChange: () => void,
  ) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      const name = event.target instanceof HTMLInputElement ? event.target.name : "";
      if (name === "across" || name === "down") this.placesAreSet = true;
      onChange();
    });
    // A number out of bounds is mended when the field is left, not while one types.
    form.addEventListener("change", (event) => {
      const field = event.target;
      if (field instanceof HTMLInputElement && field.inputMode === "numeric") this.mend(field);
    });
  }

  private field(name: string): HTMLInputElement | HTMLSelectElement {
    const field = this.form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) return field;
    throw new Error(`the form lacks "${name}"`);
  }

  private chosen(name: string): string {
    const value = new FormData(this.form).get(name);
    return typeof value === "string" ? value : "";
  }

  private isOn(name: string): boolean {
    return new FormData(this.form).has(name);
  }

  private mend(field: HTMLInputElement): void {
    const { from, to, across, down } = this.read(Number(this.form.dataset.count ?? "1"));
    const mended = { from, to, across, down }[field.name];
    if (mended !== undefined) field.value = String(mended);
  }

  choose(name: string, value: string): void {
    for (const radio of this.form.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
      radio.checked = radio.value === value;
    }
  }

  /** Begins with a series: its whole length in about two pages, its windows. */
  begin(subject: Subject): void {
    const count = subject.frames.length;
    const every = this.field("every");
    const steps =
      every instanceof HTMLSelectElement ? [...every.options].map(({ value }) => Number(value)) : [];
    this.form.dataset.count = String(count);
    this.field("from").value = "1";
    this.field("to").value = String(count);
    every.value = String(suggestedStep(count, steps));
    this.choose("what", count > 1 ? "range" : "this");
    this.offerWindows(subject);
  }

  private offerWindows(subject: Subject): void {
    const options = [new Option(screenWindowWords(subject), "screen")];
    if (!subject.isColor && subject.window) options.push(new Option(_("Each image's own"), "own"));
    if (subject.modality === "CT" && !subject.isColor) {
      for (const { key, name, window } of subject.config.presets) {
        if (window) options.push(new Option(name, `preset-${key}`));
      }
    }
    const field = this.field("window");
    field.replaceChildren(...options);
    if (field instanceof HTMLSelectElement) field.disabled = options.length === 1;
  }

  /** Places for so many images, unless the reader has said how many. */
  suggest(images: number): void {
    if (this.placesAreSet) return;
    const [across, down] = suggestedPlaces(images);
    const wide = this.chosen("direction") === "wide";
    this.field("across").value = String(wide ? down : across);
    this.field("down").value = String(wide ? across : down);
  }

  read(count: number): Choice {
    const what = WHATS.find((one) => one === this.chosen("what")) ?? "this";
    return {
      what,
      from: wholeNumber(this.field("from").value, 1, count, 1),
      to: wholeNumber(this.field("to").value, 1, count, count),
      every: wholeNumber(this.field("every").value, 1, count, 1),
      sheet: {
        paper: this.chosen("paper") === "A3" ? "A3" : "A4",
        wide: this.chosen("direction") === "wide",
      },
      across: wholeNumber(this.field("across").value, 1, MOST.across, 4),
      down: wholeNumber(this.field("down").value, 1, MOST.down, 5),
      trueSize: this.chosen("size") === "true",
      window: this.field("window").value,
      header: this.isOn("header"),
      marks: this.isOn("marks"),
      numbers: this.isOn("numbers"),
      white: this.isOn("white"),
      withoutIdentity: this.isOn("anonymous"),
    };
  }
}
