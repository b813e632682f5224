/** Which words stand in which corner of an image; a reader may arrange them, but never hide patient and date. */

export const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"] as const;
export type Corner = (typeof CORNERS)[number];

export const ITEMS = [
  "patient-name",
  "patient-details",
  "patient-id",
  "institution",
  "study-date",
  "accession",
  "series",
  "image",
  "place",
  "technique",
  "window",
  "zoom",
] as const;
export type Item = (typeof ITEMS)[number];

/** From top to bottom, of each corner. */
export type CornerLayout = Readonly<Record<Corner, readonly Item[]>>;

export const DEFAULT_CORNERS: CornerLayout = {
  "top-left": ["patient-name", "patient-details", "patient-id"],
  "top-right": ["institution", "study-date", "accession"],
  "bottom-left": ["series", "image", "place", "technique"],
  "bottom-right": ["window", "zoom"],
};

/** Whose image this is, and of when, can be moved and never be switched off. */
export const ALWAYS: readonly Item[] = ["patient-name", "study-date"];

function isItem(value: unknown): value is Item {
  return ITEMS.some((item) => item === value);
}

export function cornerOf(layout: CornerLayout, item: Item): Corner | null {
  return CORNERS.find((corner) => layout[corner].includes(item)) ?? null;
}

/**
 * A layout as it is kept. What is not shown is named: where two windows changed the same corner, an item that is
 * neither shown nor named so was lost between them.
 */
export function keptCorners(layout: CornerLayout): Readonly<Record<string, unknown>> {
  const shown = CORNERS.flatMap((corner) => layout[corner]);
  const hidden = ITEMS.filter((item) => !shown.includes(item)).map((item) => [item, true]);
  return { ...layout, hidden: Object.fromEntries(hidden) };
}

/** Those that have to be somewhere: of layouts kept without a list of the others, what must always be shown. */
function wantedItems(hidden: unknown): readonly Item[] {
  if (typeof hidden !== "object" || hidden === null) return ALWAYS;
  return ITEMS.filter((item) => ALWAYS.includes(item) || !(item in hidden));
}

/** A kept layout: each item once, those that have to be there put back where they stand by default. */
export function parseCorners(value: unknown): CornerLayout {
  if (typeof value !== "object" || value === null) return DEFAULT_CORNERS;
  const kept = value as Readonly<Record<string, unknown>>;
  const seen = new Set<Item>();
  const entries = CORNERS.map((corner): [Corner, Item[]] => {
    const wanted: unknown = kept[corner];
    const items = Array.isArray(wanted) ? wanted.filter(isItem).filter((item) => !seen.has(item)) : [];
    for (const item of items) seen.add(item);
    return [corner, [...new Set(items)]];
  });
  const layout = Object.fromEntries(entries) as Record<Corner, Item[]>;
  for (const item of wantedItems(kept.hidden)) {
    const home = cornerOf(DEFAULT_CORNERS, item);
    if (seen.has(item) || !home) continue;
    if (ALWAYS.includes(item)) layout[home].unshift(item);
    else layout[home].push(item);
  }
  return layout;
}

/** The item in another corner (at its end), or nowhere; what must be shown stays where it is. */
export function moved(layout: CornerLayout, item: Item, to: Corner | null): CornerLayout {
  if (to === null && ALWAYS.includes(item)) return layout;
  const entries = CORNERS.map((corner): [Corner, readonly Item[]] => {
    const others = layout[corner].filter((other) => other !== item);
    return [corner, corner === to ? [...others, item] : others];
  });
  return Object.fromEntries(entries) as Record<Corner, Item[]>;
}

/** The item one place higher or lower within its corner. */
export function shifted(layout: CornerLayout, item: Item, by: -1 | 1): CornerLayout {
  const corner = cornerOf(layout, item);
  if (!corner) return layout;
  const items = [...layout[corner]];
  const from = items.indexOf(item);
  const to = from + by;
  const other = items[to];
  if (other === undefined) return layout;
  items[to] = item;
  items[from] = other;
  return { ...layout, [corner]: items };
}
