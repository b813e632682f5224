/** What stands on panes of planes and of 3D beside the usual: name, place, value, how much is loaded. */
import { plainNumber } from "../dicom/windows.ts";
import { write } from "../page/elements.ts";
import type { Pane } from "../panes/pane.ts";
import { _ } from "../words/say.ts";
import { reducedInWords } from "./budget.ts";
import type { Mpr } from "./mpr.ts";
import type { OpenVolume } from "./open_volume.ts";
import { nameOf, type PlaneName, positionOf } from "./planes.ts";
import type { SlabMode } from "./reslice.ts";

export interface Quality {
  readonly words: string;
  readonly isFull: boolean;
}

/** The badge of a picture made from a volume. */
export function qualityOf(volume: OpenVolume, isFull: boolean): Quality {
  const { loaded, total, isDone, failed } = volume.progress;
  if (!isDone) {
    const percent = Math.floor((loaded / total) * 100);
    return { words: _("Preview, {percent} % loaded", { percent }), isFull: false };
  }
  if (failed.length > 0) {
    return { words: _("{n} of {total} images are missing", { n: failed.length, total }), isFull: false };
  }
  if (!isFull) return { words: _("Preview"), isFull: false };
  if (volume.reduction > 1) return { words: reducedInWords(volume.reduction), isFull: false };
  return { words: _("Full quality"), isFull: true };
}

export function drawQuality({ parts }: Pane, { words, isFull }: Quality): void {
  const badge = parts.get("quality");
  badge.dataset.full = String(isFull);
  write(parts.get("quality-words"), words);
  badge.hidden = false;
}

export function drawLines(pane: Pane, part: "corner-series" | "corner-view", words: readonly string[]): void {
  const element = pane.parts.get(part);
  const children = words
    .filter((line) => line !== "")
    .map((line) => {
      const child = document.createElement("div");
      child.textContent = line;
      return child;
    });
  element.replaceChildren(...children);
}

export function slabInWords(mode: SlabMode, thickness: number): string {
  const mm = plainNumber(thickness, thickness < 10 ? 1 : 0);
  if (mode === "maximum") return _("MIP {mm} mm", { mm });
  if (mode === "minimum") return _("MinIP {mm} mm", { mm });
  return _("Average {mm} mm", { mm });
}

/** "45 HU" of a CT, the plain number of others. */
export function valueInWords(value: number, modality: string): string {
  const plain = plainNumber(value, Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1);
  return modality === "CT" ? `${plain} HU` : plain;
}

export function drawPlane(mpr: Mpr, name: PlaneName, pane: Pane): void {
  const { slab, state, volume } = mpr;
  const plane = mpr.plane(name);
  const thickness = plainNumber(plane.grid.step, 1);
  const how = slab.mode ? slabInWords(slab.mode, slab.thickness) : `${thickness} mm`;
  const { index, count } = pane.view;
  drawLines(pane, "corner-series", [
    nameOf(state, name),
    _("Image {n} of {count}", { n: index + 1, count }),
    `${positionOf(state, name)}, ${how}`,
  ]);
  const value = volume.valueAt(state.center);
  const words = value === null ? "" : _("Crosshair {value}", { value: valueInWords(value, pane.modality) });
  const view = [...pane.parts.get("corner-view").children].map((line) => line.textContent ?? "").slice(0, 2);
  drawLines(pane, "corner-view", [...view, words]);
  drawQuality(pane, qualityOf(volume, plane.isFull));
}
