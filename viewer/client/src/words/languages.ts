/** Loads the catalogue of the reader's language; English needs none. */
import { type Catalogue, speak } from "./say.ts";

type Loaded = Promise<{ readonly default: Catalogue }>;

const CATALOGUES: Readonly<Record<string, () => Loaded>> = {
  ro: () => import("./catalogues/ro.json") as Loaded,
  ru: () => import("./catalogues/ru.json") as Loaded,
};

/** Resolves when the texts are there. Without its catalogue the page speaks English, which is better than nothing. */
export async function learn(language: string): Promise<void> {
  const [name = ""] = language.split("-");
  const load = CATALOGUES[name];
  if (!load) return;
  try {
    speak(name, (await load()).default);
  } catch (error) {
    console.warn(error);
  }
}
