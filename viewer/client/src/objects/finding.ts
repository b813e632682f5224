/** Finds the series in which the images lie that an object refers to. */
import { type DataSet, items, text } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import type { SeriesSummary, Study } from "./host.ts";
import type { Reference } from "./references.ts";
import { ObjectTag } from "./tags.ts";

/** Sequences that hold the series an object speaks of, at any depth (PS3.3 C.17.2, C.11.11, C.12.4, C.8.8.5). */
const HOLDERS = [
  "0040A375",
  "0040A385",
  "00081115",
  "30060010",
  "30060012",
  "30060014",
  "00081250",
  "00081200",
] as const;

const INSTANCES = ["00081199", "00081140", "0008114A", "30060016"] as const;

/** Each instance that an object names, to the series in which it says that it lies. */
export function seriesByInstance(ds: DataSet, depth = 0): Map<string, string> {
  const found = new Map<string, string>();
  if (depth > 4) return found;
  const series = text(ds, ObjectTag.SeriesInstanceUID);
  for (const holder of HOLDERS) {
    for (const item of items(ds, holder)) {
      for (const [instance, of] of seriesByInstance(item, depth + 1)) found.set(instance, of);
    }
  }
  if (depth === 0 || series === "") return found;
  for (const tag of INSTANCES) {
    for (const item of items(ds, tag)) found.set(text(item, ObjectTag.ReferencedSOPInstanceUID), series);
  }
  return found;
}

export interface Found {
  readonly series: SeriesSummary;
  readonly frames: readonly Frame[];
  readonly index: number;
}

/** Series that are looked through for an image whose series nobody names. */
const MOST_SERIES = 12;

/** The places of an object's images in a study: read once, then asked without waiting. */
export class Finder {
  private readonly places = new Map<string, Found>();

  constructor(private readonly study: Study) {}

  /** Reads the series that the objects speak of; what cannot be read is as if it were not there. */
  async read(objects: readonly DataSet[]): Promise<void> {
    const named = new Set(objects.flatMap((ds) => [...seriesByInstance(ds).values()]));
    const { series } = this.study.config;
    const known = series.filter(({ uid }) => named.has(uid));
    const wanted = known.length > 0 ? known : series.filter(({ count }) => count < 600);
    await Promise.all(wanted.slice(0, MOST_SERIES).map((one) => this.take(one)));
  }

  find({ sopInstanceUid, frames }: Reference): Found | null {
    const place = this.places.get(sopInstanceUid);
    const first = frames[0];
    if (!place || first === undefined) return place ?? null;
    const at = place.frames.findIndex(
      (frame) => frame.sopInstanceUid === sopInstanceUid && frame.frameNumber === first,
    );
    return at === -1 ? place : { ...place, index: at };
  }

  private async take(series: SeriesSummary): Promise<void> {
    const frames = await this.study.frames(series).catch((): readonly Frame[] => []);
    frames.forEach(({ sopInstanceUid }, index) => {
      if (!this.places.has(sopInstanceUid)) this.places.set(sopInstanceUid, { series, frames, index });
    });
  }
}
