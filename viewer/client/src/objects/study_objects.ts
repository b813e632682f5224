/** The objects of a study that can be laid over its images: found once, after the first image is there. */
import { type DataSet, text } from "../dicom/dataset.ts";
import { kindOf } from "../dicom/kinds.ts";
import { Tag } from "../dicom/tags.ts";
import { type FetchBulkData, lookupTable } from "../engine/tables.ts";
import type { StateTables } from "./applying.ts";
import type { Study } from "./host.ts";
import { type KeyObjects, keyObjectsOf } from "./keys.ts";
import { type PresentationState, presentationStateOf } from "./presentation.ts";
import { SegmentOverlay } from "./segment_layer.ts";
import { segmentationOf } from "./segments.ts";
import { type Structure, structuresOf } from "./structures.ts";

export interface LoadedState {
  readonly state: PresentationState;
  readonly tables: StateTables;
}

export interface StructureSet {
  readonly id: string;
  readonly label: string;
  readonly structures: readonly Structure[];
  readonly hidden: Set<number>;
}

/** Modalities of series that may lie over images. */
const OVER_IMAGES = new Set(["PR", "KO", "SEG", "RTSTRUCT"]);

/** Nobody reads more; who sends more wants to harm. */
const MOST_SERIES = 24;

export class StudyObjects {
  readonly states: LoadedState[] = [];
  readonly keys: KeyObjects[] = [];
  readonly segmentations: SegmentOverlay[] = [];
  readonly structures: StructureSet[] = [];

  private constructor(private readonly study: Study) {}

  /** What cannot be read is left out: its own series says why when it is opened. */
  static async of(study: Study): Promise<StudyObjects> {
    const objects = new StudyObjects(study);
    const series = study.config.series
      .filter(({ modality }) => OVER_IMAGES.has(modality))
      .slice(0, MOST_SERIES);
    for (const one of series) {
      const instances = await study.instances(one).catch((): readonly DataSet[] => []);
      for (const instance of instances) await objects.take(instance, one).catch(() => {});
    }
    return objects;
  }

  get isEmpty(): boolean {
    const { states, keys, segmentations, structures } = this;
    return states.length + keys.length + segmentations.length + structures.length === 0;
  }

  private async take(ds: DataSet, series: Study["config"]["series"][number]): Promise<void> {
    const kind = kindOf(ds);
    const id = text(ds, Tag.SOPInstanceUID);
    if (kind === "key objects") this.keys.push(keyObjectsOf(ds));
    else if (kind === "presentation states") this.states.push(await this.loaded(ds));
    else if (kind === "structures") {
      const label = text(ds, "30060002") || series.description;
      this.structures.push({ id, label, structures: structuresOf(ds), hidden: new Set() });
    } else if (kind === "segmentation") {
      const frames = (await this.study.frames(series)).filter(({ sopInstanceUid }) => sopInstanceUid === id);
      const label = text(ds, "00700081") || series.description;
      this.segmentations.push(new SegmentOverlay(id, label, segmentationOf(ds), frames, this.study));
    }
  }

  private async loaded(ds: DataSet): Promise<LoadedState> {
    const state = presentationStateOf(ds);
    const { dicomwebUrl } = await this.study.dicomweb.seriesAddress(this.study.uid, "");
    const fetchBulk: FetchBulkData = (uri) => this.study.dicomweb.bulkData(dicomwebUrl, uri);
    const table = async (item: DataSet | null) => (item ? lookupTable(item, false, fetchBulk) : null);
    const tables = {
      modality: await table(state.modalityLut),
      vois: await Promise.all(state.vois.map(({ lut }) => table(lut))),
      presentation: await table(state.presentationLut),
    };
    return { state, tables };
  }
}
