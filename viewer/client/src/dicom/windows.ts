/** Window presets and the arithmetic of centre and width (PS3.3 C.11.2.1.2). */

import { withMark } from "../words/say.ts";
import { type DataSet, items, numbers, text } from "./dataset.ts";
import { Tag } from "./tags.ts";

export interface Window {
  readonly center: number;
  readonly width: number;
}

export interface WindowRange {
  readonly lower: number;
  readonly upper: number;
}

export interface Preset {
  /** The digit that chooses it. */
  readonly key: string;
  readonly name: string;
  /** null: the data set's own window. */
  readonly window: Window | null;
}

/** Centre and width in HU, as other viewers ship them; an institution may send its own. */
export const DEFAULT_PRESETS: readonly Preset[] = [
  { key: "1", name: "Skull", window: { center: 25, width: 95 } },
  { key: "2", name: "Lung", window: { center: -400, width: 1600 } },
  { key: "3", name: "Abdomen", window: { center: 10, width: 400 } },
  { key: "4", name: "Mediastinum", window: { center: 10, width: 450 } },
  { key: "5", name: "Bone", window: { center: 300, width: 2500 } },
  { key: "6", name: "Spine", window: { center: 20, width: 300 } },
  { key: "7", name: "Postmyelo", window: { center: 200, width: 1000 } },
  { key: "8", name: "Felsenbein", window: { center: 500, width: 4000 } },
  { key: "9", name: "Cerebral", window: { center: 40, width: 80 } },
  { key: "0", name: "Standard", window: null },
];

export type VoiFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/** Values at which black ends and white begins (PS3.3 C.11.2.1.2.1 and C.11.2.1.3.2). */
export function rangeOf({ center, width }: Window, by: VoiFunction = "LINEAR"): WindowRange {
  // Windows of less than one step of whole numbers are of other numbers: maps of diffusion, of shares.
  if (by === "LINEAR_EXACT" || width < 1) return { lower: center - width / 2, upper: center + width / 2 };
  const half = (width - 1) / 2;
  return { lower: center - 0.5 - half, upper: center - 0.5 + half };
}

export function windowOf({ lower, upper }: WindowRange): Window {
  return { center: (lower + upper + 1) / 2, width: upper - lower + 1 };
}

/** Same window to the eye: both ends within a thousandth of the width. */
export function sameWindow(a: Window, b: Window): boolean {
  const tolerance = Math.max(Math.abs(a.width), Math.abs(b.width)) / 1000;
  return Math.abs(a.center - b.center) <= tolerance && Math.abs(a.width - b.width) <= tolerance;
}

/** The preset whose window this is. */
export function presetOf(window: Window, presets: readonly Preset[]): Preset | null {
  return presets.find((preset) => preset.window !== null && sameWindow(preset.window, window)) ?? null;
}

/** The values that the first VOI LUT maps, as a window. */
function lutWindow(ds: DataSet): Window | null {
  const [lut] = items(ds, Tag.VOILUTSequence);
  const [entries, first, bits] = lut ? numbers(lut, Tag.LUTDescriptor) : [];
  if (entries === undefined || first === undefined || bits === undefined) return null;
  if (!Number.isFinite(entries) || !Number.isFinite(first)) return null;
  return windowOf({ lower: first, upper: first + (entries || 65_536) - 1 });
}

/** The first window of the data set that is one, or null. */
export function statedWindow(ds: DataSet): Window | null {
  const centers = numbers(ds, Tag.WindowCenter);
  const widths = numbers(ds, Tag.WindowWidth);
  const center = centers[0] ?? Number.NaN;
  const width = widths[0] ?? Number.NaN;
  return Number.isFinite(center) && width > 0 && Number.isFinite(width) ? { center, width } : null;
}

/** The first window of the data set, else what its VOI LUT maps, else null. */
export function ownWindow(ds: DataSet): Window | null {
  return statedWindow(ds) ?? lutWindow(ds);
}

/** VOI LUT Function (0028,1056); LINEAR where absent or unknown. */
export function voiFunction(ds: DataSet): VoiFunction {
  const value = text(ds, Tag.VOILUTFunction);
  return value === "LINEAR_EXACT" || value === "SIGMOID" ? value : "LINEAR";
}

/**
 * A window for pixels that bring none: from the 1st to the 99th percentile of what is not padding.
 * At most 65 536 values are looked at.
 */
export function windowFromPixels(
  pixels: ArrayLike<number>,
  padding: readonly [from: number, to: number] | null,
): Window {
  const [from, to] = padding ?? [Number.NaN, Number.NaN];
  const step = Math.max(1, Math.floor(pixels.length / 65_536));
  const seen: number[] = [];
  for (let index = 0; index < pixels.length; index += step) {
    const value = pixels[index];
    if (value === undefined || !Number.isFinite(value) || (value >= from && value <= to)) continue;
    seen.push(value);
  }
  if (seen.length === 0) return { center: 128, width: 256 };
  seen.sort((a, b) => a - b);
  const at = (share: number) => seen[Math.min(seen.length - 1, Math.floor(share * seen.length))] ?? 0;
  const extent = at(0.99) - at(0.01);
  if (extent > 0 && extent < 1) return { center: (at(0.99) + at(0.01)) / 2, width: extent };
  return windowOf({ lower: at(0.01), upper: Math.max(at(0.99), at(0.01) + 1) });
}

/**
 * The window after a drag by so many pixels: to the right wider, down a higher centre (darker). Finer in narrow
 * windows, so that a brain is as easy to set as a lung; never narrower than a step between two values.
 */
export function dragged({ center, width }: Window, x: number, y: number, step = 1): Window {
  const perPixel = Math.max(width / 300, step / 4);
  return { center: center + y * perPixel, width: Math.max(step, width + x * perPixel) };
}

const MINUS = "\u2212";

/** A number as the page writes it: rounded, with a true minus. */
export function plainNumber(value: number, digits = 0): string {
  const rounded = Number(value.toFixed(digits));
  return `${rounded < 0 ? MINUS : ""}${withMark(Math.abs(rounded).toFixed(digits))}`;
}

/** Digits after the point that tell two windows of such a width apart. */
function digitsFor(width: number): number {
  if (!(width > 0) || width >= 20) return 0;
  return width >= 2 ? 1 : Math.min(12, 1 - Math.floor(Math.log10(width)));
}

/** "C −400 W 1600". */
export function windowLabel({ center, width }: Window): string {
  const digits = digitsFor(width);
  return `C ${plainNumber(center, digits)} W ${plainNumber(width, digits)}`;
}
