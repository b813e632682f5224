/** Opens the volume of a series, or says in words why there is none; decided before anything is loaded. */
import type { Frame } from "../dicom/frames.ts";
import type { SeriesSummary } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import { _ } from "../words/say.ts";
import { seriesTrouble } from "../words/troubles.ts";
import { ask } from "./asking.ts";
import { budgetOf, bytesOf, reducedInWords, thisMachine, tooBig } from "./budget.ts";
import { describeVolume, type Geometry } from "./geometry.ts";
import { OpenVolume } from "./open_volume.ts";
import { times } from "./space.ts";

/** The geometry of every n-th pixel. */
export function reducedGeometry(geometry: Geometry, nth: number): Geometry {
  if (nth === 1) return geometry;
  const { toPatient, fromPatient, spacing, columns, rows } = geometry;
  const [a, b, c] = toPatient.columns;
  const [u, v, w] = fromPatient.columns;
  const fewer = (column: readonly [number, number, number]) =>
    [column[0] / nth, column[1] / nth, column[2]] as const;
  const origin = fewer(fromPatient.origin);
  return {
    ...geometry,
    columns: Math.ceil(columns / nth),
    rows: Math.ceil(rows / nth),
    spacing: [spacing[0] * nth, spacing[1] * nth],
    toPatient: { ...toPatient, columns: [times(a, nth), times(b, nth), c] },
    fromPatient: { origin, columns: [fewer(u), fewer(v), fewer(w)] },
  };
}

/** One pixel of how many is to be loaded; null where nothing is. */
async function chosenReduction(frames: readonly Frame[]): Promise<number | null> {
  const budget = budgetOf(frames, thisMachine());
  const { reduction } = budget;
  if (reduction === 1) return 1;
  const stay = { label: _("Stay with the images"), isPrimary: reduction === null };
  const offers = reduction === null ? [stay] : [{ label: reducedInWords(reduction), isPrimary: true }, stay];
  const choice = await ask(_("Too big for planes and 3D"), [tooBig(frames, budget)], offers);
  return reduction !== null && choice === 0 ? reduction : null;
}

/** Volumes that are open, by series: planes and 3D share one. */
export class Volumes {
  private readonly open_ = new Map<string, OpenVolume>();

  async open(study: Study, series: SeriesSummary): Promise<OpenVolume | null> {
    const known = this.open_.get(series.uid);
    if (known) return known;
    let frames: readonly Frame[];
    try {
      frames = await study.frames(series);
    } catch (error) {
      await ask(_("The images are not here"), [seriesTrouble(error)]);
      return null;
    }
    const described = describeVolume(frames);
    if ("refusal" in described) {
      await ask(_("No planes and no 3D of this series"), [
        described.refusal,
        _("The images can be read one by one."),
      ]);
      return null;
    }
    const nth = await chosenReduction(frames);
    if (nth === null) return null;
    const geometry = reducedGeometry(described.geometry, nth);
    const of = { study, series, frames };
    const volume = new OpenVolume(of, geometry, nth, () => this.open_.delete(series.uid));
    this.open_.set(series.uid, volume);
    return volume;
  }

  /** Bytes of the voxels that are held. */
  get bytes(): number {
    return [...this.open_.values()].reduce(
      (sum, { of, reduction }) => sum + bytesOf(of.frames, reduction),
      0,
    );
  }
}
