/** What the page knows of marks: those of every open study, what is selected, what is being drawn, what was done. */
import type { Frame } from "../dicom/frames.ts";
import { pictureOf } from "../engine/loader.ts";
import { isMade } from "../engine/made.ts";
import type { Picture } from "../engine/picture.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import { PortalMarks } from "./api.ts";
import { keptNumbers, mainWords } from "./format.ts";
import { History } from "./history.ts";
import { newId } from "./identifiers.ts";
import { isOn, type Kind, type Mark, type Place, type Point } from "./marks.ts";
import type { Refusal } from "./outbox.ts";
import { type ImageName, isOnPlane, keyOf, nameOf } from "./places.ts";
import { StudyMarks } from "./store.ts";
import { type Numbers, numbersOf, valuesOf } from "./values.ts";

export interface Selection {
  readonly study: Study;
  readonly id: string;
  /** The handle that arrow keys move, or null: they do what they always do. */
  readonly handle: number | null;
}

/** A mark as it is while it is drawn or moved: shown, not yet done. */
export interface Preview {
  readonly study: Study;
  readonly mark: Mark;
}

/** What happened that a reader must be told. */
export type News =
  | { readonly kind: "conflict"; readonly copy: Mark | null }
  | { readonly kind: "refused"; readonly why: Refusal }
  | { readonly kind: "not-yours"; readonly author: string };

interface Known {
  readonly picture: Picture | null;
  readonly numbers: Numbers;
}

/** The browser's own store of this tab; absent where it is switched off. */
function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

export class Marking {
  readonly history = new History();
  private readonly stores = new Map<Study, StudyMarks>();
  private readonly frames = new Map<string, Frame>();
  /** Place of each frame in the reading order of its series, counted from 1. */
  private readonly order = new Map<string, number>();
  private readonly learned = new WeakSet<readonly Frame[]>();
  private readonly known = new WeakMap<Mark, Known>();
  private readonly listeners = new Set<() => void>();
  private readonly newsListeners = new Set<(news: News) => void>();
  private selection: Selection | null = null;
  private previewed: Preview | null = null;
  private hiddenAll = false;
  private announced = false;
  private redraws = false;
  private readonly otherWindows = new BroadcastChannel("marks");
  private settling: () => void = () => {};

