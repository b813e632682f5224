/** Data sets and clocks that several tests use. */
import type { DataSet } from "../src/dicom/dataset.ts";
import { Tag } from "../src/dicom/tags.ts";
import type { Clock } from "../src/http/gate.ts";

export const SERIES = {
  dicomwebUrl: "https://pacs.example/dicomweb",
  studyInstanceUid: "1.2.3",
  seriesInstanceUid: "1.2.3.4",
};

type Values = Readonly<Record<string, readonly unknown[]>>;

export function dataSet(values: Values): DataSet {
  return Object.fromEntries(Object.entries(values).map(([tag, Value]) => [tag, { vr: "UN", Value }]));
}

const AXIAL = [1, 0, 0, 0, 1, 0];

/** One image of 4 × 4 pixels at a position. */
export function image(
  uid: string,
  instanceNumber: number,
  position?: number[],
  orientation = AXIAL,
): DataSet {
  return dataSet({
    [Tag.SOPInstanceUID]: [uid],
    [Tag.Modality]: ["CT"],
    [Tag.InstanceNumber]: [instanceNumber],
    [Tag.Rows]: [4],
    [Tag.Columns]: [4],
    ...(position ? { [Tag.ImagePositionPatient]: position, [Tag.ImageOrientationPatient]: orientation } : {}),
  });
}

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  private time = 1_000_000;
  private timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + milliseconds, callback };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  /** Runs what falls due, and what that causes. */
  async pass(milliseconds: number): Promise<void> {
    await settled();
    const until = this.time + milliseconds;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.callback();
      await settled();
    }
    this.time = until;
    await settled();
  }
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
