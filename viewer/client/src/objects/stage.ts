/** Shows an object that is no image in a pane, in place of one. */
import { type DataSet, text } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import { binaryOf } from "../engine/tables.ts";
import { type EncodedFrame, seriesPathOf } from "../http/bundles.ts";
import { Unusable } from "../http/failures.ts";
import { seriesName } from "../studies/config.ts";
import { _ } from "../words/say.ts";
import { seriesTrouble } from "../words/troubles.ts";
import { Finder } from "./finding.ts";
import type { Pane, SeriesSummary, Study, Workspace } from "./host.ts";
import type { Kind } from "./kinds.ts";
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

/** The bytes of a video: the only frame that its stream is kept as. */
async function streamOf(study: Study, url: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const path = seriesPathOf(url);
  const sopInstanceUid = url.slice(0, -"/frames/1".length).split("/").at(-1) ?? "";
  const found: (EncodedFrame | Error)[] = [];
  const events = { came: (_name: unknown, one: EncodedFrame | Error) => void found.push(one) };
  await study.dicomweb.bundle(path, [{ sopInstanceUid, frameNumber: 1 }], events, signal, "high");
  const [one] = found;
  if (!one || one instanceof Error) throw one ?? new Unusable(_("its content is missing"));
  return one.bytes;
}

async function placeOf(scene: Scene, root: HTMLElement, workspace: Workspace): Promise<Place> {
  const { pane, study, series, instances, kind } = scene;
  const finder = new Finder(study);
  if (NAMES_IMAGES.has(kind)) await finder.read(instances);
  const address = await study.dicomweb.seriesAddress(study.uid, series.uid);
  const base = `${address.dicomwebUrl}/studies/${study.uid}/series/${series.uid}/instances/`;
  const { signal } = pane;
  return {
    root,
    instances,
    language: workspace.config.language,
    signal,
    async bytes(attribute) {
      const bytes = await binaryOf(attribute, (uri) => study.dicomweb.bulkData(base, uri, signal));
      if (!bytes) throw new Unusable(_("its content is missing"));
      return bytes;
    },
    stream: (instance) => streamOf(study, `${base}${text(instance, Tag.SOPInstanceUID)}/frames/1`, signal),
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
