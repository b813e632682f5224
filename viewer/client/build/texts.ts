/** Finds the texts that the client's sources say: the literals in `_("…")` and `_n("…", "…")`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Single quotes stand around texts that hold double ones. */
const STRING = String.raw`("(?:[^"\\]|\\.)*"|'[^'\\]*')`;
const PLAIN = new RegExp(String.raw`(?<![\w$.])_\(\s*${STRING}`, "g");
const PLURAL = new RegExp(String.raw`(?<![\w$.])_n\(\s*${STRING}\s*,\s*${STRING}`, "g");

export interface Texts {
  readonly plain: ReadonlySet<string>;
  /** Those with a number: the singular is the key. */
  readonly plural: ReadonlySet<string>;
}

function unescaped(literal = '""'): string {
  return literal.startsWith("'") ? literal.slice(1, -1) : (JSON.parse(literal) as string);
}

const CALL = /(?<![\w$.])(?<!function )_n?\(/g;
const END = String.raw`\s*[,)]`;
const CALL_OF_TEXTS = new RegExp(
  String.raw`^(?:_\(\s*${STRING}${END}|_n\(\s*${STRING}\s*,\s*${STRING}${END})`,
);

/** Calls whose texts cannot be found, because they are no single literals: how each begins. */
export function callsWithoutTexts(source: string): string[] {
  return [...source.matchAll(CALL)]
    .map(({ index }) => source.slice(index))
    .filter((call) => !CALL_OF_TEXTS.test(call))
    .map((call) => call.slice(0, 60));
}

export function textsIn(source: string): Texts {
  const plain = [...source.matchAll(PLAIN)].map(([, text]) => unescaped(text));
  const plural = [...source.matchAll(PLURAL)].map(([, one]) => unescaped(one));
  return { plain: new Set(plain), plural: new Set(plural) };
}

/** The contents of all source files below a folder. */
export function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return path.endsWith(".ts") ? [readFileSync(path, "utf8")] : [];
  });
}

/** All texts of the sources below a folder. */
export function textsBelow(folder: string): Texts {
  const found = sourcesBelow(folder).map(textsIn);
  return {
    plain: new Set(found.flatMap(({ plain }) => [...plain])),
    plural: new Set(found.flatMap(({ plural }) => [...plural])),
  };
}
