/** How a volume may look in 3D: the highest values, or colours and opacities by value. */
import type { Window } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import type { Transfer } from "./cast.ts";

/** At this value: this colour (0 to 255) and this opacity a mm. */
type Stop = readonly [value: number, red: number, green: number, blue: number, opacity: number];

export interface Look {
  readonly id: string;
  /** In the reader's language. */
  readonly title: () => string;
  /** HU for CT; for others shares of the series' own window, 0 its black and 1 its white. null: the highest value. */
  readonly stops: readonly Stop[] | null;
  readonly isRelative: boolean;
}

const LOOKS: readonly Look[] = [
  { id: "mip", title: () => _("MIP"), stops: null, isRelative: false },
  {
    id: "bone",
    title: () => _("Bone"),
    isRelative: false,
    stops: [
      [120, 140, 60, 40, 0],
      [200, 205, 150, 110, 0.08],
      [350, 235, 215, 180, 0.45],
      [1200, 255, 250, 240, 0.9],
    ],
  },
  {
    id: "soft",
    title: () => _("Soft tissue"),
    isRelative: false,
    stops: [
      [-250, 200, 150, 120, 0],
      [-120, 225, 180, 140, 0.06],
      [-20, 205, 120, 95, 0.14],
      [90, 190, 80, 70, 0.3],
      [250, 235, 215, 190, 0.6],
      [900, 255, 250, 240, 0.9],
    ],
  },
  {
    id: "lung",
    title: () => _("Lung"),
    isRelative: false,
    stops: [
      [-980, 60, 90, 130, 0],
      [-900, 110, 150, 200, 0.004],
      [-700, 190, 200, 220, 0.02],
      [-500, 240, 200, 190, 0.06],
      [-350, 240, 190, 170, 0.02],
      [-250, 230, 180, 160, 0],
    ],
  },
  {
    id: "vessels",
    title: () => _("Vessels"),
    isRelative: false,
    stops: [
      [110, 120, 10, 10, 0],
      [170, 200, 40, 30, 0.12],
      [300, 235, 90, 60, 0.4],
      [450, 245, 200, 160, 0.6],
      [1000, 255, 250, 240, 0.9],
    ],
  },
  {
    id: "mr",
    title: () => _("MR"),
    isRelative: true,
    stops: [
      [0.12, 60, 50, 50, 0],
      [0.3, 150, 120, 110, 0.03],
      [0.55, 215, 190, 170, 0.12],
      [0.85, 255, 245, 225, 0.35],
      [1.1, 255, 255, 255, 0.5],
    ],
  },
];

/** The looks that fit a modality: those in HU are for CT only. */
export function looksFor(modality: string): readonly Look[] {
  return LOOKS.filter(({ stops, isRelative }) => stops === null || isRelative !== (modality === "CT"));
}

const ENTRIES = 1024;

function between(stops: readonly Stop[], value: number): Stop {
  const first = stops[0] as Stop;
  const after = stops.findIndex(([at]) => at > value);
  if (after === 0) return [value, first[1], first[2], first[3], 0];
  const last = stops.at(-1) as Stop;
  if (after === -1) return [value, last[1], last[2], last[3], last[4]];
  const [a, b] = [stops[after - 1] as Stop, stops[after] as Stop];
  const share = (value - a[0]) / (b[0] - a[0]);
  const mixed = (index: 1 | 2 | 3 | 4) => a[index] + (b[index] - a[index]) * share;
  return [value, mixed(1), mixed(2), mixed(3), mixed(4)];
}

/** A change of a look by dragging: its values moved by so much, and spread by a factor. */
export interface Shift {
  readonly by: number;
  readonly factor: number;
}

export const NO_SHIFT: Shift = { by: 0, factor: 1 };

/** The stops in values of the volume: shares of a window become values, and a drag moves and spreads them. */
function inValues({ stops, isRelative }: Look, own: Window, { by, factor }: Shift): Stop[] {
  const values = (stops ?? []).map((stop) => {
    const value = isRelative ? own.center + (stop[0] - 0.5) * own.width : stop[0];
    return [value, stop[1], stop[2], stop[3], stop[4]] as Stop;
  });
  const center = ((values[0]?.[0] ?? 0) + (values.at(-1)?.[0] ?? 0)) / 2;
  return values.map(([value, ...rest]) => [center + (value - center) * factor + by, ...rest] as Stop);
}

/** The table of a look; null for the highest value. */
export function transferOf(look: Look, own: Window, shift: Shift = NO_SHIFT): Transfer | null {
  if (!look.stops) return null;
  const stops = inValues(look, own, shift);
  const first = stops[0]?.[0] ?? 0;
  const last = stops.at(-1)?.[0] ?? 1;
  const [lower, upper] = [first - (last - first) * 0.02, last];
  const rgba = new Float32Array(ENTRIES * 4);
  for (let entry = 0; entry < ENTRIES; entry += 1) {
    const value = lower + ((upper - lower) * entry) / (ENTRIES - 1);
    const [, red, green, blue, opacity] = between(stops, value);
    rgba.set([red / 255, green / 255, blue / 255, opacity], entry * 4);
  }
  return { lower, upper, rgba };
}
