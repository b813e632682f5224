/** Decides before anything is loaded whether a volume fits into memory, and if not, what would. */
import { type DataSet, number } from "../dicom/dataset.ts";
import type { Frame } from "../dicom/frames.ts";
import { Tag } from "../dicom/tags.ts";
import { plainNumber } from "../dicom/windows.ts";
import type { Rescale } from "../engine/picture.ts";
import { _ } from "../words/say.ts";

const GIGABYTE = 1e9;

/** What a tab may hold of one volume: more is what browsers end tabs for. */
const MOST = 1.2 * GIGABYTE;

/** Of a machine's memory, the part that one volume may take. */
const SHARE = 0.25;

/** Reduced volumes that are offered: every n-th pixel of rows and columns. */
const REDUCTIONS = [2, 3, 4] as const;

export interface Machine {
  /** GB as the browser tells it (at most 8), undefined where it does not. */
  readonly deviceMemory?: number | undefined;
  /** True on phones and tablets, whose tabs end sooner. */
  readonly isHandheld: boolean;
}

export interface Budget {
  /** Bytes that the whole volume takes once it is loaded. */
  readonly needed: number;
  readonly allowed: number;
  /** 1: fits as it is; n: every n-th pixel fits; null: nothing fits. */
  readonly reduction: number | null;
}

/** Bytes of one pixel as it is stored. */
export function bytesPerPixel({ dataSet }: Frame): number {
  const bits = number(dataSet, Tag.BitsAllocated) ?? 16;
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits / 8;
}

/** Values of images that are rescaled differently are made comparable, as numbers of 4 bytes beside the stored ones. */
function bytesForComparing(frames: readonly Frame[]): number {
  const key = ({ dataSet }: Frame) => `${rescaleOf(dataSet).slope} ${rescaleOf(dataSet).intercept}`;
  const [first] = frames;
  return first && frames.some((frame) => key(frame) !== key(first)) ? 4 : 0;
}

/** Rescale slope and intercept, of every image as it says. */
export function rescaleOf(dataSet: DataSet): Rescale {
  const slope = number(dataSet, Tag.RescaleSlope) ?? 1;
  return { slope, intercept: number(dataSet, Tag.RescaleIntercept) ?? 0 };
}

function pixelsOf(frame: Frame, nth: number): number {
  const sampled = (count: number) => Math.ceil(count / nth);
  return sampled(number(frame.dataSet, Tag.Rows) ?? 0) * sampled(number(frame.dataSet, Tag.Columns) ?? 0);
}

/** What the volume takes: one copy of the voxels, which the stack shows as well. */
export function bytesOf(frames: readonly Frame[], nth = 1): number {
  const more = bytesForComparing(frames);
  return frames.reduce((sum, frame) => sum + pixelsOf(frame, nth) * (bytesPerPixel(frame) + more), 0);
}

export function allowedOn({ deviceMemory, isHandheld }: Machine): number {
  const most = isHandheld ? MOST / 3 : MOST;
  return deviceMemory === undefined ? most : Math.min(most, deviceMemory * GIGABYTE * SHARE);
}

export function budgetOf(frames: readonly Frame[], machine: Machine): Budget {
  const allowed = allowedOn(machine);
  const needed = bytesOf(frames);
  if (needed <= allowed) return { needed, allowed, reduction: 1 };
  const reduction = REDUCTIONS.find((nth) => bytesOf(frames, nth) <= allowed) ?? null;
  return { needed, allowed, reduction };
}

/** "1.6 GB", "291 MB". */
export function bytesInWords(bytes: number): string {
  if (bytes >= GIGABYTE) return _("{n} GB", { n: plainNumber(bytes / GIGABYTE, 1) });
  return _("{n} MB", { n: plainNumber(bytes / 1e6) });
}

/** Why a volume is not loaded as it is, with the numbers. */
export function tooBig(frames: readonly Frame[], { needed, allowed, reduction }: Budget): string {
  const [first] = frames;
  const values = {
    n: frames.length,
    columns: (first && number(first.dataSet, Tag.Columns)) ?? 0,
    rows: (first && number(first.dataSet, Tag.Rows)) ?? 0,
    needed: bytesInWords(needed),
    allowed: bytesInWords(allowed),
    reduced: reduction === null ? "" : bytesInWords(bytesOf(frames, reduction)),
    nth: reduction ?? 0,
  };
  if (reduction === null) {
    return _(
      "{n} images of {columns} × {rows} pixels need {needed} of memory; this browser can give about {allowed}. The images can be read one by one.",
      values,
    );
  }
  return _(
    "{n} images of {columns} × {rows} pixels need {needed} of memory; this browser can give about {allowed}. With 1 of {nth} pixels they need {reduced}.",
    values,
  );
}

/** The machine as the browser describes it. */
export function thisMachine(): Machine {
  const { deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  return { deviceMemory, isHandheld: matchMedia("(pointer: coarse) and (hover: none)").matches };
}

/** Badge of a reduced volume. */
export function reducedInWords(nth: number): string {
  return _("Reduced: 1 of {n} pixels", { n: nth });
}
