/** What is to be printed and how: the images, what the reader chose, and what the page says of them. */
import type { Frame } from "../dicom/frames.ts";
import { ownWindow, type Preset, type Window } from "../dicom/windows.ts";
import type { Pane } from "../panes/pane.ts";
import type { SeriesSummary, ViewerConfig } from "../studies/config.ts";
import type { Study } from "../studies/study.ts";
import type { MarkSource } from "./burned.ts";
import type { Greys } from "./image.ts";
import type { Sheet } from "./plan.ts";

export type What = "this" | "key" | "range" | "click";

/** "screen": as it is shown; "own": each image's own; else the key of a preset. */
export type WindowChoice = string;

export interface Choice {
  readonly what: What;
  readonly from: number;
  readonly to: number;
  readonly every: number;
  readonly sheet: Sheet;
  readonly across: number;
  readonly down: number;
  readonly trueSize: boolean;
  readonly window: WindowChoice;
  readonly header: boolean;
  readonly marks: boolean;
  readonly numbers: boolean;
  readonly white: boolean;
  readonly withoutIdentity: boolean;
}

/** One image, and where in its series it stands. */
export interface Item {
  readonly series: SeriesSummary;
  readonly frame: Frame;
  /** Counted from 0 in reading order. */
  readonly index: number;
  readonly count: number;
}

/** The series from which one prints, as it was on the screen when the dialog opened. */
export interface Subject {
  readonly study: Study;
  readonly series: SeriesSummary;
  readonly frames: readonly Frame[];
  readonly index: number;
  readonly modality: string;
  /** null: each image's own. */
  readonly window: Window | null;
  readonly inverted: boolean;
  /** Greys of a presentation state that is applied. */
  readonly greys: Greys | null;
  /** Something lies over the image that is drawn on the screen alone: segments, drawings of a presentation state. */
  readonly hasLayers: boolean;
  readonly rotation: number;
  readonly flipped: boolean;
  readonly isColor: boolean;
  readonly marks: MarkSource;
  readonly config: ViewerConfig;
}

export function subjectOf(pane: Pane, marks: MarkSource, config: ViewerConfig): Subject | null {
  const { study, series, view } = pane;
  if (!study || !series || !view.frame) return null;
  const { rotation, flipped } = view.placement;
  // A series that brings no window has one from its first image: all of it is shown with that.
  const isOwn = view.ownWindow && ownWindow(view.frame.dataSet) !== null;
  return {
    study,
    series,
    frames: view.frames,
    index: view.index,
    modality: pane.modality,
    window: isOwn ? null : view.window,
    inverted: view.inverted,
    greys: view.greys,
    hasLayers: pane.svg.querySelector(":scope > g[data-layer] > *") !== null,
    rotation,
    flipped,
    isColor: pane.isColor,
    marks,
    config,
  };
}

export function itemAt({ series, frames }: Subject, index: number): Item | null {
  const frame = frames[index];
  return frame ? { series, frame, index, count: frames.length } : null;
}

function presetOfChoice(presets: readonly Preset[], choice: WindowChoice): Window | null {
  return presets.find(({ key }) => choice === `preset-${key}`)?.window ?? null;
}

/** The window for an image; null: its own. What is on the screen holds for its own series alone. */
export function chosenWindow(subject: Subject, choice: WindowChoice, item: Item): Window | null {
  if (choice === "own") return null;
  if (choice !== "screen") return presetOfChoice(subject.config.presets, choice);
  return item.series.uid === subject.series.uid || item.series.modality === subject.series.modality
    ? subject.window
    : null;
}
