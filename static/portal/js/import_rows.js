// The table of an import: one row a file, its state in words, and why something was not taken.

const MOST_ROWS = 500;
const MOST_REASONS = 20;
const NOT_TAKEN = ["refused", "not DICOM", "unreadable"];

const number = new Intl.NumberFormat(document.documentElement.lang);

/** 4200000 as "4.2 MB", with a space that keeps the line together. */
export function sizeInWords(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  let value = bytes;
  while (value >= 1000 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  const digits = { maximumFractionDigits: at && value < 10 ? 1 : 0 };
  return `${new Intl.NumberFormat(document.documentElement.lang, digits).format(value)}\u00a0${units[at]}`;
}

/** How many of each outcome, those that were not taken as one. */
export function summed(counts) {
  const found = {};
  for (const [outcome, count] of Object.entries(counts)) {
    const kind = NOT_TAKEN.includes(outcome) ? "refused" : outcome;
    found[kind] = (found[kind] ?? 0) + count;
  }
  return found;
}

export class Rows {
  #root;
  #body;
  #rows = new Map();
  #left = 0;

  constructor(root, body) {
    this.#root = root;
    this.#body = body;
  }

  /** How many files have no row of their own. */
  get leftOut() {
    return this.#left;
  }

  add(key, name, size) {
    if (this.#rows.size >= MOST_ROWS) {
      this.#left += 1;
      return null;
    }
    const row = this.#root.querySelector("template[data-row]").content.firstElementChild.cloneNode(true);
    row.querySelector("[data-name]").textContent = name;
    row.querySelector("[data-size]").textContent = sizeInWords(size);
    this.#rows.set(key, row);
    this.#body.append(row);
    return row;
  }

  of(key) {
    return this.#rows.get(key) ?? null;
  }

  remove(key) {
    this.#rows.get(key)?.remove();
    this.#rows.delete(key);
  }

  /** Shows states by name, each with its share or number; the same states again change only these. */
  show(row, states) {
    if (!row) return;
    const cell = row.querySelector("[data-state]");
    const names = states.map((state) => state.name).join(" ");
    if (row.dataset.states !== names) {
      row.dataset.states = names;
      cell.replaceChildren(...states.map((state) => this.#partOf(state.name)));
    }
    states.forEach((state, index) => {
      const part = cell.children[index];
      const share = part.querySelector("[data-share]");
      if (share && state.share !== undefined) share.textContent = `${state.share} %`;
      const bar = part.querySelector("progress");
      if (bar && state.share !== undefined) bar.value = state.share;
      const count = part.querySelector("[data-number]");
      if (count) count.textContent = state.count > 1 ? number.format(state.count) : "";
    });
  }

  #partOf(name) {
    const part = document.createElement("span");
    part.append(this.#root.querySelector(`template[data-state-of="${name}"]`).content.cloneNode(true));
    return part;
  }

  /** What became of a file, of an archive of each kind how many, and the reasons. */
  showResult(row, result, words) {
    if (!row) return;
    const states = Object.entries(summed(result.counts)).map(([name, count]) => ({ name, count }));
    this.show(row, states.filter(({ name }) => name !== "DICOMDIR" || states.length === 1));
    const reasons = result.not_taken.filter((one) => one.explanation);
    const list = row.querySelector("[data-why]");
    const own = row.querySelector("[data-name]").textContent;
    list.replaceChildren(
      ...reasons.slice(0, MOST_REASONS).map((one) => lineOf(one, own)),
      ...(reasons.length > MOST_REASONS ? [line(words.more.replace("{n}", number.format(reasons.length - MOST_REASONS)))] : []),
    );
    list.hidden = !reasons.length;
  }
}

function lineOf(one, own) {
  const inner = one.name === own ? "" : `${one.name.replace(`${own}/`, "")}: `;
  return line(`${inner}${one.explanation}`);
}

function line(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
