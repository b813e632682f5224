/** One mark in the list beside the images: its value, where it is, its label, its statistics, its past. */
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import type { Acts } from "./acts.ts";
import { detailWords, kindWords, mainWords, meanWords, whyWords } from "./format.ts";
import type { Marking } from "./marking.ts";
import { isMeasured, type Mark } from "./marks.ts";
import { isOnPlane } from "./places.ts";
import type { Comparison } from "./prior.ts";
import { differing, type Numbers, valuesOf } from "./values.ts";
import { VersionList } from "./version_list.ts";
import { TEXT_LENGTH } from "./writing.ts";

function line(className: string, testid: string): HTMLParagraphElement {
  const element = document.createElement("p");
  element.className = className;
  element.dataset.testid = testid;
  return element;
}

function write(element: HTMLElement, words: string): void {
  if (element.textContent !== words) element.textContent = words;
  element.hidden = words === "";
}

export class Item {
  readonly element = document.createElement("li");
  private readonly jump = document.createElement("button");
  private readonly value = document.createElement("span");
  private readonly place = document.createElement("span");
  private readonly label = document.createElement("input");
  private readonly lines = {
    mean: line("marked-line", "mark-mean"),
    detail: line("marked-line marked-small", "mark-detail"),
    why: line("marked-line marked-small marked-attention", "mark-why"),
    prior: line("marked-line marked-small", "mark-prior"),
    differs: line("marked-line marked-small marked-attention", "mark-differs"),
    author: line("marked-line marked-small", "mark-author"),
  };
  private readonly versions: VersionList;
  private readonly copyButton = document.createElement("button");
  private readonly deleteButton = document.createElement("button");
  private mark: Mark;

  constructor(
    private readonly marking: Marking,
    private readonly acts: Acts,
    readonly study: Study,
    mark: Mark,
  ) {
    this.mark = mark;
    this.versions = new VersionList(() => this.marking.storeOf(study).versionsOf(this.mark.id));
    this.build();
  }

  update(mark: Mark, comparison: Comparison | null): void {
    this.mark = mark;
    const numbers = this.marking.numbers(mark);
    const isSelected = this.marking.selected?.id === mark.id;
    this.element.toggleAttribute("data-selected", isSelected);
    this.jump.setAttribute("aria-pressed", String(isSelected));
    this.element.dataset.mark = mark.id;
    this.element.dataset.kind = mark.kind;
    const main = isMeasured(mark.kind) ? mainWords(numbers) : kindWords(mark.kind);
    write(this.value, main);
    write(this.place, this.placeWords());
    this.showLabel();
    this.showLines(numbers, comparison);
    this.versions.update(mark);
    this.copyButton.hidden = mark.author.isMe;
    this.deleteButton.hidden = !mark.author.isMe;
  }

  private build(): void {
    this.element.className = "marked";
    this.element.dataset.testid = "marked";
    this.jump.type = "button";
    this.jump.className = "marked-jump";
    this.jump.dataset.leadsToImage = "";
    this.value.className = "marked-value";
    this.value.dataset.testid = "mark-value";
    this.place.className = "marked-place";
    this.place.dataset.testid = "mark-place";
    this.jump.append(this.value, this.place);
    this.jump.addEventListener("click", () => void this.acts.jump(this.study, this.mark));
    this.label.type = "text";
    this.label.className = "marked-label";
    this.label.dataset.testid = "mark-label";
    this.label.maxLength = TEXT_LENGTH;
    this.label.addEventListener("change", () =>
      this.acts.rename(this.study, this.mark, this.label.value.trim()),
    );
    this.label.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.label.blur();
    });
    const buttons = document.createElement("div");
    buttons.className = "marked-acts";
    this.buttonOf(this.copyButton, _("Copy as mine"), "mark-copy", () =>
      this.acts.copy(this.study, this.mark),
    );
    this.buttonOf(this.deleteButton, _("Delete"), "mark-delete", () =>
      this.acts.removeMark(this.study, this.mark),
    );
    buttons.append(this.copyButton, this.deleteButton);
    this.element.append(this.jump, this.label, ...Object.values(this.lines), this.versions.element, buttons);
  }

  private buttonOf(button: HTMLButtonElement, words: string, testid: string, act: () => void): void {
    button.type = "button";
    button.className = "marked-act";
    button.dataset.testid = testid;
    button.textContent = words;
    button.addEventListener("click", act);
  }

  /** "Line, 2 / 71": the tool, the series, the image. */
  private placeWords(): string {
    const kind = kindWords(this.mark.kind);
    if (isOnPlane(this.mark)) return _("{kind}, on a plane: not kept", { kind });
    const series = this.study.config.series.find(({ uid }) => uid === this.mark.seriesUid);
    const image = this.marking.imageNumber(this.mark);
    if (image === null)
      return series?.number ? _("{kind}, series {series}", { kind, series: series.number }) : kind;
    const which = { kind, series: series?.number ?? "–", image };
    return isMeasured(this.mark.kind)
      ? _("{kind}, {series} / {image}", which)
      : _("{series} / {image}", which);
  }

  private showLabel(): void {
    const { mark, label } = this;
    // Nobody's typing is overwritten.
    if (document.activeElement !== label && label.value !== mark.text) label.value = mark.text;
    label.readOnly = !mark.author.isMe;
    label.hidden = !mark.author.isMe && mark.text === "";
    label.placeholder = mark.kind === "arrow" ? _("Text") : _("Label");
    label.setAttribute("aria-label", _("Label of {value}", { value: this.value.textContent ?? "" }));
  }

  private showLines(numbers: Numbers, comparison: Comparison | null): void {
    const { mark, lines } = this;
    const measured = isMeasured(mark.kind);
    write(lines.mean, measured ? meanWords(numbers) : "");
    write(lines.detail, measured ? detailWords(numbers) : "");
    write(lines.why, measured ? this.whyLine(numbers) : "");
    write(lines.prior, comparison ? changeWords(comparison) : "");
    lines.prior.dataset.change = comparison?.change ?? "";
    const isMoved = this.marking.preview?.mark.id === mark.id;
    const before =
      measured && mark.version > 0 && !isMoved && differing(mark.values, valuesOf(numbers)).length > 0;
    write(lines.differs, before ? this.differsLine(numbers) : "");
    write(lines.author, mark.author.isMe ? "" : mark.author.name);
  }

  private whyLine({ why, noStatistics }: Numbers): string {
    if (why) return whyWords(why);
    return noStatistics === "colour" ? _("No values: the pixels are colours") : "";
  }

  private differsLine(numbers: Numbers): string {
    const then = this.marking.keptWords(this.mark);
    return then === mainWords(numbers)
      ? _("The values inside were others when it was saved")
      : _("It was {value} when it was saved", { value: then });
  }
}

function changeWords({ words, change }: Comparison): string {
  const sign = { grown: "↗ ", shrunk: "↘ ", same: "" }[change];
  return `${sign}${words}`;
}
