/** How a study hangs when it is opened: the usual way by modality, or the reader's own. */
import {
  firstSeries,
  type Hanging,
  mayHoldImages,
  type SeriesSummary,
  type StudyConfig,
} from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { type Arrangement, type Hung, ONE } from "./arrangement.ts";
import { bestPrior, likeness } from "./likeness.ts";

/** What kind of study a layout is kept for. */
export interface Kind {
  readonly modality: string;
  readonly bodyPart: string;
}

export interface Plan {
  readonly arrangement: Arrangement;
  /** One a place; null: empty. */
  readonly series: readonly (SeriesSummary | null)[];
  readonly linked: boolean;
}

export function kindOf({ series, bodyParts }: StudyConfig): Kind {
  const first = firstSeries(series);
  return { modality: first?.modality ?? "", bodyPart: first?.bodyPart || (bodyParts[0] ?? "") };
}

/** "CT chest"; "CT" where no part of the body is known. */
export function nameOfKind({ modality, bodyPart }: Kind): string {
  return [modality, bodyPart.toLowerCase()].filter((word) => word !== "").join(" ");
}

const SCOUT = /\b(scout|loc\w*|survey|topogram|surview|scano\w*|3[- ]?pl\w*)\b/i;

/** Series that are read, without scouts; at most so many. */
export function mainSeries(all: readonly SeriesSummary[], most: number): SeriesSummary[] {
  const withImages = all.filter(mayHoldImages);
  const read = withImages.filter(({ description }) => !SCOUT.test(description));
  const longest = Math.max(0, ...read.map(({ count }) => count));
  const long = read.filter(({ count }) => count * 4 >= longest);
  return (long.length > 0 ? long : withImages).slice(0, most);
}

/** The usual hanging of everything that lies in one space; projections are laid out by what their images say. */
export function usualPlan({ series }: StudyConfig): Plan {
  const first = firstSeries(series);
  const one: Plan = { arrangement: ONE, series: [first], linked: false };
  if (first?.modality !== "MR") return one;
  const main = mainSeries(series, 4);
  if (main.length < 2) return one;
  const rows = main.length > 2 ? 2 : 1;
  return { arrangement: { rows, columns: 2 }, series: main, linked: true };
}

/** X-rays of one direction: they hang by the view that each image shows. */
export function isProjection({ modality }: Kind): boolean {
  return ["CR", "DX", "MG"].includes(modality);
}

/** As the portal keeps it. A place names its series by words, since no other study has the same UIDs. */
export function keptLayout(
  arrangement: Arrangement,
  places: readonly { series: SeriesSummary | null; isPrior: boolean }[],
  linked: boolean,
): Readonly<Record<string, unknown>> {
  const { rows, columns, large = false, tiles = false } = arrangement;
  return {
    rows,
    columns,
    large,
    tiles,
    linked,
    places: places.map(({ series, isPrior }) =>
      series ? { name: series.description.slice(0, 200), number: series.number, prior: isPrior } : null,
    ),
  };
}

interface Place {
  readonly name: string;
  readonly number: number | null;
  readonly prior: boolean;
}

export interface KeptPlan {
  readonly arrangement: Arrangement;
  readonly places: readonly (Place | null)[];
  readonly linked: boolean;
}

function placeOf(value: unknown): Place | null {
  if (typeof value !== "object" || value === null) return null;
  const { name, number, prior } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== "string") return null;
  return { name, number: typeof number === "number" ? number : null, prior: prior === true };
}

/** What was kept, read without trusting it; null where it is no layout. */
export function parseKept(layout: Readonly<Record<string, unknown>>): KeptPlan | null {
  const whole = (value: unknown, most: number) =>
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most ? value : null;
  const [rows, columns] = [whole(layout.rows, 4), whole(layout.columns, 5)];
  if (rows === null || columns === null) return null;
  const places = Array.isArray(layout.places) ? layout.places.slice(0, 21).map(placeOf) : [];
  const arrangement = { rows, columns, large: layout.large === true, tiles: layout.tiles === true };
  return { arrangement, places, linked: layout.linked === true };
}

/** The layout kept for a kind of study: for its part of the body, else for the modality alone. */
export function keptFor(kind: Kind, hangings: readonly Hanging[]): KeptPlan | null {
  const of = (bodyPart: string) =>
    hangings.find((one) => one.modality === kind.modality && one.bodyPart === bodyPart);
  const found = of(kind.bodyPart) ?? of("");
  return found ? parseKept(found.layout) : null;
}

/** Series for places that were kept, each series once: by name, then by number; places that nothing fits stay empty. */
export function seriesFor(
  places: readonly (Pick<Place, "name" | "number"> | null)[],
  all: readonly SeriesSummary[],
): (SeriesSummary | null)[] {
  const free = new Set(all.filter(mayHoldImages));
  const taken = places.map((place): SeriesSummary | null => {
    if (!place) return null;
    const fitness = ({ description, number }: SeriesSummary) =>
      (description.trim() === place.name.trim() ? 2 : likeness(description, place.name)) +
      (number !== null && number === place.number ? 0.25 : 0);
    const [best] = [...free].sort((a, b) => fitness(b) - fitness(a));
    if (!best || fitness(best) === 0) return null;
    free.delete(best);
    return best;
  });
  return taken;
}

/** What hangs in the places of a layout that was kept: series of the study, and of its best prior where it had one. */
export function keptPlaces({ places }: KeptPlan, study: Study, priors: readonly Study[]): (Hung | null)[] {
  const own = seriesFor(
    places.map((place) => (place?.prior ? null : place)),
    study.config.series,
  );
  const first = own.find((series) => series !== null) ?? firstSeries(study.config.series);
  const prior = first && bestPrior(first, priors);
  const earlier = seriesFor(
    places.map((place) => (place?.prior ? place : null)),
    prior?.study.config.series ?? [],
  );
  const hung = places.map((_place, at): Hung | null => {
    const [series, before] = [own[at], earlier[at]];
    if (series) return { study, series };
    return prior && before ? { study: prior.study, series: before } : null;
  });
  // Nothing that was kept is here: the shape stays, with what there is.
  if (!hung.some((one) => one !== null) && first) hung[0] = { study, series: first };
  return hung;
}
