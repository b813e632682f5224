/** The tabs "Measured" and "Key" of the panel: the marks of the open studies as text, for eyes and screen readers. */
import type { Panel, Tab } from "../page/panel.ts";
import type { Study } from "../studies/study.ts";
import { _, _n } from "../words/say.ts";
import type { Acts } from "./acts.ts";
import { Item } from "./item.ts";
import type { Marking } from "./marking.ts";
import type { Mark } from "./marks.ts";
import { savedWords } from "./news.ts";
import { type Comparison, type Earlier, earlierOf } from "./prior.ts";

/** One tab with its list; items are kept as long as their mark is. */
class MarkList {
  private readonly list = document.createElement("ul");
  private readonly empty = document.createElement("p");
  private readonly items = new Map<string, Item>();
  private readonly headings = new Map<Study, HTMLLIElement>();

  constructor(
    private readonly marking: Marking,
    private readonly acts: Acts,
    body: HTMLElement,
    emptyWords: string,
  ) {
    this.list.className = "marked-list";
    this.empty.className = "marked-empty";
    this.empty.textContent = emptyWords;
    body.append(this.empty, this.list);
  }

  show(wanted: readonly { study: Study; mark: Mark }[], compare: (mark: Mark) => Comparison | null): void {
    this.empty.hidden = wanted.length > 0;
    const order: HTMLElement[] = [];
    const alive = new Set<string>();
    let last: Study | null = null;
    for (const { study, mark } of wanted) {
      if (study !== last && study.config.isPrior) order.push(this.heading(study));
      last = study;
      const key = `${study.uid} ${mark.id}`;
      alive.add(key);
      const item = this.items.get(key) ?? new Item(this.marking, this.acts, study, mark);
      this.items.set(key, item);
      item.update(mark, study.config.isPrior ? null : compare(mark));
      order.push(item.element);
    }
    for (const key of this.items.keys()) if (!alive.has(key)) this.items.delete(key);
    const now = [...this.list.children];
    // Moving an element would take the focus out of it.
    if (now.length !== order.length || now.some((element, index) => element !== order[index])) {
      this.list.replaceChildren(...order);
    }
  }

  private heading(study: Study): HTMLLIElement {
    const known = this.headings.get(study);
    if (known) return known;
    const heading = document.createElement("li");
    heading.className = "marked-heading";
    heading.textContent = _("Prior, {date}", { date: study.config.studyDate });
    this.headings.set(study, heading);
    return heading;
  }
}

export class Lists {
  private readonly measured: Tab;
  private readonly key: Tab;
  private readonly measuredList: MarkList;
  private readonly keyList: MarkList;
  private readonly saved = document.createElement("p");
  private readonly tryNow = document.createElement("button");

  constructor(
    private readonly marking: Marking,
    acts: Acts,
    panel: Panel,
  ) {
    this.measured = panel.add("measured", _("Measured"));
    this.key = panel.add("key", _("Key"));
    const nothing = _("Nothing is measured yet. Choose Line (L) and draw on the image.");
    this.measuredList = new MarkList(marking, acts, this.measured.body, nothing);
    const noKeys = _("No key images yet. Press K on an image that tells the finding.");
    this.keyList = new MarkList(marking, acts, this.key.body, noKeys);
    this.saved.className = "marked-saved";
    this.saved.dataset.testid = "marks-saved";
    this.saved.setAttribute("role", "status");
    this.tryNow.type = "button";
    this.tryNow.className = "button small marked-try";
    this.tryNow.dataset.testid = "marks-try-now";
    this.tryNow.textContent = _("Try now");
    this.tryNow.addEventListener("click", () => {
      for (const store of marking.open) store.tryNow();
    });
    this.measured.body.append(this.saved, this.tryNow);
    marking.onChange(() => this.draw());
    this.draw();
  }

  private draw(): void {
    const { studies } = this.marking.workspace;
    const preview = this.marking.preview;
    const all = studies.flatMap((study) =>
      this.marking.storeOf(study).all.map((mark) => ({
        study,
        mark: preview?.study === study && preview.mark.id === mark.id ? preview.mark : mark,
      })),
    );
    const isKey = ({ mark }: { mark: Mark }) => mark.kind === "key_image";
    const priors = this.earlier();
    const compare = (mark: Mark) => earlierOf(mark, this.marking.numbers(mark).measured, priors);
    this.measuredList.show(
      all.filter((one) => !isKey(one)),
      compare,
    );
    this.keyList.show(all.filter(isKey), () => null);
    const own = all.filter(({ study }) => !study.config.isPrior);
    const keys = own.filter(isKey).length;
    this.measured.name(_n("Measured {n}", "Measured {n}", own.length - keys));
    this.key.name(_n("Key {n}", "Key {n}", keys));
    this.drawSaved();
  }

  private earlier(): readonly Earlier[] {
    const { studies } = this.marking.workspace;
    return studies
      .filter(({ config }) => config.isPrior)
      .flatMap((study) =>
        this.marking.storeOf(study).all.map((mark) => ({
          mark,
          measured: this.marking.numbers(mark).measured,
          date: study.config.studyDate,
        })),
      );
  }

  private drawSaved(): void {
    const store = this.marking.storeOf(this.marking.workspace.study);
    const { words, trouble } = savedWords(store);
    // "Saved" is news only where there is something to save.
    const shown = words === _("Saved") && store.all.length === 0 ? "" : words;
    if (this.saved.textContent !== shown) this.saved.textContent = shown;
    this.saved.toggleAttribute("data-trouble", trouble);
    this.tryNow.hidden = store.saveState.kind !== "waiting";
    this.saved.dataset.loaded = String(store.state === "ready");
    this.saved.dataset.state = store.saves ? store.saveState.kind : "not-kept";
  }
}
