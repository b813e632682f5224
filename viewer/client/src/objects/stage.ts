/** Shows an object that is no image in a pane, in place of one. */
import type { DataSet } from "../dicom/dataset.ts";
import type { Kind } from "../dicom/kinds.ts";
import { binaryOf } from "../engine/tables.ts";
import { Unusable } from "../http/failures.ts";
import { seriesName } from "../studies/config.ts";
import { _ } from "../words/say.ts";
import { seriesTrouble } from "../words/troubles.ts";
import { Finder } from "./finding.ts";
import type { Pane, SeriesSummary, Study, Workspace } from "./host.ts";
import type { Reference } from "./references.ts";
import { rendererOf } from "./registry.ts";
import type { Place } from "./renderer.ts";

/** What there is to show, and where. */
export interface Scene {
  readonly pane: Pane;
  readonly study: Study;
  readonly series: SeriesSummary;
  readonly instances: readonly DataSet[];
  readonly kind: Kind;
}

const PIXEL_DATA = "7FE00010";
const NAMES_IMAGES: ReadonlySet<Kind> = new Set<Kind>(["report", "key objects", "presentation states"]);

function nameOf(finder: Finder, reference: Reference): string | null {
  const found = finder.find(reference);
  if (!found) return null;
  const { number } = found.series;
  const values = { n: found.index + 1, series: number ?? seriesName(found.series) };
  return number === null ? _("{series}, image {n}", values) : _("Series {series}, image {n}", values);
}

function jump({ pane, study }: Scene, finder: Finder, reference: Reference, workspace: Workspace): void {
  const found = finder.find(reference);
  const frame = found?.frames[found.index];
  if (!found || !frame) return;
  const target = workspace.panes.find((one) => one.series?.uid === found.series.uid) ?? pane;
  workspace.activate(target);
  void target.open(study, found.series, frame);
}

async function placeOf(scene: Scene, root: HTMLElement, workspace: Workspace): Promise<Place> {
  const { pane, study, series, instances, kind } = scene;
  const finder = new Finder(study);
  if (NAMES_IMAGES.has(kind)) await finder.read(instances);
  const address = await study.dicomweb.seriesAddress(study.uid, series.uid);
  const base = `${address.dicomwebUrl}/studies/${study.uid}/series/${series.uid}/instances/`;
  const { signal } = pane;
  const bytes: Place["bytes"] = async (attribute) => {
    const found = await binaryOf(attribute, (uri) => study.dicomweb.bulkData(base, uri, signal));
    if (!found) throw new Unusable(_("its content is missing"));
    return found;
  };
  return {
    root,
    instances,
    language: workspace.config.language,
    signal,
    bytes,
    // One stream holds all frames of a video (PS3.5 8.2.5), so none can be asked for by its number.
    stream: (instance) => bytes(instance[PIXEL_DATA] ?? { vr: "OB" }),
    nameOf: (reference) => nameOf(finder, reference),
    jump: (reference) => jump(scene, finder, reference, workspace),
  };
}

/** Shows it; what fails is said in its place. */
export async function showObject(scene: Scene, workspace: Workspace): Promise<void> {
  const { pane, kind } = scene;
  const { signal } = pane;
  const root = pane.parts.get("object");
  try {
    const [renderer, place] = await Promise.all([rendererOf(kind), placeOf(scene, root, workspace)]);
    signal.throwIfAborted();
    await renderer(place);
    signal.throwIfAborted();
    root.hidden = false;
    pane.showed("ready");
  } catch (error) {
    if (signal.aborted) return;
    console.error(error);
    pane.say(seriesTrouble(error), "error");
  }
}
