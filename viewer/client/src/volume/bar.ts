/** The bar under planes and 3D: buttons, choices and sliders with words beside them. */
import { keepFocus, press, write } from "../page/elements.ts";

export interface BarButton {
  readonly id: string;
  readonly words: string;
  /** Shown as pressed; absent: a button that only acts. */
  isOn?(): boolean;
  run(): void;
}

export interface BarChoice {
  readonly id: string;
  readonly label: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  value(): string;
  choose(value: string): void;
}

export interface BarSlider {
  readonly id: string;
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  value(): number;
  words(value: number): string;
  set(value: number): void;
  /** Absent: always. */
  isOffered?(): boolean;
}

export class Bar {
  readonly element = document.createElement("div");
  private readonly draws: (() => void)[] = [];

  constructor(label: string) {
    this.element.className = "volume-bar";
    this.element.dataset.testid = "volume-bar";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", label);
  }

  button({ id, words, isOn, run }: BarButton, into: HTMLElement = this.element): void {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.dataset.testid = id;
    button.textContent = words;
    keepFocus(button);
    button.addEventListener("click", () => {
      run();
      this.draw();
    });
    if (isOn) this.draws.push(() => press(button, isOn()));
    into.append(button);
  }

  choice({ id, label, options, value, choose }: BarChoice, into: HTMLElement = this.element): void {
    const field = document.createElement("label");
    field.className = "volume-field";
    const select = document.createElement("select");
    select.dataset.testid = id;
    select.append(...options.map(([key, words]) => new Option(words, key)));
    select.addEventListener("change", () => {
      choose(select.value);
      // Keys go on working on the image.
      select.blur();
      this.draw();
    });
    this.draws.push(() => {
      select.value = value();
    });
    field.append(`${label} `, select);
    into.append(field);
  }

  slider(
    { id, label, min, max, step, value, words, set, isOffered }: BarSlider,
    into: HTMLElement = this.element,
  ): void {
    const field = document.createElement("label");
    field.className = "volume-field";
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: String(min), max: String(max), step: String(step) });
    input.dataset.testid = id;
    const output = document.createElement("output");
    input.addEventListener("input", () => {
      set(Number(input.value));
      this.draw();
    });
    this.draws.push(() => {
      field.hidden = isOffered?.() === false;
      input.value = String(value());
      write(output, words(value()));
      input.setAttribute("aria-valuetext", output.textContent ?? "");
    });
    field.append(`${label} `, input, output);
    into.append(field);
  }

  /** Words that change, such as how far a drawing is. */
  words(id: string, say: () => string): void {
    const element = document.createElement("span");
    element.className = "volume-words";
    element.dataset.testid = id;
    element.setAttribute("role", "status");
    this.draws.push(() => write(element, say()));
    this.element.append(element);
  }

  /** A part that opens and closes above the bar. */
  fold(id: string, words: string): HTMLElement {
    const details = document.createElement("details");
    details.className = "volume-fold";
    const summary = document.createElement("summary");
    summary.className = "button small";
    summary.dataset.testid = id;
    summary.textContent = words;
    const content = document.createElement("div");
    content.className = "volume-fold-content";
    details.append(summary, content);
    this.element.append(details);
    return content;
  }

  draw(): void {
    for (const draw of this.draws) draw();
  }

  remove(): void {
    this.element.remove();
  }
}
