/** Says the page's texts in the reader's language; the English text is the key. */

/** A text, or its plural forms by CLDR category (one, few, many, other). */
export type Entry = string | Readonly<Record<string, string>>;
export type Catalogue = Readonly<Record<string, Entry>>;
export type Values = Readonly<Record<string, string | number>>;

let catalogue: Catalogue = {};
let plurals = new Intl.PluralRules("en");
let mark = ".";

/** Another language than English. */
export function speak(language: string, texts: Catalogue): void {
  catalogue = texts;
  plurals = new Intl.PluralRules(language);
  mark =
    new Intl.NumberFormat(language).formatToParts(0.5).find(({ type }) => type === "decimal")?.value ?? ".";
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text in the reader's language, its {names} replaced. */
export function _(text: string, values: Values = {}): string {
  const entry = catalogue[text];
  return filled(typeof entry === "string" ? entry : text, values);
}

/** The text for a number of things: `_n("{n} image", "{n} images", 3)`. The first is the key. */
export function _n(one: string, other: string, n: number, values: Values = {}): string {
  const entry = catalogue[one];
  const form = typeof entry === "object" ? (entry[plurals.select(n)] ?? entry.other) : undefined;
  return filled(form ?? (n === 1 ? one : other), { n, ...values });
}

/** A number's digits with the decimal mark of the reader's language: "19,5". */
export function withMark(digits: string): string {
  return digits.replace(".", mark);
}
