/** One open study: what the portal says of it, the way to its DICOM Server, and its series as they come. */
import type { DataSet } from "../dicom/dataset.ts";
import { beginning, type Frame, framesOf } from "../dicom/frames.ts";
import { type Kind, kindOfSeries } from "../dicom/kinds.ts";
import { askEarly } from "../http/coming_frame.ts";
import type { DicomWeb } from "../http/dicomweb.ts";
import { Unusable } from "../http/failures.ts";
import { mayHoldOthers, type SeriesSummary, type StudyConfig } from "./config.ts";

/** Pixels: enough to see what it is, few enough to come before the image. */
const PREVIEW_SIDE = 512;

interface Content {
  readonly instances: readonly DataSet[];
  readonly frames: readonly Frame[];
}

export class Study {
  private readonly contents = new Map<string, Promise<Content>>();
  private readonly pictures = new Map<string, Promise<Blob>>();
  private readonly listeners = new Set<(trouble: string | null) => void>();
  private trouble_: string | null = null;

  constructor(
    readonly config: StudyConfig,
    readonly dicomweb: DicomWeb,
  ) {}

  get uid(): string {
    return this.config.studyInstanceUid;
  }

  /** Why nothing comes from its DICOM Server at present; null where all is well. */
  get trouble(): string | null {
    return this.trouble_;
  }

  noteTrouble(words: string | null): void {
    this.trouble_ = words;
    for (const listener of this.listeners) listener(words);
  }

  onTrouble(listener: (trouble: string | null) => void): void {
    this.listeners.add(listener);
  }

  /** The frames of a series in reading order; empty where it holds no pixels. */
  async frames(series: SeriesSummary): Promise<readonly Frame[]> {
    return (await this.content(series)).frames;
  }

  /** The metadata of every instance of a series, with pixels or without. */
  async instances(series: SeriesSummary): Promise<readonly DataSet[]> {
    return (await this.content(series)).instances;
  }

  /** Asks for a series before anybody needs it; a failure is told to whoever needs it. */
  prepare(series: SeriesSummary): void {
    this.content(series).catch(() => {});
  }

  /** Asks for a series, and as soon as it is known for the image that it begins with, before anybody needs them. */
  prepareFirstImage(series: SeriesSummary, start?: number): void {
    const ask = ({ frames, instances }: Content) => {
      const first = frames[start ?? beginning(frames)];
      // A video is no frame that could be asked for.
      if (first && kindOfSeries(instances) === "images") askEarly(this.dicomweb, first);
    };
    this.content(series)
      .then(ask)
      .catch(() => {});
  }

  /** A picture of the middle of a series that stands in for it; a failure is told to whoever shows it. */
  picture(series: SeriesSummary): Promise<Blob> {
    const known = this.pictures.get(series.uid);
    if (known) return known;
    const picture = this.fetchPicture(series);
    picture.catch(() => this.pictures.delete(series.uid));
    this.pictures.set(series.uid, picture);
    return picture;
  }

  /** Lets go of everything that was read. */
  forget(): void {
    this.contents.clear();
    this.pictures.clear();
  }

  private content(series: SeriesSummary): Promise<Content> {
    const known = this.contents.get(series.uid);
    if (known) return known;
    const content = this.fetch(series.uid);
    this.contents.set(series.uid, content);
    // What failed may be asked for again.
    content.catch(() => this.contents.delete(series.uid));
    return content;
  }

  /** What a series holds: images, where no metadata are needed to know it. */
  async kind(series: SeriesSummary): Promise<Kind> {
    return mayHoldOthers(series) ? kindOfSeries(await this.instances(series)) : "images";
  }

  private async fetchPicture(series: SeriesSummary): Promise<Blob> {
    // Nobody draws a picture of a video or a document.
    const kind = await this.kind(series);
    if (kind !== "images") throw new Unusable(kind);
    const address = await this.dicomweb.seriesAddress(this.uid, series.uid);
    return this.dicomweb.thumbnail(address, { side: PREVIEW_SIDE, priority: "high" });
  }

  private async fetch(seriesInstanceUid: string): Promise<Content> {
    const address = await this.dicomweb.seriesAddress(this.uid, seriesInstanceUid);
    const instances = await this.dicomweb.seriesMetadata(address);
    return { instances, frames: framesOf(instances, address) };
  }
}