  constructor(readonly workspace: Workspace) {
    this.history.onChange(() => this.changed());
    const learn = (pane: Pane) => this.learn(pane.view.frames);
    workspace.on("opened", learn);
    workspace.on("shown", (pane) => {
      learn(pane);
      // The pane draws itself; the lists follow it.
      this.announce(false);
    });
    workspace.on("ended", (study) => {
      this.deselect();
      this.preview = null;
      this.storeOf(study).forget();
    });
    this.otherWindows.addEventListener("message", ({ data }) => {
      for (const [study, store] of this.stores) if (study.uid === data) void store.refresh();
    });
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  onNews(listener: (news: News) => void): void {
    this.newsListeners.add(listener);
  }

  tell(news: News): void {
    for (const listener of this.newsListeners) listener(news);
  }

  /** Marks and what stands on the images are drawn again, once for all that happened at the same moment. */
  changed(): void {
    this.announce(true);
  }

  private announce(redraws: boolean): void {
    this.redraws ||= redraws;
    if (this.announced) return;
    this.announced = true;
    queueMicrotask(() => {
      const { redraws: wanted } = this;
      this.announced = false;
      this.redraws = false;
      for (const listener of this.listeners) listener();
      if (wanted) this.workspace.redraw();
    });
  }

  storeOf(study: Study): StudyMarks {
    const known = this.stores.get(study);
    if (known) return known;
    const { config } = study;
    const reads = config.annotationsUrl !== "";
    const saves = reads && config.permissions.includes("report");
    const store = new StudyMarks(
      study.uid,
      new PortalMarks(config.annotationsUrl, this.workspace.config),
      {
        changed: () => this.changed(),
        conflict: (id, copy) => {
          this.history.forget(id);
          this.tell({ kind: "conflict", copy });
        },
        kept: () => this.otherWindows.postMessage(study.uid),
        refused: (why) => this.tell({ kind: "refused", why }),
      },
      { saves, reads, me: this.workspace.config.me, serverId: config.serverId, keep: tabStorage(), newId },
    );
    this.stores.set(study, store);
    return store;
  }

  get hidden(): boolean {
    return this.hiddenAll;
  }

  set hidden(hidden: boolean) {
    this.hiddenAll = hidden;
    this.changed();
  }

  get selected(): Selection | null {
    return this.selection;
  }

  select(study: Study, id: string, handle: number | null = null): void {
    this.selection = { study, id, handle };
    this.changed();
  }

  deselect(): void {
    if (!this.selection) return;
    this.selection = null;
    this.changed();
  }

  get selectedMark(): Mark | null {
    const { selection } = this;
    return selection && this.storeOf(selection.study).get(selection.id);
  }

  get preview(): Preview | null {
    return this.previewed;
  }

  set preview(preview: Preview | null) {
    this.previewed = preview;
    this.changed();
  }

  /** Where a mark would stand; one on a plane cut through a volume stands there, and is not kept. */
  placeOf({ series, view: { frame } }: Pane): Place | null {
    if (!series || !frame) return null;
    return { seriesUid: series.uid, ...nameOf(frame) };
  }

  /** The marks on the image of a pane, with the one that is being drawn or moved as it is now. */
  shownOn(pane: Pane): readonly Mark[] {
    const {
      study,
      view: { frame },
    } = pane;
    if (!study || !frame) return [];
    const place = { seriesUid: "", ...nameOf(frame) };
    const marks = this.hiddenAll ? [] : this.storeOf(study).on(place);
    const preview = this.previewed?.study === study ? this.previewed.mark : null;
    if (!preview || !isOn(preview, place)) return marks;
    return [...marks.filter(({ id }) => id !== preview.id), preview];
  }

  /** A new mark of the reader, on the image of a pane. */
  draft(kind: Kind, place: Place, points: readonly Point[]): Mark {
    return {
      ...place,
      id: newId(),
      kind,
      points,
      text: "",
      values: {},
      author: { name: this.workspace.config.me, isMe: true },
      version: 0,
      createdAt: "",
      changedAt: "",
    };
  }

  /** Names who keeps a change back for a moment: it is asked for it before anything else is done. */
  settlesBy(settling: () => void): void {
    this.settling = settling;
  }

  /** What arrow keys moved just now is done: else it would be done after, and over, what comes next. */
  settle(): void {
    this.settling();
  }

  /** Makes, changes or takes away a mark, so that it can be undone. */
  edit(study: Study, before: Mark | null, after: Mark | null): void {
    const mark = after ?? before;
    if (!mark?.author.isMe) return;
    const measured = after && this.measured({ ...after, points: after.points.map(rounded) });
    const store = this.storeOf(study);
    const apply = (state: Mark | null) => {
      store.set(mark.id, state);
      if (!state && this.selection?.id === mark.id) this.selection = null;
    };
    this.history.do({ id: mark.id, before, after: measured, apply });
  }

  private measured(mark: Mark): Mark {
    return { ...mark, values: valuesOf(this.numbers(mark)) };
  }

  frameOf(place: ImageName): Frame | null {
    return this.imageOf(place)?.frame ?? null;
  }

  /** The image of a mark and, where they are here, its pixels; a plane is known only while a pane shows it. */
  private imageOf(place: ImageName): { frame: Frame; picture: Picture | null } | null {
    if (!isOnPlane(place)) {
      const frame = this.frames.get(keyOf(place));
      return frame ? { frame, picture: pictureOf(frame) } : null;
    }
    const wanted = keyOf(place);
    for (const { view } of this.workspace.panes) {
      const { frame, shownPicture: picture } = view;
      if (frame && keyOf(nameOf(frame)) === wanted) return { frame, picture };
    }
    return null;
  }

  /** Number of a mark's image in its series, or null where the series was not opened yet. */
  imageNumber(mark: Mark): number | null {
    return this.order.get(keyOf(mark)) ?? null;
  }

  /** Reads the marks of a study, and what is to be known of the images on which they are. */
  async load(study: Study): Promise<void> {
    const store = this.storeOf(study);
    await store.load();
    const marked = new Set(store.all.map(({ seriesUid }) => seriesUid));
    for (const series of study.config.series) {
      if (!marked.has(series.uid)) continue;
      // Without it the numbers are those that were kept.
      const frames = await study.frames(series).catch(() => []);
      this.learn(frames);
    }
    this.changed();
  }

  get open(): readonly StudyMarks[] {
    return [...this.stores.values()];
  }

  /** Numbers of a mark, measured on its image where that is known, else those that were kept. */
  numbers(mark: Mark): Numbers {
    const image = this.imageOf(mark);
    if (!image) return keptNumbers(mark.values);
    const { frame, picture } = image;
    const known = this.known.get(mark);
    if (known && (known.picture === picture || !picture)) return known.numbers;
    const found = numbersOf(mark, frame.dataSet, picture);
    const numbers = found.noStatistics === "no-pixels" ? withKept(found, mark) : found;
    this.known.set(mark, { picture, numbers });
    return numbers;
  }

  /** The large value as it was when the mark was saved. */
  keptWords(mark: Mark): string {
    return mainWords(keptNumbers(mark.values));
  }

  /** Takes note of frames, so that marks on them can be measured. */
  learn(frames: readonly Frame[]): void {
    const [first] = frames;
    // Planes are made by the hundred with each turn: none is worth keeping.
    if (!first || isMade(first) || this.learned.has(frames)) return;
    this.learned.add(frames);
    frames.forEach((frame, index) => {
      const key = keyOf(nameOf(frame));
      this.frames.set(key, frame);
      this.order.set(key, index + 1);
    });
  }
}

/** A thousandth of a pixel is finer than any hand, and coarser than what arithmetic loses. */
function rounded([column, row]: Point): Point {
  return [Math.round(column * 1000) / 1000, Math.round(row * 1000) / 1000];
}

/** Until the image is here, its pixels' values are those that were kept. */
function withKept(found: Numbers, mark: Mark): Numbers {
  const kept = keptNumbers(mark.values);
  const isProbe = found.measured.kind === "value" && kept.measured.kind === "value";
  return { ...found, statistics: kept.statistics, measured: isProbe ? kept.measured : found.measured };
}
