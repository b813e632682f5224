/** Which series of another study belongs beside one, by what the portal says of them: modality, part of the body, name, length. */
import { mayHoldImages, type SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";

/** Words of a description; numbers in it are mostly spacings, which vary. */
function wordsOf(description: string): Set<string> {
  return new Set(description.toLowerCase().match(/\p{L}{2,}\d*|\bt[12]\b/gu) ?? []);
}

/** 1: the same words; 0: none in common. */
export function likeness(a: string, b: string): number {
  const [first, second] = [wordsOf(a), wordsOf(b)];
  const together = new Set([...first, ...second]).size;
  const common = [...first].filter((word) => second.has(word)).length;
  return together === 0 ? 0 : common / together;
}

/** How well a series stands beside another: the modality outweighs all, then the part of the body, then the name. */
export function score(wanted: SeriesSummary, other: SeriesSummary): number {
  const [fewer, more] = [Math.min(wanted.count, other.count), Math.max(wanted.count, other.count)];
  const samePart = wanted.bodyPart !== "" && wanted.bodyPart === other.bodyPart;
  return (
    (wanted.modality === other.modality ? 100 : 0) +
    (samePart ? 20 : 0) +
    40 * likeness(wanted.description, other.description) +
    (more > 0 ? (20 * fewer) / more : 0)
  );
}

/** Series that hold images, the best first; of equals the one that comes first. */
export function ranked(wanted: SeriesSummary, all: readonly SeriesSummary[]): SeriesSummary[] {
  return all
    .filter(mayHoldImages)
    .map((series) => ({ series, points: score(wanted, series) }))
    .sort((a, b) => b.points - a.points)
    .map(({ series }) => series);
}

/** The prior to compare with: of the same modality and part of the body before others, then the newest. */
export function bestPrior(
  wanted: SeriesSummary,
  priors: readonly Study[],
): { study: Study; candidates: SeriesSummary[] } | null {
  const alike = (series: SeriesSummary | undefined, name: "modality" | "bodyPart") =>
    Number(series?.[name] === wanted[name]);
  const found = priors
    .map((study, age) => ({ study, age, candidates: ranked(wanted, study.config.series) }))
    .filter(({ candidates }) => candidates.length > 0)
    .sort(
      (a, b) =>
        alike(b.candidates[0], "modality") - alike(a.candidates[0], "modality") ||
        alike(b.candidates[0], "bodyPart") - alike(a.candidates[0], "bodyPart") ||
        a.age - b.age,
    );
  return found[0] ?? null;
}
