/** What lies over the images of each pane, and what the reader has chosen of it. */
import type { Frame } from "../dicom/frames.ts";
import { overlayPlanesOf } from "../dicom/overlays.ts";
import { BitmapLayer } from "./bitmaps.ts";
import { ContourLayer, contoursOn } from "./contour_layer.ts";
import type { Pane, Study, Workspace } from "./host.ts";
import { OverlayPlanes } from "./overlay_planes.ts";
import { refersTo } from "./references.ts";
import type { SegmentOverlay } from "./segment_layer.ts";
import { liesOn, StateLayer } from "./state_layer.ts";
import { type LoadedState, type StructureSet, StudyObjects } from "./study_objects.ts";

interface Filtered {
  readonly all: readonly Frame[];
  readonly some: readonly Frame[];
}

export class Overlays {
  readonly states = new StateLayer();
  planesShown = true;
  private readonly known = new Map<Study, StudyObjects>();
  private readonly asked = new Map<Study, Promise<StudyObjects>>();
  private readonly filtered = new WeakMap<Pane, Filtered>();

  constructor(workspace: Workspace) {
    const redraw = (pane: Pane) => workspace.redraw(pane);
    const planes = new OverlayPlanes(redraw);
    workspace.addLayer(
      new BitmapLayer("segments", (pane) =>
        this.segmentationsOn(pane).flatMap((one) => one.on(pane, redraw)),
      ),
    );
    workspace.addLayer(new BitmapLayer("planes", (pane) => (this.planesShown ? planes.on(pane) : [])));
    workspace.addLayer(new ContourLayer((pane) => this.structuresOn(pane)));
    workspace.addLayer(this.states);
  }

  /** Reads the objects of a study, once. */
  read(study: Study): Promise<StudyObjects> {
    const known = this.asked.get(study);
    if (known) return known;
    const found = StudyObjects.of(study).then((objects) => {
      this.known.set(study, objects);
      return objects;
    });
    this.asked.set(study, found);
    return found;
  }

  forget(study: Study): void {
    this.known.delete(study);
    this.asked.delete(study);
  }

  private of({ study }: Pane): StudyObjects | null {
    return (study && this.known.get(study)) ?? null;
  }

  private framesOf(pane: Pane): readonly Frame[] {
    return this.filteredOf(pane)?.all ?? pane.view.frames;
  }

  statesOn(pane: Pane): readonly LoadedState[] {
    const frames = this.framesOf(pane);
    return (this.of(pane)?.states ?? []).filter((state) => frames.some((frame) => liesOn(state, frame)));
  }

  segmentationsOn(pane: Pane): readonly SegmentOverlay[] {
    const frames = this.framesOf(pane);
    return (this.of(pane)?.segmentations ?? []).filter((one) => one.liesOnAny(frames));
  }

  structuresOn(pane: Pane): readonly StructureSet[] {
    const { frame } = pane.view;
    const all = this.of(pane)?.structures ?? [];
    if (!frame || all.length === 0) return [];
    return all.filter(({ structures }) => contoursOn(frame, structures, new Set()).length > 0);
  }

  apply(pane: Pane, state: LoadedState | null): void {
    this.states.apply(pane, state);
  }

  keyFrames(pane: Pane): readonly Frame[] {
    const keys = this.of(pane)?.keys ?? [];
    if (keys.length === 0) return [];
    return this.framesOf(pane).filter((frame) =>
      keys.some(({ references }) => references.length > 0 && refersTo(references, frame)),
    );
  }

  keyTitles(pane: Pane): string[] {
    return [
      ...new Set((this.of(pane)?.keys ?? []).map(({ title }) => title).filter((title) => title !== "")),
    ];
  }

  isFiltered(pane: Pane): boolean {
    return this.filteredOf(pane) !== null;
  }

  /** Leaves only the key images in a pane, or brings the others back. */
  filter(pane: Pane, isOn: boolean): void {
    const { study, series } = pane;
    const { frame } = pane.view;
    if (!study || !series) return;
    if (!isOn) {
      this.filtered.delete(pane);
      void pane.open(study, series, frame ?? undefined);
      return;
    }
    const all = this.framesOf(pane);
    const some = this.keyFrames(pane);
    const at = frame ? some.indexOf(frame) : 0;
    pane.present(study, series, some, Math.max(0, at));
    this.filtered.set(pane, { all, some });
  }

  private filteredOf(pane: Pane): Filtered | null {
    const filtered = this.filtered.get(pane);
    return filtered && filtered.some === pane.view.frames ? filtered : null;
  }

  hasPlanes({ view }: Pane): boolean {
    return view.frame !== null && overlayPlanesOf(view.frame.dataSet).some(({ isInPixels }) => !isInPixels);
  }
}
