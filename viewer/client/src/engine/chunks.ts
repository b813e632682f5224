/** Which frames to ask for next, and how many at once. */

/** A bundle is to take about this long (ms): short enough to give way, long enough to be worth its round trip. */
const AIM = 400;

const LARGEST = 16;
const FIRST = 4;

/** Learns from each bundle how many frames fit into one. */
export class Pace {
  private frames = FIRST;

  /** Frames to ask for at once. */
  get size(): number {
    return this.frames;
  }

  /** Bundles to have on their way at once: over a slow line, more would only share it. */
  get atOnce(): number {
    if (this.frames >= 8) return 4;
    return this.frames >= 3 ? 3 : this.frames;
  }

  /** So many frames came in so many milliseconds. */
  note(frames: number, milliseconds: number): void {
    if (frames === 0) return;
    const fitting = Math.round(AIM / Math.max(1, milliseconds / frames));
    this.frames = Math.max(1, Math.min(LARGEST, this.frames * 2, fitting));
  }
}

/** The nearest frames that are wanted, nearest first; of two as near, the one ahead. */
export function nearest(
  center: number,
  total: number,
  count: number,
  isWanted: (index: number) => boolean,
): number[] {
  const found: number[] = [];
  for (let distance = 0; distance < total && found.length < count; distance += 1) {
    for (const index of distance === 0 ? [center] : [center + distance, center - distance]) {
      if (index < 0 || index >= total || found.length === count) continue;
      if (isWanted(index)) found.push(index);
    }
  }
  return found;
}
