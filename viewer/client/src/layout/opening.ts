/** What the page will show first, before the code that hangs it has come: no other image is to be asked for early. */
import { firstSeries, mayHoldImages, type ViewerConfig } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import type { Hung } from "./arrangement.ts";
import { isProjection, keptFor, keptPlaces, kindOf, usualPlan } from "./hanging.ts";
import { remembered } from "./tab_memory.ts";

export interface Opening extends Hung {
  /** False where it depends on what the images say, which nobody knows yet. */
  readonly isCertain: boolean;
}

const SECOND = /^#second=([0-9a-f]{32})$/;

/** The name by which a second window knows its first one; null in any other window. */
export function secondName(): string | null {
  return SECOND.exec(location.hash)?.[1] ?? null;
}

/** The series that the page was opened for, as a link from elsewhere names it. */
export function askedFor(study: Study): Hung | null {
  const uid = new URLSearchParams(location.search).get("series");
  const series = study.config.series.find((one) => one.uid === uid);
  return series ? { study, series } : null;
}

function usual(study: Study, isNarrow: boolean): Opening | null {
  const { series } = study.config;
  const first = isNarrow ? firstSeries(series) : (usualPlan(study.config).series[0] ?? null);
  if (!first) return null;
  const images = series.filter(mayHoldImages).reduce((sum, { count }) => sum + count, 0);
  return { study, series: first, isCertain: isNarrow || images < 2 || !isProjection(kindOf(study.config)) };
}

/** The first thing that will hang: as the tab remembers, as a link asks, as the reader keeps it, else the usual. */
export function openingOf(
  { simple, hangings }: ViewerConfig,
  studies: readonly [Study, ...Study[]],
  isNarrow: boolean,
): Opening | null {
  const [study, ...priors] = studies;
  const asked = askedFor(study);
  if (simple) {
    const series = asked?.series ?? firstSeries(study.config.series);
    return series && { study, series, isCertain: true };
  }
  const before = remembered(studies);
  if (before) {
    const hung = before.hung[isNarrow ? 0 : before.active] ?? null;
    return hung && { ...hung, isCertain: true };
  }
  // What hangs there depends on what the first window answers.
  if (secondName() !== null) return null;
  if (asked) return { ...asked, isCertain: true };
  const kept = isNarrow ? null : keptFor(kindOf(study.config), hangings);
  if (!kept) return usual(study, isNarrow);
  const hung = keptPlaces(kept, study, priors).find((one) => one !== null);
  return hung ? { ...hung, isCertain: true } : null;
}
