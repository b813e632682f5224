/** The attributes of an instance as a list: sequences are folded, and filled when they are unfolded. */
import type { DataSet } from "../dicom/dataset.ts";
import { _, _n } from "../words/say.ts";
import { type Found, find, type Row, rowsOf } from "./attributes.ts";

/** Items of a sequence that are written at once, and rows that a search shows. */
const AT_ONCE = 100;

function element(tag: string, name: string, words = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = words;
  return made;
}

/** Text of others stands by itself: it can neither turn its neighbours around nor be translated. */
function foreign(name: string, words: string): HTMLElement {
  const made = element("bdi", name, words);
  made.setAttribute("translate", "no");
  return made;
}

function head({ tag, name, vr, value, items }: Row): HTMLElement {
  const line = element("div", "info-row");
  const shown = value === "" ? element("span", "info-empty", _("empty")) : foreign("info-value", value);
  line.append(foreign("info-name", name), foreign("info-tag", `${tag} ${vr}`.trim()), shown);
  if (items) line.dataset.sequence = "";
  return line;
}

export class AttributeList {
  readonly element = element("ul", "info-list");
  /** Paths of sequences that the reader unfolded: they stay so from image to image. */
  private readonly open = new Set<string>();

  constructor(private readonly said: (words: string) => void) {
    this.element.dataset.testid = "info-attributes";
  }

  /** Writes the attributes of a data set, or those that a search finds. */
  show(ds: DataSet, query: string): void {
    if (query.trim() === "") {
      const rows = rowsOf(ds);
      this.said(_n("{n} attribute", "{n} attributes", rows.length));
      this.element.replaceChildren(...rows.map((row) => this.item(row)));
      return;
    }
    const { found, count } = find(ds, query, AT_ONCE);
    this.said(
      count > found.length
        ? _("{shown} of {count} found: type more to see the others", { shown: found.length, count })
        : _n("{n} found", "{n} found", count),
    );
    this.element.replaceChildren(...found.map((one) => this.foundItem(one)));
  }

  private foundItem({ row, within }: Found): HTMLElement {
    const made = this.item(row);
    if (within.length > 0) made.prepend(foreign("info-within", within.join(" › ")));
    return made;
  }

  private item(row: Row): HTMLElement {
    const made = element("li", "info-attribute");
    made.dataset.path = row.path;
    if (!row.items || row.items.length === 0) made.append(head(row));
    else made.append(this.sequence(row, row.items));
    return made;
  }

  private sequence(row: Row, items: readonly DataSet[]): HTMLElement {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.append(head(row));
    details.append(summary);
    let isFilled = false;
    const fill = () => {
      if (!isFilled) this.more(details, row, items, 0);
      isFilled = true;
    };
    details.open = this.open.has(row.path);
    if (details.open) fill();
    details.addEventListener("toggle", () => {
      if (details.open) {
        this.open.add(row.path);
        fill();
      } else this.open.delete(row.path);
    });
    return details;
  }

  private more(details: HTMLElement, row: Row, items: readonly DataSet[], from: number): void {
    for (const [at, item] of items.slice(from, from + AT_ONCE).entries()) {
      const place = from + at;
      const list = element("ul", "info-list");
      list.append(...rowsOf(item, `${row.path} ${place}`).map((one) => this.item(one)));
      details.append(element("p", "info-item", _("Item {n}", { n: place + 1 })), list);
    }
    const left = items.length - from - AT_ONCE;
    if (left <= 0) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small";
    button.textContent = _n("Show more: {n} item is left", "Show more: {n} items are left", left);
    button.addEventListener("click", () => {
      button.remove();
      this.more(details, row, items, from + AT_ONCE);
    });
    details.append(button);
  }
}
