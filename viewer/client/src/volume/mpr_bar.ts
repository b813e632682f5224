/** The bar of the three planes: slab, thickness, reset, 3D, back. */
import { plainNumber } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import { Bar } from "./bar.ts";
import type { Mpr } from "./mpr.ts";
import type { SlabMode } from "./reslice.ts";
import { THICKEST } from "./slab.ts";

export interface MprActs {
  reset(): void;
  close(): void;
}

function isMode(value: string): value is SlabMode {
  return value === "maximum" || value === "minimum" || value === "average";
}

export function mprBar(mpr: Mpr, { reset, close }: MprActs): Bar {
  const bar = new Bar(_("Planes"));
  bar.choice({
    id: "slab-mode",
    label: _("Slab"),
    options: [
      ["", _("None")],
      ["maximum", _("MIP")],
      ["minimum", _("MinIP")],
      ["average", _("Average")],
    ],
    value: () => mpr.slab.mode ?? "",
    choose: (value) => {
      mpr.slab = { ...mpr.slab, mode: isMode(value) ? value : null };
    },
  });
  bar.slider({
    id: "slab-thickness",
    label: _("Thickness"),
    min: 1,
    max: THICKEST,
    step: 1,
    value: () => mpr.slab.thickness,
    words: (value) => `${plainNumber(value)} mm`,
    set: (thickness) => {
      mpr.slab = { ...mpr.slab, thickness };
    },
    isOffered: () => mpr.slab.mode !== null,
  });
  bar.button({ id: "mpr-reset", words: _("Reset"), run: reset });
  bar.button({ id: "mpr-close", words: _("Back to the images"), run: close });
  bar.draw();
  return bar;
}
