import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { callsWithoutTexts, sourcesBelow, textsBelow, textsIn } from "../build/texts.ts";
import ro from "../src/words/catalogues/ro.json";
import ru from "../src/words/catalogues/ru.json";
import type { Catalogue } from "../src/words/say.ts";

const folder = fileURLToPath(new URL("../src", import.meta.url));
const texts = textsBelow(folder);

/** {names} in a text, in alphabetical order. */
function names(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();
}

function unnumbered(text: string): string[] {
  return names(text).filter((name) => name !== "n");
}

describe("texts in the sources", () => {
  it("are found with their escapes, over lines, and only in calls of the two functions", () => {
    const found = textsIn(
      'x = _("a \\"b\\""); y = _(\n "c {n}", { n }); q = _(\'"d"\'); z = _n("{n} d", "{n} ds", 2); my_("no")',
    );
    expect([...found.plain]).toEqual(['a "b"', "c {n}", '"d"']);
    expect([...found.plural]).toEqual(["{n} d"]);
  });

  it("are literals, as no other text can be found", () => {
    expect(callsWithoutTexts('_("a"); _n(\n"a", "b", 2); _("a" + "b"); _(name); _n("a", b, 1)')).toEqual([
      '_("a" + "b"); _(name); _n("a", b, 1)',
      '_(name); _n("a", b, 1)',
      '_n("a", b, 1)',
    ]);
    expect(sourcesBelow(folder).flatMap(callsWithoutTexts)).toEqual([]);
  });
});

describe.each([
  ["ro", ro as Catalogue],
  ["ru", ru as Catalogue],
])("the catalogue of %s", (language, catalogue) => {
  it("has every text, and none that nobody says", () => {
    const wanted = new Set([...texts.plain, ...texts.plural]);
    expect([...wanted].filter((text) => !(text in catalogue))).toEqual([]);
    expect(Object.keys(catalogue).filter((text) => !wanted.has(text))).toEqual([]);
  });

  it("keeps the names in braces", () => {
    for (const [text, entry] of Object.entries(catalogue)) {
      if (typeof entry === "string") expect(names(entry), text).toEqual(names(text));
      // "once" has no number in English; other languages say 1, 21 and 31 alike.
      else for (const form of Object.values(entry)) expect(unnumbered(form), text).toEqual(unnumbered(text));
    }
  });

  it("has each plural form that the language needs", () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
    for (const text of texts.plural) {
      const entry = catalogue[text] ?? {};
      expect(typeof entry === "string" ? [] : Object.keys(entry).sort(), text).toEqual(forms);
    }
  });

  it("says something in each entry", () => {
    for (const [text, entry] of Object.entries(catalogue)) {
      for (const form of typeof entry === "string" ? [entry] : Object.values(entry)) {
        expect(form.trim(), text).not.toBe("");
      }
    }
  });
});
