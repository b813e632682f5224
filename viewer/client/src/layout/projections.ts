/** How X-rays hang: front before side; breasts facing each other, the right one on the left. */
import { items, text, texts } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import type { Arrangement } from "./arrangement.ts";

/** One image, and what it shows. */
export interface Projection<Place> {
  readonly place: Place;
  readonly laterality: "R" | "L" | "";
  /** "CC", "MLO", "PA", "LL"; "" where it is not said. */
  readonly view: string;
  /** Where a row of pixels leads, as Patient Orientation says: "A", "P", "L". */
  readonly right: string;
}

export interface Hangs<Place> {
  readonly place: Place;
  /** Mirrored, so that the chest wall lies on the inner side. */
  readonly flipped: boolean;
  /** The side of the viewport to which the image is moved. */
  readonly side: "left" | "right" | null;
}

export interface ProjectionPlan<Place> {
  readonly arrangement: Arrangement;
  readonly places: readonly (Hangs<Place> | null)[];
}

/** Codes of views (PS3.16 CID 4014), SRT and SNOMED CT. */
const VIEW_CODES: Readonly<Record<string, string>> = {
  "R-10242": "CC",
  "399162004": "CC",
  "R-10226": "MLO",
  "399368009": "MLO",
  "R-10224": "ML",
  "399260004": "ML",
  "R-10228": "LM",
  "399352003": "LM",
};

const VIEW_CODE_SEQUENCE = "00540220";
const CODE_VALUE = "00080100";

function viewOf({ dataSet }: Frame): string {
  const stated = text(dataSet, Tag.ViewPosition).toUpperCase();
  if (stated !== "") return stated;
  const [code] = items(dataSet, VIEW_CODE_SEQUENCE);
  const coded = code ? VIEW_CODES[text(code, CODE_VALUE)] : undefined;
  if (coded) return coded;
  const description = text(dataSet, Tag.SeriesDescription);
  if (/\b(lat\w*|profil\w*)\b/i.test(description)) return "LL";
  const named = /\b(PA|AP|MLO|CC)\b/i.exec(description);
  return named?.[1]?.toUpperCase() ?? "";
}

export function projectionOf<Place>(frame: Frame, place: Place): Projection<Place> {
  const { dataSet } = frame;
  const stated = text(dataSet, Tag.ImageLaterality) || text(dataSet, Tag.Laterality);
  const laterality = stated === "R" || stated === "L" ? stated : "";
  return { place, laterality, view: viewOf(frame), right: texts(dataSet, Tag.PatientOrientation)[0] ?? "" };
}

function plainly<Place>({ place }: Projection<Place>): Hangs<Place> {
  return { place, flipped: false, side: null };
}

const SIDEWAYS = new Set(["LL", "RL", "LLD", "RLD", "LAT", "LATERAL"]);

function isSideways({ view }: Projection<unknown>): boolean {
  return SIDEWAYS.has(view);
}

/** The front, and beside it the side view. */
export function chestPlan<Place>(images: readonly Projection<Place>[]): ProjectionPlan<Place> {
  const front = images.find((image) => !isSideways(image));
  const side = images.find((image) => image !== front && isSideways(image));
  const first = front ?? images[0];
  const second = side ?? images.find((image) => image !== first);
  if (!first || !second)
    return { arrangement: { rows: 1, columns: 1 }, places: images.slice(0, 1).map(plainly) };
  return { arrangement: { rows: 1, columns: 2 }, places: [plainly(first), plainly(second)] };
}

/** On the left the right breast, its chest wall on the right; the left one faces it. */
export function breastHangs<Place>(image: Projection<Place>): Hangs<Place> {
  const { place, laterality, right } = image;
  if (laterality === "") return plainly(image);
  const isRight = laterality === "R";
  // Rows that lead backwards end at the chest wall.
  const wallOnRight = right.startsWith("P") ? true : right.startsWith("A") ? false : null;
  return {
    place,
    flipped: wallOnRight !== null && wallOnRight !== isRight,
    side: isRight ? "right" : "left",
  };
}

/** CC over MLO, right beside left; rows and columns without images are left out. */
export function breastPlan<Place>(images: readonly Projection<Place>[]): ProjectionPlan<Place> {
  const find = (laterality: string, view: string) =>
    images.find((image) => image.laterality === laterality && image.view === view) ?? null;
  const rows = ["CC", "MLO"]
    .map((view) => [find("R", view), find("L", view)] as const)
    .filter((row) => row.some((image) => image !== null));
  if (rows.length === 0) return chestPlan(images);
  const sides = [0, 1].filter((at) => rows.some((row) => row[at]));
  const places = rows.flatMap((row) =>
    sides.map((at) => {
      const image = row[at];
      return image ? breastHangs(image) : null;
    }),
  );
  // One breast: its two views beside each other.
  if (sides.length === 1) return { arrangement: { rows: 1, columns: places.length }, places };
  return { arrangement: { rows: rows.length, columns: 2 }, places };
}
