/** Where the leads of an ECG lie on paper: rows, columns and points in millimetres (25 mm/s, 10 mm/mV). */
import type { Channel, Waveform } from "./waveform.ts";
import { millivoltsPer } from "./waveform.ts";

export const PAPER = { speed: 25, gain: 10 } as const;

/** Millimetres of one row, and what is left around the leads. */
export const ROW = 30;
export const MARGIN = 10;

export interface Lead {
  readonly label: string;
  /** Left end and middle line (mm). */
  readonly x: number;
  readonly y: number;
  /** "M x y L x y ...", in millimetres of the paper. */
  readonly path: string;
}

export interface Paper {
  readonly width: number;
  readonly height: number;
  readonly leads: readonly Lead[];
  /** "25 mm/s", "10 mm/mV", and what was scaled otherwise. */
  readonly gainWords: string;
}

/** Millimetres for one of the channel's unit: by the gain for voltages, else so that it fills its row. */
function heightPer(channel: Channel): number {
  const millivolts = millivoltsPer(channel.unit);
  if (millivolts !== null) return millivolts * PAPER.gain;
  let largest = 0;
  for (const value of channel.values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest > 0 ? (ROW * 0.4) / largest : 1;
}

/** Two decimals are a hundredth of a millimetre. */
function written(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** At most this many points a millimetre: more cannot be seen, and fewer would lose peaks. */
const POINTS_PER_MM = 10;

function pathOf(channel: Channel, frequency: number, x: number, y: number): string {
  const perSample = PAPER.speed / frequency;
  const per = heightPer(channel);
  const step = Math.max(1, Math.floor(1 / (perSample * POINTS_PER_MM)));
  const points: string[] = [];
  let pen = "M";
  for (let index = 0; index < channel.values.length; index += step) {
    const value = channel.values[index] as number;
    if (!Number.isFinite(value)) {
      pen = "M";
      continue;
    }
    points.push(`${pen}${written(x + index * perSample)} ${written(y - value * per)}`);
    pen = "L";
  }
  return points.join("");
}

/** One row a channel, each as long as the recording: nothing of a rhythm is cut. */
export function paperOf(waveform: Waveform): Paper {
  const { channels, frequency } = waveform;
  const samples = Math.max(0, ...channels.map(({ values }) => values.length));
  const leads = channels.map((channel, index) => {
    const y = MARGIN + ROW * (index + 0.5);
    return { label: channel.label, x: MARGIN, y, path: pathOf(channel, frequency, MARGIN, y) };
  });
  const voltages = channels.every(({ unit }) => millivoltsPer(unit) !== null);
  return {
    width: 2 * MARGIN + (samples / frequency) * PAPER.speed,
    height: 2 * MARGIN + ROW * channels.length,
    leads,
    gainWords: voltages ? "10 mm/mV" : "",
  };
}
