/** What stands on panes of planes and of 3D beside the usual: name, place, value, how much is loaded. */
import { plainNumber } from "../dicom/windows.ts";
import type { Quality } from "../engine/made.ts";
import { _, _n } from "../words/say.ts";
import { reducedInWords } from "./budget.ts";
import type { Mpr } from "./mpr.ts";
import type { OpenVolume } from "./open_volume.ts";
import { nameOf, type PlaneName, positionOf } from "./planes.ts";
import type { SlabMode } from "./reslice.ts";

/** The badge of a picture made from a volume. */
export function qualityOf(volume: OpenVolume, isFull: boolean): Quality {
  const { loaded, total, isDone, failed } = volume.progress;
  if (!isDone) {
    const percent = Math.floor((loaded / total) * 100);
    return { words: _("Preview, {percent} % loaded", { percent }), full: false };
  }
  if (failed.length > 0) {
    const missing = _n(
      "{n} of {total} images is missing",
      "{n} of {total} images are missing",
      failed.length,
      { total },
    );
    return { words: missing, full: false };
  }
  if (!isFull) return { words: _("Preview"), full: false };
  if (volume.reduction > 1) return { words: reducedInWords(volume.reduction), full: false };
  return { words: _("Full quality"), full: true };
}

export function slabInWords(mode: SlabMode, thickness: number): string {
  const mm = plainNumber(thickness, thickness < 10 ? 1 : 0);
  if (mode === "maximum") return _("MIP {mm} mm", { mm });
  if (mode === "minimum") return _("MinIP {mm} mm", { mm });
  return _("Average {mm} mm", { mm });
}

/** "45 HU" of a CT, the plain number of others. */
export function valueInWords(value: number, modality: string): string {
  const isWhole = Math.abs(value - Math.round(value)) < 0.05 || Math.abs(value) >= 100;
  const plain = plainNumber(value, isWhole ? 0 : 1);
  return modality === "CT" ? `${plain} HU` : plain;
}

/** What stands in the corners of a plane. */
export function planeWords(mpr: Mpr, name: PlaneName): Readonly<Record<string, string>> {
  const { slab, state, volume } = mpr;
  const thickness = plainNumber(mpr.plane(name).grid.step, 1);
  const how = slab.mode ? slabInWords(slab.mode, slab.thickness) : `${thickness} mm`;
  const value = volume.valueAt(state.center);
  const said = value === null ? "" : valueInWords(value, volume.of.series.modality);
  return {
    series: nameOf(state, name),
    place: `${positionOf(state, name)}, ${how}`,
    technique: said === "" ? "" : _("Crosshair {value}", { value: said }),
  };
}
